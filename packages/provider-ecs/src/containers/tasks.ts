import type { Context, Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import { isOfApp, readTags, tagKey } from "../tags.js";
import { type DescribedTask, listTasks } from "./describe.js";
import { idInArn, readFamily, readTaskDefinitionArn } from "./families.js";
import { numberTasks } from "./instance-names.js";

/** A task of a process, with the name by which a person knows it. */
export interface ProcessTask {
  readonly process: string;
  /** `web.1` */
  readonly instance: string;
  readonly id: string;
  readonly task: DescribedTask;
}

/** The tasks of processes of a scope, by family: those that run or stop, and those that stopped within the hour. */
export async function processTasks(
  parts: Parts,
  context: Context,
  scope: Scope,
  families: readonly string[],
): Promise<readonly ProcessTask[]> {
  const cluster = parts.foundation(scope).clusterName;
  const lists = await Promise.all(
    families.map((family) => listTasks(parts, context, cluster, { family, stopped: true })),
  );
  const tasks = lists.flat().filter(({ group }) => group?.startsWith("service:") !== false);
  const numbers = numberTasks(
    tasks.map((task) => {
      const until = (task.stoppingAt ?? task.stoppedAt)?.getTime();
      return {
        id: task.taskArn ?? "",
        generation: `${familyOfTask(task)} ${task.startedBy ?? ""}`,
        from: task.createdAt?.getTime() ?? 0,
        ...(until === undefined ? {} : { until }),
      };
    }),
  );
  return tasks.flatMap((task) => {
    const named = readFamily(scope, familyOfTask(task));
    if (named?.kind !== "process" || task.taskArn === undefined) return [];
    const tags = readTags(task.tags);
    // Tags come from the service, or from the definition where somebody has started it by hand.
    if (tags[tagKey.app] !== undefined && !isOfApp(tags, scope)) return [];
    return [
      {
        process: named.name,
        instance: `${named.name}.${numbers.get(task.taskArn) ?? 1}`,
        id: idInArn(task.taskArn),
        task,
      },
    ];
  });
}

function familyOfTask(task: DescribedTask): string {
  return readTaskDefinitionArn(task.taskDefinitionArn ?? "")?.family ?? "";
}

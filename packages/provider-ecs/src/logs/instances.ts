import type { Context, Scope } from "@deploy/core";
import { familyOf, logGroupOf } from "../containers/families.js";
import { type NamedTask, numberTasks } from "../containers/instance-names.js";
import { processTasks } from "../containers/tasks.js";
import type { Parts } from "../parts.js";
import { readStream, type StreamName } from "./streams.js";

/** Not more often than this are tasks and streams listed again for a stream that nobody knows, milliseconds. */
const restMs = 5_000;

/** Says which instance a stream is of: `web.1`. */
export interface InstanceNames {
  of(context: Context, stream: StreamName): Promise<string>;
}

/**
 * Numbers of tasks by their streams: as `status` numbers them while ECS knows the tasks (an hour after they stopped),
 * before that by the times of the streams, each release for itself.
 */
export function createInstanceNames(parts: Parts, scope: Scope): InstanceNames {
  const known = new Map<string, string>();
  const asked = new Map<string, number>();

  const learn = async (context: Context, stream: StreamName): Promise<void> => {
    const key = `${stream.source}/${stream.release ?? ""}`;
    const now = context.clock.now();
    if (now - (asked.get(key) ?? Number.NEGATIVE_INFINITY) < restMs) return;
    asked.set(key, now);
    const [tasks, streams] = await Promise.all([
      processTasks(parts, context, scope, [familyOf(scope, "process", stream.source)]).catch(() => []),
      listStreams(parts, context, scope, `${stream.prefix}/`).catch(() => []),
    ]);
    const numbers = numberTasks(streams);
    for (const [id, number] of numbers) if (!known.has(id)) known.set(id, `${stream.process}.${number}`);
    for (const { id, instance } of tasks) known.set(id, instance);
  };

  return {
    async of(context, stream) {
      if (stream.task === undefined || !stream.isProcess) return `${stream.process}.1`;
      if (!known.has(stream.task)) await learn(context, stream);
      return known.get(stream.task) ?? `${stream.process}.1`;
    },
  };
}

async function listStreams(
  parts: Parts,
  context: Context,
  scope: Scope,
  logStreamNamePrefix: string,
): Promise<readonly NamedTask[]> {
  const { logStreams = [] } = await parts.clients.send(context, "logs", "DescribeLogStreams", {
    logGroupName: logGroupOf(scope),
    logStreamNamePrefix,
  });
  return logStreams.flatMap(({ logStreamName, creationTime, firstEventTimestamp, lastEventTimestamp }) => {
    const stream = readStream(logStreamName ?? "");
    if (stream.task === undefined) return [];
    return [
      {
        id: stream.task,
        generation: stream.prefix,
        from: firstEventTimestamp ?? creationTime ?? 0,
        ...(lastEventTimestamp === undefined ? {} : { until: lastEventTimestamp }),
      },
    ];
  });
}

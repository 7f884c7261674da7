import type { Context, ServerStatus } from "@deploy/core";
import { unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";

/** A container instance as ECS knows it. */
export interface ContainerInstance {
  readonly arn: string;
  readonly instanceId: string;
  readonly status: string;
  readonly connected: boolean;
  readonly runningTasks: number;
  readonly instanceType: string | undefined;
  /** MiB that are not taken by tasks, and in all. */
  readonly freeMemory: number;
  readonly memory: number;
}

/** All instances that have registered with the cluster; none when there is no cluster. */
export async function listContainerInstances(
  parts: Pick<Parts, "clients">,
  context: Context,
  cluster: string,
): Promise<readonly ContainerInstance[]> {
  const { clients } = parts;
  const arns = await unlessGone(
    clients.all(context, "ecs", "ListContainerInstances", { cluster }, (page) => page.containerInstanceArns),
  );
  if (arns === undefined || arns.length === 0) return [];
  const found: ContainerInstance[] = [];
  // DescribeContainerInstances takes 100 at a time (ECS API reference).
  for (let at = 0; at < arns.length; at += 100) {
    const answer = await clients.send(context, "ecs", "DescribeContainerInstances", {
      cluster,
      containerInstances: arns.slice(at, at + 100),
    });
    for (const one of answer.containerInstances ?? []) {
      const memoryOf = (list: typeof one.remainingResources): number =>
        list?.find((resource) => resource.name === "MEMORY")?.integerValue ?? 0;
      found.push({
        arn: one.containerInstanceArn ?? "",
        instanceId: one.ec2InstanceId ?? "",
        status: one.status ?? "",
        connected: one.agentConnected === true,
        runningTasks: one.runningTasksCount ?? 0,
        instanceType: one.attributes?.find((attribute) => attribute.name === "ecs.instance-type")?.value,
        freeMemory: memoryOf(one.remainingResources),
        memory: memoryOf(one.registeredResources),
      });
    }
  }
  return found;
}

/** The instances of the cluster, as `deploy status` shows them. */
export async function describeInstances(
  parts: Parts,
  context: Context,
  cluster: string,
): Promise<readonly ServerStatus[]> {
  const instances = await listContainerInstances(parts, context, cluster);
  return instances.map((one) => ({
    name: one.instanceId,
    state:
      one.status === "ACTIVE" && one.connected
        ? "running"
        : one.status === "REGISTERING"
          ? "starting"
          : "failed",
    description: `${one.instanceType ?? "instance"}, ${one.memory - one.freeMemory} of ${one.memory} MiB taken by ${one.runningTasks} tasks${one.connected ? "" : ", agent not connected"}`,
  }));
}

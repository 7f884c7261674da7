import type { Context, Scope } from "@deploy/core";
import type { Output } from "../clients/modules.js";
import { isAwsError } from "../errors.js";
import { appName } from "../names.js";
import type { Parts } from "../parts.js";
import { readOnce } from "../resources.js";

/** What DescribeTaskDefinition answers. */
export type DescribedTaskDefinition = Output<"ecs", "DescribeTaskDefinition">;
/** A service as ECS describes it. */
export type DescribedService = NonNullable<Output<"ecs", "DescribeServices">["services"]>[number];
/** A task as ECS describes it. */
export type DescribedTask = NonNullable<Output<"ecs", "DescribeTasks">["tasks"]>[number];

/** ECS takes so many names in one DescribeServices, and so many in one DescribeTasks. */
const servicesPerCall = 10;
const tasksPerCall = 100;

/** The name of a process's service in the group's cluster. */
export function serviceName(scope: Scope, process: string): string {
  return appName(scope, 255, process);
}

/** The newest active revision of a family, or the one of an ARN, with its tags; undefined when there is none. */
export async function describeTaskDefinition(
  parts: Parts,
  context: Context,
  taskDefinition: string,
): Promise<DescribedTaskDefinition | undefined> {
  try {
    return await parts.clients.send(context, "ecs", "DescribeTaskDefinition", {
      taskDefinition,
      include: ["TAGS"],
    });
  } catch (error) {
    // ECS has no code of its own for a family that is not there.
    if (isAwsError(error, "ClientException", "InvalidParameterException")) return undefined;
    throw error;
  }
}

/** As {@link describeTaskDefinition}, asked once per plan. */
export function sharedTaskDefinition(
  parts: Parts,
  context: Context,
  family: string,
): Promise<DescribedTaskDefinition | undefined> {
  return readOnce(parts.settings, context, `task definition ${family}`, () =>
    describeTaskDefinition(parts, context, family),
  );
}

/** Services of a cluster by name; those that are not there, or gone, are left out. */
export async function describeServices(
  parts: Parts,
  context: Context,
  cluster: string,
  names: readonly string[],
): Promise<readonly DescribedService[]> {
  const chunks = chunksOf(names, servicesPerCall);
  const found = await Promise.all(chunks.map((services) => describeChunk(parts, context, cluster, services)));
  return found.flat();
}

/** One service, asked for together with its fellows: ten names cost one call, which a plan makes once. */
export async function sharedService(
  parts: Parts,
  context: Context,
  cluster: string,
  name: string,
  fellows: readonly string[],
): Promise<DescribedService | undefined> {
  const at = Math.max(0, fellows.indexOf(name));
  const first = at - (at % servicesPerCall);
  const chunk = fellows.slice(first, first + servicesPerCall);
  const services = await readOnce(parts.settings, context, `services ${cluster} ${chunk.join()}`, () =>
    describeChunk(parts, context, cluster, chunk),
  );
  return services.find((service) => service.serviceName === name);
}

async function describeChunk(
  parts: Parts,
  context: Context,
  cluster: string,
  services: readonly string[],
): Promise<readonly DescribedService[]> {
  try {
    const answer = await parts.clients.send(context, "ecs", "DescribeServices", {
      cluster,
      services: [...services],
      include: ["TAGS"],
    });
    // What is gone is described for a while: its name is free again.
    return (answer.services ?? []).filter((service) => service.status !== "INACTIVE");
  } catch (error) {
    if (isAwsError(error, "ClusterNotFoundException")) return [];
    throw error;
  }
}

/** Tasks of a cluster by what ListTasks takes, with their tags; running and stopping ones, and stopped ones of the last hour. */
export async function listTasks(
  parts: Parts,
  context: Context,
  cluster: string,
  filter: {
    readonly serviceName?: string;
    readonly family?: string;
    readonly startedBy?: string;
    readonly stopped: boolean;
  },
): Promise<readonly DescribedTask[]> {
  const { stopped, ...rest } = filter;
  const states = stopped ? (["RUNNING", "STOPPED"] as const) : (["RUNNING"] as const);
  try {
    const arns = await Promise.all(
      states.map((desiredStatus) =>
        parts.clients.all(
          context,
          "ecs",
          "ListTasks",
          { cluster, desiredStatus, ...rest },
          (page) => page.taskArns,
        ),
      ),
    );
    return describeTasks(parts, context, cluster, [...new Set(arns.flat())]);
  } catch (error) {
    if (
      isAwsError(error, "ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
    )
      return [];
    throw error;
  }
}

/** Tasks by ARN; those that ECS does not know (yet) are left out. */
export async function describeTasks(
  parts: Parts,
  context: Context,
  cluster: string,
  arns: readonly string[],
): Promise<readonly DescribedTask[]> {
  const found = await Promise.all(
    chunksOf(arns, tasksPerCall).map((tasks) =>
      parts.clients.send(context, "ecs", "DescribeTasks", { cluster, tasks: [...tasks], include: ["TAGS"] }),
    ),
  );
  return found.flatMap((answer) => answer.tasks ?? []);
}

function chunksOf<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

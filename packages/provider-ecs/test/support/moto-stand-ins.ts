import type { Script } from "./scripts.js";

/** What a service was given, how many tasks it has, and its newest deployment. */
interface Remembered {
  readonly given: Record<string, unknown>;
  readonly desiredCount: number;
  readonly deployment: Record<string, unknown>;
}

const kept: readonly string[] = [
  "capacityProviderStrategy",
  "deploymentConfiguration",
  "enableECSManagedTags",
  "enableExecuteCommand",
  "healthCheckGracePeriodSeconds",
  "loadBalancers",
  "networkConfiguration",
  "platformVersion",
  "propagateTags",
  "schedulingStrategy",
  "serviceRegistries",
];

/** Members that start a deployment when an update has them ("UpdateService" of the ECS API reference). */
const deploying: readonly string[] = [
  "forceNewDeployment",
  "loadBalancers",
  "networkConfiguration",
  "platformVersion",
  "serviceConnectConfiguration",
  "serviceRegistries",
  "taskDefinition",
];

/**
 * What moto forgets of a service, told in its place: how it is placed and deployed, and a deployment of its own for each
 * update, COMPLETED at once, with as many tasks as are wanted, which are listed and described as running.
 * docs/testing-ecs.md lists it.
 */
export function motoStandIns(): readonly Script[] {
  const services = new Map<string, Remembered>();
  let count = 0;
  const key = (cluster: unknown, name: unknown): string =>
    `${String(cluster).split("/").at(-1)}/${String(name).split("/").at(-1)}`;

  const remember = (input: Record<string, unknown>, output: Record<string, unknown>): object => {
    const service = output.service as Record<string, unknown>;
    const id = key(input.cluster, input.serviceName ?? input.service);
    const before = services.get(id);
    const given = { ...before?.given };
    for (const name of kept) if (input[name] !== undefined) given[name] = input[name];
    const definition = arnOf(service, input.taskDefinition) ?? before?.deployment.taskDefinition;
    const isNew =
      before === undefined || deploying.some((name) => input[name] !== undefined && input[name] !== false);
    if (isNew) count += 1;
    const now = new Date().toISOString();
    const deployment = isNew
      ? {
          id: `ecs-svc/${String(count).padStart(19, "0")}`,
          status: "PRIMARY",
          taskDefinition: definition,
          rolloutState: "COMPLETED",
          rolloutStateReason: "ECS deployment completed.",
          failedTasks: 0,
          createdAt: now,
          updatedAt: now,
          ...(input.serviceConnectConfiguration === undefined
            ? {}
            : { serviceConnectConfiguration: input.serviceConnectConfiguration }),
        }
      : before.deployment;
    const known = { given, deployment, desiredCount: Number(service.desiredCount ?? 0) };
    services.set(id, known);
    return { ...output, service: complete(service, known) };
  };
  /** Tasks of the services of a cluster, by ARN. */
  const tasksIn = (cluster: unknown): ReadonlyMap<string, Record<string, unknown>> => {
    const name = String(cluster ?? "default")
      .split("/")
      .at(-1);
    return new Map(
      [...services]
        .filter(([id]) => id.startsWith(`${name}/`))
        .flatMap(([id, known]) => tasksOf(id, known))
        .map((task) => [String(task.taskArn), task]),
    );
  };

  return [
    { on: "ecs:CreateService", tell: { rewrite: (output, { input }) => remember(input, output) } },
    { on: "ecs:UpdateService", tell: { rewrite: (output, { input }) => remember(input, output) } },
    {
      on: "ecs:DescribeServices",
      tell: {
        rewrite: (output, { input }) => ({
          ...output,
          services: ((output.services ?? []) as Record<string, unknown>[]).map((service) => {
            const known = services.get(key(input.cluster, service.serviceName));
            return known === undefined || service.status !== "ACTIVE" ? service : complete(service, known);
          }),
        }),
      },
    },
    {
      on: "ecs:DeleteService",
      tell: {
        rewrite(output, { input }) {
          services.delete(key(input.cluster, input.service));
          return output;
        },
      },
    },
    {
      on: "ecs:ListTasks",
      tell: {
        rewrite(output, { input }) {
          if (input.desiredStatus === "STOPPED") return output;
          const arns = [...tasksIn(input.cluster)]
            .filter(([, task]) => isAskedFor(task, input))
            .map(([arn]) => arn);
          return { ...output, taskArns: [...new Set([...((output.taskArns ?? []) as string[]), ...arns])] };
        },
      },
    },
    {
      on: "ecs:DescribeTasks",
      tell: {
        rewrite(output, { input }) {
          const known = tasksIn(input.cluster);
          const asked = (input.tasks ?? []) as readonly string[];
          const failures = ((output.failures ?? []) as Record<string, unknown>[]).filter(
            ({ arn }) => !known.has(String(arn)),
          );
          // Moto says "" of a task that has none, which is no launch type.
          const tasks = ((output.tasks ?? []) as Record<string, unknown>[])
            .filter(({ taskArn }) => !known.has(String(taskArn)))
            .map(({ launchType, ...task }) => (launchType === "" ? task : { ...task, launchType }));
          return { ...output, failures, tasks: [...tasks, ...asked.flatMap((arn) => known.get(arn) ?? [])] };
        },
      },
    },
  ];
}

/** The tasks of a service as they are once its newest deployment is completed; `id` is `cluster/service`. */
function tasksOf(
  id: string,
  { deployment, desiredCount }: Remembered,
): readonly (Record<string, unknown> & { readonly taskArn: string })[] {
  const [cluster = "", service = ""] = id.split("/");
  const definition = String(deployment.taskDefinition);
  const [, region, account] = /^arn:aws:ecs:([^:]+):(\d+):/.exec(definition) ?? [];
  const of = `arn:aws:ecs:${region}:${account}`;
  const number = String(deployment.id).split("/").at(-1) ?? "";
  return Array.from({ length: desiredCount }, (_, index) => ({
    taskArn: `${of}:task/${cluster}/${number.slice(-12)}${String(index).padStart(20, "0")}`,
    clusterArn: `${of}:cluster/${cluster}`,
    taskDefinitionArn: definition,
    group: `service:${service}`,
    startedBy: deployment.id,
    launchType: "FARGATE",
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    healthStatus: "UNKNOWN",
    createdAt: deployment.createdAt,
    startedAt: deployment.createdAt,
    enableExecuteCommand: true,
    containers: [
      {
        // A family ends with the name of its process, which the container bears.
        name: definition.split("/").at(-1)?.replace(/:\d+$/, "").split("_").at(-1),
        lastStatus: "RUNNING",
        managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: "RUNNING" }],
      },
    ],
    tags: [],
  }));
}

/** What ListTasks filters by: a service, a family, who has started it. */
function isAskedFor(task: Record<string, unknown>, input: Record<string, unknown>): boolean {
  const family = String(task.taskDefinitionArn).split("/").at(-1)?.replace(/:\d+$/, "");
  return (
    (input.serviceName === undefined ||
      task.group === `service:${String(input.serviceName).split("/").at(-1)}`) &&
    (input.family === undefined || family === input.family) &&
    (input.startedBy === undefined || task.startedBy === input.startedBy)
  );
}

function complete(service: Record<string, unknown>, { given, deployment }: Remembered): object {
  const { desiredCount } = service;
  const { launchType: _type, ...rest } = service;
  const placement = given.capacityProviderStrategy === undefined ? service : rest;
  return {
    ...placement,
    ...given,
    taskDefinition: deployment.taskDefinition,
    runningCount: desiredCount,
    pendingCount: 0,
    deployments: [{ ...deployment, desiredCount, runningCount: desiredCount, pendingCount: 0 }],
  };
}

/** moto echoes `family:revision` where ECS answers with the ARN. */
function arnOf(service: Record<string, unknown>, definition: unknown): string | undefined {
  if (typeof definition !== "string") return undefined;
  if (definition.startsWith("arn:")) return definition;
  const [, region, account] = /^arn:aws:ecs:([^:]+):(\d+):/.exec(String(service.serviceArn)) ?? [];
  return `arn:aws:ecs:${region}:${account}:task-definition/${definition}`;
}

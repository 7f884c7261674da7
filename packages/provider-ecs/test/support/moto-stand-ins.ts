import type { Script } from "./scripts.js";

/** What a service was given, and its newest deployment. */
interface Remembered {
  readonly given: Record<string, unknown>;
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
 * update, COMPLETED at once, with as many tasks as are wanted. docs/testing-ecs.md lists it.
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
    services.set(id, { given, deployment });
    return { ...output, service: complete(service, { given, deployment }) };
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
  ];
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

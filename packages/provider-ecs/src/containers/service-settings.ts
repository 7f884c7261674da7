import type { Input } from "../clients/modules.js";
import type { DescribedService } from "./describe.js";
import { stableText } from "./families.js";

type CreateInput = Input<"ecs", "CreateService">;

/** The settings of a service that we hold it to, as ECS writes them. */
export interface ServiceSettings {
  readonly subnets?: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly publicAddress?: boolean;
  readonly targetGroup?: string;
  /** `container:port` behind the target group, or of the SRV records. */
  readonly target?: string;
  readonly registry?: string;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly graceSeconds?: number;
  readonly executeCommand: boolean;
  /** As JSON with its members in order. */
  readonly placement: string;
  /** As JSON with its members in order; absent: no Service Connect. */
  readonly connect?: string;
}

/** The settings in a service as ECS describes it; what an answer leaves out is left out. */
export function settingsOfService(service: DescribedService): Partial<ServiceSettings> {
  const vpc = service.networkConfiguration?.awsvpcConfiguration;
  const balancer = service.loadBalancers?.[0];
  const registry = service.serviceRegistries?.[0];
  const target = balancer ?? registry;
  const configuration = service.deploymentConfiguration;
  const connect = service.deployments?.find(
    ({ status }) => status === "PRIMARY",
  )?.serviceConnectConfiguration;
  const strategy = service.capacityProviderStrategy;
  const hasPlacement = strategy !== undefined || service.launchType !== undefined;
  return {
    ...(vpc === undefined
      ? {}
      : {
          subnets: [...(vpc.subnets ?? [])].sort(),
          securityGroups: [...(vpc.securityGroups ?? [])].sort(),
          publicAddress: vpc.assignPublicIp === "ENABLED",
        }),
    ...(balancer?.targetGroupArn === undefined ? {} : { targetGroup: balancer.targetGroupArn }),
    ...(registry?.registryArn === undefined ? {} : { registry: registry.registryArn }),
    ...(target?.containerName === undefined
      ? {}
      : { target: `${target.containerName}:${target.containerPort}` }),
    ...(configuration?.minimumHealthyPercent === undefined
      ? {}
      : { minimumHealthyPercent: configuration.minimumHealthyPercent }),
    ...(configuration?.maximumPercent === undefined ? {} : { maximumPercent: configuration.maximumPercent }),
    ...(service.healthCheckGracePeriodSeconds === undefined
      ? {}
      : { graceSeconds: service.healthCheckGracePeriodSeconds }),
    ...(service.enableExecuteCommand === undefined ? {} : { executeCommand: service.enableExecuteCommand }),
    ...(hasPlacement
      ? {
          placement: placementText(
            strategy?.length ? { capacityProviderStrategy: strategy } : { launchType: service.launchType },
          ),
        }
      : {}),
    ...(connect === undefined ? {} : { connect: stableText(connect) }),
  };
}

/** An item of a capacity provider strategy; what is left out is 0. */
export interface StrategyItem {
  readonly capacityProvider?: string | undefined;
  readonly weight?: number | undefined;
  readonly base?: number | undefined;
}

/** Where tasks go, as text that can be compared: the order of providers means nothing, and 0 is what is not said. */
export function placementText(placement: {
  readonly launchType?: string | undefined;
  readonly capacityProviderStrategy?: readonly StrategyItem[] | undefined;
}): string {
  const { launchType, capacityProviderStrategy } = placement;
  if (capacityProviderStrategy === undefined) return stableText({ launchType });
  const items = capacityProviderStrategy
    .map(({ capacityProvider, weight = 0, base = 0 }) => ({ capacityProvider, weight, base }))
    .sort((one, other) => ((one.capacityProvider ?? "") < (other.capacityProvider ?? "") ? -1 : 1));
  return stableText({ capacityProviderStrategy: items });
}

/** A launch type cannot be changed by an update; a strategy can. */
export function placementForUpdate(
  placement: string,
): Pick<Input<"ecs", "UpdateService">, "capacityProviderStrategy"> {
  const { capacityProviderStrategy } = JSON.parse(placement) as Pick<CreateInput, "capacityProviderStrategy">;
  return capacityProviderStrategy === undefined ? {} : { capacityProviderStrategy };
}

/** The settings as CreateService and UpdateService take them. */
export function requestOf(settings: ServiceSettings): Partial<CreateInput> {
  const [containerName, containerPort] = settings.target?.split(":") ?? [];
  const { targetGroup: targetGroupArn, registry: registryArn, connect } = settings;
  return {
    deploymentConfiguration: {
      minimumHealthyPercent: settings.minimumHealthyPercent,
      maximumPercent: settings.maximumPercent,
      // Two tasks that fail are enough to know; the default waits for at least three, and half of many.
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        thresholdConfiguration: { type: "COUNT", value: 2 },
      },
      // Done once all new tasks are healthy; the old ones end in the background.
      ...(settings.minimumHealthyPercent === 100
        ? {
            earlySuccessCriteria: {
              enable: true,
              healthyPercent: 100,
              sourceServiceRevisionCleanup: "DEFERRED",
            },
          }
        : {}),
    },
    enableExecuteCommand: settings.executeCommand,
    ...(settings.subnets === undefined
      ? {}
      : {
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: [...settings.subnets],
              securityGroups: [...(settings.securityGroups ?? [])],
              assignPublicIp: settings.publicAddress === true ? "ENABLED" : "DISABLED",
            },
          },
        }),
    ...(targetGroupArn === undefined || containerName === undefined
      ? {}
      : { loadBalancers: [{ targetGroupArn, containerName, containerPort: Number(containerPort) }] }),
    ...(registryArn === undefined
      ? {}
      : {
          serviceRegistries: [
            {
              registryArn,
              ...(settings.subnets === undefined && containerName !== undefined
                ? { containerName, containerPort: Number(containerPort) }
                : {}),
            },
          ],
        }),
    ...(settings.graceSeconds === undefined ? {} : { healthCheckGracePeriodSeconds: settings.graceSeconds }),
    ...(connect === undefined
      ? {}
      : {
          serviceConnectConfiguration: JSON.parse(connect) as NonNullable<
            CreateInput["serviceConnectConfiguration"]
          >,
        }),
  };
}

/**
 * What an update has to say: settings that differ from what is there, and nothing else, because naming a network or a
 * load balancer starts a deployment. What an answer left out counts as it should be.
 */
export function changedRequest(
  desired: ServiceSettings,
  observed: Partial<ServiceSettings>,
): Partial<CreateInput> {
  const wanted = requestOf(desired);
  const present = requestOf({ ...desired, ...observed });
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => stableText(value) !== stableText(Reflect.get(present, name)),
    ),
  );
}

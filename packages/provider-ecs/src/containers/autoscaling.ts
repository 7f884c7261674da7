import { type AnyResource, type Context, DeployError, type Resource, type Scope } from "@deploy/core";
import { idOf } from "../names.js";
import type { Parts } from "../parts.js";
import { ecsResource, readOnce } from "../resources.js";
import { serviceName } from "./describe.js";

/** How many instances a process has by itself: as many as keep a figure near its target. */
export interface AutoscalingOptions {
  readonly min: number;
  readonly max: number;
  /** Percent of the CPU that all instances use on average. Default 60 where nothing else is given. */
  readonly cpu?: number;
  /** Percent of the memory. */
  readonly memory?: number;
  /** Seconds after growing until it may grow again. Default 60. */
  readonly growCooldown?: number;
  /** Seconds after shrinking until it may shrink again. Default 300. */
  readonly shrinkCooldown?: number;
}

const dimension = { ServiceNamespace: "ecs", ScalableDimension: "ecs:service:DesiredCount" } as const;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface Policy {
  readonly metric: string;
  readonly target: number;
  readonly growCooldown: number;
  readonly shrinkCooldown: number;
}

/**
 * Checks what was declared.
 *
 * @throws `config.bad-option`
 */
function checkAutoscaling(process: string, options: AutoscalingOptions): void {
  const isCount = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;
  const percents = [options.cpu, options.memory].filter((value) => value !== undefined);
  const good =
    isCount(options.min, 0) &&
    isCount(options.max, Math.max(1, options.min)) &&
    percents.every((value) => value > 0 && value <= 100);
  if (good) return;
  throw new DeployError({
    code: "config.bad-option",
    message: `ecs({ autoscaling }) of ${process} makes no sense.`,
    hint: "Give whole numbers with 0 ≤ min ≤ max, and percents above 0 up to 100.",
  });
}

/** Target tracking of one process: its bounds, and one policy for each figure. */
export function autoscalingNodes(
  parts: Parts,
  scope: Scope,
  process: string,
  options: AutoscalingOptions,
  service: AnyResource,
): readonly AnyResource[] {
  checkAutoscaling(process, options);
  const ResourceId = resourceId(parts, scope, process);
  const target = boundsNode(
    parts,
    scope,
    process,
    ResourceId,
    { min: options.min, max: options.max },
    service,
  );
  const figures: [string, number | undefined][] = [
    ["ECSServiceAverageCPUUtilization", options.cpu ?? (options.memory === undefined ? 60 : undefined)],
    ["ECSServiceAverageMemoryUtilization", options.memory],
  ];
  const policies = figures.flatMap(([metric, value]) =>
    value === undefined
      ? []
      : [
          policyNode(parts, scope, process, ResourceId, target as AnyResource, {
            metric,
            target: value,
            growCooldown: options.growCooldown ?? 60,
            shrinkCooldown: options.shrinkCooldown ?? 300,
          }),
        ],
  );
  return [target, ...policies] as readonly AnyResource[];
}

/** How Application Auto Scaling names a service. */
export function resourceId(parts: Parts, scope: Scope, process: string): string {
  return `service/${parts.foundation(scope).clusterName}/${serviceName(scope, process)}`;
}

function boundsNode(
  parts: Parts,
  scope: Scope,
  process: string,
  ResourceId: string,
  desired: Bounds,
  service: AnyResource,
): Resource<Bounds, Bounds> {
  const put = async (context: Context, { min, max }: Bounds): Promise<Bounds> => {
    await parts.clients.send(
      context,
      "applicationAutoscaling",
      "RegisterScalableTarget",
      { ...dimension, ResourceId, MinCapacity: min, MaxCapacity: max },
      { repeatable: true },
    );
    return { min, max };
  };
  return ecsResource<Bounds, Bounds>("containers", {
    id: idOf(parts.settings, "containers", scope, "autoscaling", process),
    label: `autoscaling of ${process}`,
    desired,
    after: [service],
    async read(context) {
      const targets = await listTargets(parts, context, scope);
      return targets.get(ResourceId);
    },
    create: put,
    update: put,
  });
}

function policyNode(
  parts: Parts,
  scope: Scope,
  process: string,
  ResourceId: string,
  target: AnyResource,
  desired: Policy,
): Resource<Policy, Policy> {
  const PolicyName = `deploy-${desired.metric}`;
  const put = async (context: Context, policy: Policy): Promise<Policy> => {
    await parts.clients.send(
      context,
      "applicationAutoscaling",
      "PutScalingPolicy",
      {
        ...dimension,
        ResourceId,
        PolicyName,
        PolicyType: "TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration: {
          TargetValue: policy.target,
          PredefinedMetricSpecification: {
            PredefinedMetricType: policy.metric as "ECSServiceAverageCPUUtilization",
          },
          ScaleOutCooldown: policy.growCooldown,
          ScaleInCooldown: policy.shrinkCooldown,
        },
      },
      { repeatable: true },
    );
    return policy;
  };
  return ecsResource<Policy, Policy>("containers", {
    id: idOf(parts.settings, "containers", scope, "autoscaling", process, desired.metric),
    label: `autoscaling of ${process} by ${desired.metric.includes("CPU") ? "CPU" : "memory"}`,
    desired,
    after: [target],
    async read(context) {
      const { ScalingPolicies } = await parts.clients.send(
        context,
        "applicationAutoscaling",
        "DescribeScalingPolicies",
        {
          ServiceNamespace: dimension.ServiceNamespace,
          ResourceId,
          PolicyNames: [PolicyName],
        },
      );
      const found = ScalingPolicies?.[0]?.TargetTrackingScalingPolicyConfiguration;
      if (found === undefined) return undefined;
      return {
        metric: found.PredefinedMetricSpecification?.PredefinedMetricType ?? "",
        target: found.TargetValue ?? 0,
        growCooldown: found.ScaleOutCooldown ?? 0,
        shrinkCooldown: found.ScaleInCooldown ?? 0,
      };
    },
    create: put,
    update: put,
  });
}

/** The bounds of all services of the group's cluster, by resource id; asked once per plan. */
export function listTargets(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<ReadonlyMap<string, Bounds>> {
  const prefix = `service/${parts.foundation(scope).clusterName}/`;
  return readOnce(parts.settings, context, `scalable targets ${prefix}`, async () => {
    const all = await parts.clients.all(
      context,
      "applicationAutoscaling",
      "DescribeScalableTargets",
      dimension,
      (page) => page.ScalableTargets,
    );
    return new Map(
      all.flatMap(({ ResourceId, MinCapacity, MaxCapacity }) =>
        ResourceId?.startsWith(prefix) === true
          ? [[ResourceId, { min: MinCapacity ?? 0, max: MaxCapacity ?? 0 }] as const]
          : [],
      ),
    );
  });
}

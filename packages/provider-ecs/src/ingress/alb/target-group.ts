import {
  type Context,
  DeployError,
  output,
  type ResolvedProcess,
  type Resource,
  type Scope,
} from "@deploy/core";
import type { Input } from "../../clients/modules.js";
import { unlessGone } from "../../errors.js";
import { idOf } from "../../names.js";
import type { Parts } from "../../parts.js";
import { ecsResource } from "../../resources.js";
import { appTags, ifOurs, readTags, type Tags, tagKey, upperTags } from "../../tags.js";
import { targetGroupName } from "./names.js";

/** How a target group is checked and drained. */
export interface TargetGroupDesired {
  readonly vpcId: string;
  readonly targetType: "ip" | "instance";
  readonly healthPath: string;
  /** Status codes that count as healthy. */
  readonly healthCodes: string;
  readonly healthInterval: number;
  readonly healthTimeout: number;
  /** Checks in a row that have to pass, or to fail. */
  readonly healthThreshold: number;
  /** Seconds that requests under way get when an instance leaves. */
  readonly drainSeconds: number;
}

/** A target group as ELB holds it. */
export interface TargetGroupObserved extends TargetGroupDesired {
  readonly arn: string;
  readonly name: string;
}

const drainAttribute = "deregistration_delay.timeout_seconds";

/** Seconds between two checks where nothing is said: the shortest that ELB takes, so that two are 10 s, not 150. */
const fastestInterval = 5;

/** The target group of a process. ECS registers the instances; what listens on which port is said by each of them. */
export function targetGroup(
  parts: Parts,
  scope: Scope,
  process: ResolvedProcess,
): Resource<TargetGroupDesired, TargetGroupObserved> {
  const { settings, clients } = parts;
  const { network, targetType } = parts.foundation(scope);
  const name = targetGroupName(settings, scope, process.name);
  const tags = appTags(settings, scope, { [tagKey.process]: process.name });

  return ecsResource<TargetGroupDesired, TargetGroupObserved>("ingress", {
    id: idOf(settings, "ingress", scope, "targets", process.name, targetType),
    label: `target group of ${process.name}`,
    desired: {
      vpcId: output(network, ({ vpcId }) => vpcId),
      targetType,
      ...healthOf(process),
      drainSeconds: drainSeconds(process.drainMs),
    },
    async read(context) {
      const found = await readTargetGroup(parts, context, name);
      return found && ifOurs("app", settings, scope, found.tags, `the target group ${name}`, found.observed);
    },
    async create(context, desired) {
      const answer = await clients.send(context, "elb", "CreateTargetGroup", {
        Name: name,
        Protocol: "HTTP",
        // Each target is registered with a port of its own, so that this one is never used.
        Port: 80,
        VpcId: desired.vpcId,
        TargetType: desired.targetType,
        ...healthInput(desired),
        HealthCheckProtocol: "HTTP",
        Tags: upperTags(tags),
      });
      const arn = answer.TargetGroups?.[0]?.TargetGroupArn;
      if (arn === undefined) throw noArn(name);
      await setDrain(parts, context, arn, desired);
      return { ...desired, arn, name };
    },
    async update(context, desired, observed) {
      const { arn } = observed;
      if (desired.vpcId !== observed.vpcId) throw movedNetwork(name, observed.vpcId, desired.vpcId);
      await Promise.all([
        clients.send(context, "elb", "ModifyTargetGroup", { TargetGroupArn: arn, ...healthInput(desired) }),
        desired.drainSeconds === observed.drainSeconds ? undefined : setDrain(parts, context, arn, desired),
      ]);
      return { ...desired, arn, name };
    },
    async adopt(context) {
      const found = await readTargetGroup(parts, context, name);
      if (found === undefined) throw noArn(name);
      await clients.send(context, "elb", "AddTags", {
        ResourceArns: [found.observed.arn],
        Tags: upperTags(tags),
      });
      return found.observed;
    },
  });
}

async function readTargetGroup(
  { clients }: Parts,
  context: Context,
  name: string,
): Promise<{ observed: TargetGroupObserved; tags: Tags } | undefined> {
  const answer = await unlessGone(clients.send(context, "elb", "DescribeTargetGroups", { Names: [name] }));
  const group = answer?.TargetGroups?.[0];
  const arn = group?.TargetGroupArn;
  if (group === undefined || arn === undefined) return undefined;
  const [attributes, described] = await Promise.all([
    unlessGone(clients.send(context, "elb", "DescribeTargetGroupAttributes", { TargetGroupArn: arn })),
    unlessGone(clients.send(context, "elb", "DescribeTags", { ResourceArns: [arn] })),
  ]);
  const drain = attributes?.Attributes?.find(({ Key }) => Key === drainAttribute)?.Value;
  return {
    tags: readTags(described?.TagDescriptions?.[0]?.Tags),
    observed: {
      arn,
      name,
      vpcId: group.VpcId ?? "",
      targetType: group.TargetType === "instance" ? "instance" : "ip",
      healthPath: group.HealthCheckPath ?? "",
      healthCodes: group.Matcher?.HttpCode ?? "",
      healthInterval: group.HealthCheckIntervalSeconds ?? 0,
      healthTimeout: group.HealthCheckTimeoutSeconds ?? 0,
      // Two numbers at ELB, which are kept equal here: one that was changed by hand shows.
      healthThreshold:
        group.HealthyThresholdCount === group.UnhealthyThresholdCount
          ? (group.HealthyThresholdCount ?? 0)
          : 0,
      drainSeconds: Number(drain ?? 300),
    },
  };
}

/**
 * The check of a process. Without a path any answer below 500 shows that it listens. ELB's ranges: 5 to 300 s between
 * checks, an answer within 2 to 120 s and before the next check (CreateTargetGroup).
 */
function healthOf({
  health,
}: Pick<ResolvedProcess, "health">): Omit<TargetGroupDesired, "vpcId" | "targetType" | "drainSeconds"> {
  const healthTimeout = clamp(Math.ceil(health.timeoutMs / 1000), 2, 120);
  const asked = clamp(Math.ceil(health.everyMs / 1000), fastestInterval, 300);
  const healthInterval = Math.max(asked, fastestInterval);
  return {
    healthPath: health.path ?? "/",
    healthCodes: health.path === undefined ? "200-499" : "200-399",
    healthInterval,
    healthTimeout: Math.min(healthTimeout, healthInterval - 1),
    healthThreshold: 2,
  };
}

/** Whole seconds, 0 to 3,600 as ELB takes them; the app's default of 30 s stands against ELB's 300. */
function drainSeconds(drainMs: number): number {
  return clamp(Math.ceil(drainMs / 1000), 0, 3600);
}

function healthInput(
  desired: TargetGroupDesired,
): Pick<
  Input<"elb", "ModifyTargetGroup"> & object,
  | "HealthCheckPath"
  | "HealthCheckIntervalSeconds"
  | "HealthCheckTimeoutSeconds"
  | "HealthyThresholdCount"
  | "UnhealthyThresholdCount"
  | "Matcher"
> {
  return {
    HealthCheckPath: desired.healthPath,
    HealthCheckIntervalSeconds: desired.healthInterval,
    HealthCheckTimeoutSeconds: desired.healthTimeout,
    HealthyThresholdCount: desired.healthThreshold,
    UnhealthyThresholdCount: desired.healthThreshold,
    Matcher: { HttpCode: desired.healthCodes },
  };
}

async function setDrain(
  parts: Parts,
  context: Context,
  arn: string,
  desired: TargetGroupDesired,
): Promise<void> {
  await parts.clients.send(context, "elb", "ModifyTargetGroupAttributes", {
    TargetGroupArn: arn,
    Attributes: [{ Key: drainAttribute, Value: String(desired.drainSeconds) }],
  });
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value));
}

function noArn(name: string): DeployError {
  return new DeployError({
    code: "ingress.no-target-group",
    message: `The target group ${name} is not there although it was just made or found.`,
    hint: "Run again: a new plan shows what is there.",
    retryable: true,
  });
}

function movedNetwork(name: string, from: string, to: string): DeployError {
  return new DeployError({
    code: "ingress.moved-network",
    message: `The target group ${name} stands in ${from} and cannot be moved to ${to}.`,
    hint: "Put back the network as it was; or take the environment down and deploy it anew.",
  });
}

import { type Context, DeployError, output, type Resource, type Scope } from "@deploy/core";
import { unlessGone } from "../../errors.js";
import { groupIdOf } from "../../names.js";
import type { Parts } from "../../parts.js";
import { ecsResource } from "../../resources.js";
import { groupTags, ifOurs, readTags, type Tags, upperTags } from "../../tags.js";
import { loadBalancerName } from "./names.js";
import { findBalancer } from "./state.js";

/** What the load balancer of a group should be. */
export interface LoadBalancerDesired {
  readonly vpcId: string;
  /** Sorted. */
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  /** Seconds without a byte after which a connection is closed, WebSockets included. */
  readonly idleSeconds: number;
}

/** The load balancer as ELB holds it. */
export interface LoadBalancerObserved extends LoadBalancerDesired {
  readonly arn: string;
  /** Known as soon as it is created, before it answers. */
  readonly dnsName: string;
  /** What Route 53 needs for an alias. */
  readonly hostedZoneId: string;
  readonly state: string;
}

const idleAttribute = "idle_timeout.timeout_seconds";

/** ELB's own default; a WebSocket that is silent for longer has to send pings. */
const idleSeconds = 60;

/** The load balancer that the apps of a group share. Nobody waits for it to become active: healthy targets imply it. */
export function loadBalancer(
  parts: Parts,
  scope: Scope,
): Resource<LoadBalancerDesired, LoadBalancerObserved> {
  const { settings, clients } = parts;
  const { network, ingressGroup } = parts.foundation(scope);
  const name = loadBalancerName(settings, scope);
  const tags = upperTags(groupTags(settings, scope));

  return ecsResource<LoadBalancerDesired, LoadBalancerObserved>("ingress", {
    id: loadBalancerId(parts, scope),
    label: `load balancer ${name}`,
    desired: {
      vpcId: output(network, ({ vpcId }) => vpcId),
      subnets: output(network, ({ publicSubnetIds }) => [...publicSubnetIds].sort()),
      securityGroups: ingressGroup === undefined ? [] : [output(ingressGroup, ({ groupId }) => groupId)],
      idleSeconds,
    },
    async read(context) {
      const found = await readLoadBalancer(parts, context, scope);
      return (
        found && ifOurs("group", settings, scope, found.tags, `the load balancer ${name}`, found.observed)
      );
    },
    pending({ state }) {
      if (state === "failed") throw failedBalancer(name);
      return undefined;
    },
    async create(context, desired) {
      const answer = await clients.send(context, "elb", "CreateLoadBalancer", {
        Name: name,
        Type: "application",
        Scheme: "internet-facing",
        IpAddressType: "ipv4",
        Subnets: [...desired.subnets],
        SecurityGroups: [...desired.securityGroups],
        Tags: tags,
      });
      const made = answer.LoadBalancers?.[0];
      return {
        ...desired,
        arn: made?.LoadBalancerArn ?? "",
        dnsName: (made?.DNSName ?? "").toLowerCase(),
        hostedZoneId: made?.CanonicalHostedZoneId ?? "",
        state: made?.State?.Code ?? "provisioning",
      };
    },
    async update(context, desired, observed) {
      const { arn } = observed;
      if (desired.vpcId !== observed.vpcId) throw movedBalancer(name, observed.vpcId, desired.vpcId);
      if (!isSame(desired.securityGroups, observed.securityGroups)) {
        await clients.send(context, "elb", "SetSecurityGroups", {
          LoadBalancerArn: arn,
          SecurityGroups: [...desired.securityGroups],
        });
      }
      if (!isSame(desired.subnets, observed.subnets)) {
        await clients.send(context, "elb", "SetSubnets", {
          LoadBalancerArn: arn,
          Subnets: [...desired.subnets],
        });
      }
      if (desired.idleSeconds !== observed.idleSeconds) {
        await clients.send(context, "elb", "ModifyLoadBalancerAttributes", {
          LoadBalancerArn: arn,
          Attributes: [{ Key: idleAttribute, Value: String(desired.idleSeconds) }],
        });
      }
      return { ...observed, ...desired };
    },
    async adopt(context) {
      const found = await readLoadBalancer(parts, context, scope);
      if (found === undefined) throw goneBalancer(name);
      await clients.send(context, "elb", "AddTags", { ResourceArns: [found.observed.arn], Tags: tags });
      return found.observed;
    },
  });
}

/** The id of the load balancer's resource. */
export function loadBalancerId(parts: Parts, scope: Scope): string {
  return groupIdOf(parts.settings, "ingress", scope, "load-balancer");
}

/** The load balancer with its tags, as it is now or as this plan has read it. */
export async function readLoadBalancer(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<{ observed: LoadBalancerObserved; tags: Tags } | undefined> {
  const found = await findBalancer(parts, context, scope);
  const arn = found?.LoadBalancerArn;
  if (found === undefined || arn === undefined) return undefined;
  const [attributes, described] = await Promise.all([
    unlessGone(
      parts.clients.send(context, "elb", "DescribeLoadBalancerAttributes", { LoadBalancerArn: arn }),
    ),
    unlessGone(parts.clients.send(context, "elb", "DescribeTags", { ResourceArns: [arn] })),
  ]);
  const idle = attributes?.Attributes?.find(({ Key }) => Key === idleAttribute)?.Value;
  return {
    tags: readTags(described?.TagDescriptions?.[0]?.Tags),
    observed: {
      arn,
      dnsName: (found.DNSName ?? "").toLowerCase(),
      hostedZoneId: found.CanonicalHostedZoneId ?? "",
      state: found.State?.Code ?? "",
      vpcId: found.VpcId ?? "",
      subnets: (found.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []).sort(),
      securityGroups: found.SecurityGroups ?? [],
      idleSeconds: Number(idle ?? idleSeconds),
    },
  };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value) => other.includes(value));
}

function failedBalancer(name: string): DeployError {
  return new DeployError({
    code: "ingress.load-balancer-failed",
    message: `AWS could not set up the load balancer ${name}.`,
    hint: "Remove it in the AWS console (EC2, Load balancers) and run again; look at https://health.aws.amazon.com/health/status.",
  });
}

function movedBalancer(name: string, from: string, to: string): DeployError {
  return new DeployError({
    code: "ingress.moved-network",
    message: `The load balancer ${name} stands in ${from} and cannot be moved to ${to}.`,
    hint: "Put back the network as it was, or name another group: ecs({ group }).",
  });
}

function goneBalancer(name: string): DeployError {
  return new DeployError({
    code: "ingress.nothing-to-adopt",
    message: `The load balancer ${name} that was to be taken over is gone.`,
    hint: "Plan again, without --adopt.",
  });
}

import { createHash } from "node:crypto";
import { type AnyResource, type Context, DeployError, output, type Resource, type Scope } from "@deploy/core";
import { isAwsError } from "../../errors.js";
import { idOf } from "../../names.js";
import type { Parts } from "../../parts.js";
import { ecsResource } from "../../resources.js";
import { appTags, tagKey, upperTags } from "../../tags.js";
import { doorPorts } from "../ports.js";
import { httpListener } from "./listener.js";
import { loadBalancer } from "./load-balancer.js";
import { targetGroupName } from "./names.js";
import { actionOf, forwardTo, lastPriority, textOf } from "./rules.js";
import { type BalancerState, balancerState, balancerStateNow } from "./state.js";

/** Which target group the address of a process leads to, on which load balancer. */
export interface DoorDesired {
  readonly targets: string;
  readonly balancer: string;
}

/** Where a process answers without any domain. */
export interface DoorObserved {
  readonly targets: string;
  readonly dnsName: string;
  /** 80, or a port of its own. */
  readonly port: number;
  /** The rule or the listener. */
  readonly arn: string;
}

/**
 * The way to a process by the load balancer's own name. It is there before the service, since ECS wants its target group
 * to be in use by a listener.
 *
 * The first process of a group gets port 80: the rule with the last priority, which ELB gives to one caller only.
 * Everybody else gets a listener on a port of 8000 to 8999 by hash; a port, too, can only be taken once. So two apps
 * which are deployed at the same moment never get the same door, and nothing has to be remembered.
 */
export function door(
  parts: Parts,
  scope: Scope,
  process: string,
  after: readonly AnyResource[] = [],
): Resource<DoorDesired, DoorObserved> {
  const targets = targetGroupName(parts.settings, scope, process);
  const balancer = loadBalancer(parts, scope);
  return ecsResource<DoorDesired, DoorObserved>("ingress", {
    id: idOf(parts.settings, "ingress", scope, "door", process),
    label: `address of ${process}`,
    desired: { targets, balancer: output(balancer, ({ arn }) => arn) },
    after: [httpListener(parts, scope), ...after],
    read: async (context) => doorIn(await balancerState(parts, context, scope), targets),
    diff: () => [],
    async create(context) {
      const state = await balancerStateNow(parts, context, scope);
      const present = doorIn(state, targets);
      if (present !== undefined) return present;
      if (state === undefined) throw noBalancer();
      const isTaken = (state.listeners.find(({ port }) => port === 80)?.rules ?? []).some(
        ({ priority }) => priority === lastPriority,
      );
      const action = await actionOf(parts, context, forwardTo(targets));
      const tags = upperTags(appTags(parts.settings, scope, { [tagKey.process]: process }));
      if (!isTaken) {
        const arn = await takePort80(parts, context, state, action, tags);
        if (arn !== undefined) return { targets, dnsName: dnsNameOf(state), port: 80, arn };
      }
      return takeOwnPort(parts, context, scope, state, { targets, action, tags });
    },
  });
}

/** The door that leads to a target group, if there is one. */
export function doorIn(state: BalancerState | undefined, targets: string): DoorObserved | undefined {
  if (state === undefined) return undefined;
  const dnsName = dnsNameOf(state);
  for (const { port, arn, action, rules } of state.listeners) {
    const rule = rules.find((one) => one.priority === lastPriority && one.hosts.length === 0);
    if (port === 80 && textOf(rule?.action) === forwardTo(targets)) {
      return { targets, dnsName, port, arn: rule!.arn };
    }
    if (isDoorPort(port) && textOf(action) === forwardTo(targets)) return { targets, dnsName, port, arn };
  }
  return undefined;
}

/** Whether a port is one that only one process has. */
function isDoorPort(port: number): boolean {
  return port >= doorPorts.first && port <= doorPorts.last;
}

/** The address of a door. */
export function doorUrl({ dnsName, port }: DoorObserved): string {
  return `http://${dnsName}${port === 80 ? "" : `:${port}`}`;
}

/** The ports that a process may get, the likeliest first. */
function doorPortsOf(scope: Scope, process: string): readonly number[] {
  const hash = createHash("sha256").update(`${scope.app}/${scope.environment}/${process}`).digest();
  const count = doorPorts.last - doorPorts.first + 1;
  const start = hash.readUInt32BE(0) % count;
  return Array.from({ length: count }, (_, step) => doorPorts.first + ((start + step) % count));
}

type Action = Awaited<ReturnType<typeof actionOf>>;
type ElbTags = ReturnType<typeof upperTags>;

/** The ARN of the rule; undefined when another process was faster. */
async function takePort80(
  parts: Parts,
  context: Context,
  state: BalancerState,
  action: Action,
  tags: ElbTags,
): Promise<string | undefined> {
  const listener = state.listeners.find(({ port }) => port === 80);
  if (listener === undefined) return undefined;
  try {
    const made = await parts.clients.send(context, "elb", "CreateRule", {
      ListenerArn: listener.arn,
      Priority: lastPriority,
      Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["*"] } }],
      Actions: [action],
      Tags: tags,
    });
    return made.Rules?.[0]?.RuleArn ?? "";
  } catch (error) {
    if (isAwsError(error, "PriorityInUse", "PriorityInUseException")) return undefined;
    throw error;
  }
}

async function takeOwnPort(
  parts: Parts,
  context: Context,
  scope: Scope,
  state: BalancerState,
  { targets, action, tags }: { targets: string; action: Action; tags: ElbTags },
): Promise<DoorObserved> {
  const used = new Set(state.listeners.map(({ port }) => port));
  const process = tags.find(({ Key }) => Key === tagKey.process)!.Value;
  const free = doorPortsOf(scope, process).filter((port) => !used.has(port));
  for (const port of free) {
    try {
      const made = await parts.clients.send(context, "elb", "CreateListener", {
        LoadBalancerArn: state.arn,
        Port: port,
        Protocol: "HTTP",
        DefaultActions: [action],
        Tags: tags,
      });
      const arn = made.Listeners?.[0]?.ListenerArn ?? "";
      return { targets, dnsName: dnsNameOf(state), port, arn };
    } catch (error) {
      if (!isAwsError(error, "DuplicateListener", "DuplicateListenerException")) throw error;
    }
  }
  throw new DeployError({
    code: "ingress.no-port",
    message: "All ports from 8000 to 8999 of the load balancer are taken.",
    hint: "Move some apps to another group: ecs({ group }).",
  });
}

function dnsNameOf(state: BalancerState): string {
  return (state.balancer.DNSName ?? "").toLowerCase();
}

function noBalancer(): DeployError {
  return new DeployError({
    code: "ingress.no-load-balancer",
    message: "The load balancer is gone.",
    hint: "Run again: a new plan makes it.",
    retryable: true,
  });
}

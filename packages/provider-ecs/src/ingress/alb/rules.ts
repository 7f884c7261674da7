import { createHash } from "node:crypto";
import { type Context, DeployError, type Scope } from "@deploy/core";
import { isAwsError, isGone, unlessGone } from "../../errors.js";
import type { Parts } from "../../parts.js";
import { appTags, upperTags } from "../../tags.js";
import { nameInArn, ruleMarker } from "./names.js";
import { balancerStateNow, type ElbAction, type ListenerState, listenerOn, type RuleState } from "./state.js";

/** What a rule does, as text that is compared and printed: `targets shop-1a2b3c4d-web`, `redirect https://example.org`. */
export type ActionText = string;

/** To the instances of a target group. */
export function forwardTo(targetGroup: string): ActionText {
  return `targets ${targetGroup}`;
}

/** To the same path of another host. */
export function redirectTo(protocol: "http" | "https", host: string): ActionText {
  return `redirect ${protocol}://${host}`;
}

/** To the same host by HTTPS. */
export const toHttps: ActionText = "redirect https://#{host}";

/** An action that ELB holds in the same words. */
export function textOf(action: ElbAction | undefined): ActionText {
  const redirect = action?.RedirectConfig;
  if (redirect !== undefined) {
    const { Protocol = "#{protocol}", Host = "#{host}", Port = "#{port}" } = redirect;
    const protocol = Protocol.toLowerCase();
    const usual = (protocol === "https" && Port === "443") || (protocol === "http" && Port === "80");
    return `redirect ${protocol}://${Host}${usual ? "" : `:${Port}`}`;
  }
  const groups = action?.ForwardConfig?.TargetGroups?.map(({ TargetGroupArn }) => TargetGroupArn);
  const arns = groups !== undefined && groups.length > 0 ? groups : [action?.TargetGroupArn];
  if (action?.Type === "forward") return forwardTo(arns.map(nameInArn).join(", "));
  return action?.FixedResponseConfig === undefined
    ? "nothing"
    : `answer ${action.FixedResponseConfig.StatusCode}`;
}

/** The rules for hosts of this app on a listener, by host. */
export function ownRules(scope: Scope, listener: ListenerState | undefined): ReadonlyMap<string, RuleState> {
  const marker = ruleMarker(scope);
  const own = (listener?.rules ?? []).filter((rule) => rule.marker === marker);
  return new Map(own.map((rule) => [rule.hosts[0] ?? rule.arn, rule]));
}

/** Rules for these hosts which are not this app's. */
export function foreignRules(
  scope: Scope,
  listener: ListenerState | undefined,
  hosts: readonly string[],
): readonly RuleState[] {
  const marker = ruleMarker(scope);
  return (listener?.rules ?? []).filter(
    (rule) => rule.marker !== marker && rule.hosts.some((host) => hosts.includes(host)),
  );
}

/** The listener's default: hosts that nobody has declared lead nowhere. */
export const nowhere: ElbAction = {
  Type: "fixed-response",
  FixedResponseConfig: {
    StatusCode: "404",
    ContentType: "text/plain",
    MessageBody: "Nothing is deployed at this address.\n",
  },
};

/** An action as ELB takes it. @throws `ingress.no-target-group`. */
export async function actionOf(parts: Parts, context: Context, text: ActionText): Promise<ElbAction> {
  if (text.startsWith("targets ")) {
    const TargetGroupArn = await targetGroupArn(parts, context, text.slice("targets ".length));
    return { Type: "forward", TargetGroupArn };
  }
  const to = /^redirect (https?):\/\/(.+)$/.exec(text);
  if (to === null) return nowhere;
  return {
    Type: "redirect",
    RedirectConfig: {
      Protocol: to[1]!.toUpperCase() as "HTTP" | "HTTPS",
      Port: to[1] === "https" ? "443" : "80",
      Host: to[2]!,
      Path: "/#{path}",
      Query: "#{query}",
      StatusCode: "HTTP_301",
    },
  };
}

async function targetGroupArn(parts: Parts, context: Context, name: string): Promise<string> {
  const answer = await unlessGone(
    parts.clients.send(context, "elb", "DescribeTargetGroups", { Names: [name] }),
  );
  const arn = answer?.TargetGroups?.[0]?.TargetGroupArn;
  if (arn !== undefined) return arn;
  throw new DeployError({
    code: "ingress.no-target-group",
    message: `There is no target group ${name}: its process is not deployed.`,
    hint: "Lead the host to a process that listens and is not internal, and deploy it.",
  });
}

/** The last rule of all: for callers that come by the load balancer's own name. */
export const lastPriority = 50_000;
/** Names with a wildcard come behind all others. */
const firstWildcard = 25_000;

/**
 * A free priority, the same for a host in most runs: by hash, then the next free one. Exact names come before
 * wildcards, as 1 to 24,999 and 25,000 to 49,999.
 *
 * @throws `ingress.no-priority` when all are taken.
 */
function freePriority(host: string, taken: ReadonlySet<number>): number {
  const isWildcard = host.includes("*");
  const first = isWildcard ? firstWildcard : 1;
  const size = (isWildcard ? lastPriority : firstWildcard) - first;
  const start = createHash("sha256").update(host).digest().readUInt32BE(0) % size;
  for (let step = 0; step < size; step += 1) {
    const priority = first + ((start + step) % size);
    if (!taken.has(priority)) return priority;
  }
  throw new DeployError({
    code: "ingress.no-priority",
    message: `The load balancer has no free place for a rule for ${host}.`,
    hint: "Move some apps to another group: ecs({ group }).",
  });
}

/** Makes a rule for a host; another run that takes the same priority at the same time costs a retry. */
async function createRule(
  parts: Parts,
  context: Context,
  scope: Scope,
  port: number,
  host: string,
  text: ActionText,
): Promise<void> {
  const action = await actionOf(parts, context, text);
  for (let attempt = 1; ; attempt += 1) {
    const listener = listenerOn(await balancerStateNow(parts, context, scope), port);
    if (listener === undefined) throw noListener(port);
    const foreign = foreignRules(scope, listener, [host])[0];
    if (foreign !== undefined) throw hostTaken(host, foreign);
    if (ownRules(scope, listener).has(host)) return;
    const taken = new Set(listener.rules.map(({ priority }) => priority));
    try {
      await parts.clients.send(context, "elb", "CreateRule", {
        ListenerArn: listener.arn,
        Priority: freePriority(host, taken),
        Conditions: [{ Field: "host-header", HostHeaderConfig: { Values: [host, ruleMarker(scope)] } }],
        Actions: [action],
        Tags: upperTags(appTags(parts.settings, scope)),
      });
      return;
    } catch (error) {
      if (attempt === 5 || !isAwsError(error, "PriorityInUse", "PriorityInUseException")) throw error;
    }
  }
}

/** Makes the app's rules on a port exactly these; what `keep` says of a present rule, stays. */
export async function convergeRules(
  parts: Parts,
  context: Context,
  scope: Scope,
  port: number,
  wanted: Readonly<Record<string, ActionText>>,
  keep: (text: ActionText) => boolean = () => false,
): Promise<void> {
  const present = ownRules(scope, listenerOn(await balancerStateNow(parts, context, scope), port));
  for (const [host, text] of Object.entries(wanted)) {
    const rule = present.get(host);
    if (rule === undefined) {
      await createRule(parts, context, scope, port, host, text);
    } else if (textOf(rule.action) !== text && !keep(textOf(rule.action))) {
      const Actions = [await actionOf(parts, context, text)];
      await parts.clients.send(context, "elb", "ModifyRule", { RuleArn: rule.arn, Actions });
    }
  }
  for (const [host, rule] of present) if (!(host in wanted)) await deleteRule(parts, context, rule.arn);
}

/** Removes a rule; gone already is success. */
export async function deleteRule(parts: Parts, context: Context, arn: string): Promise<void> {
  await parts.clients
    .send(context, "elb", "DeleteRule", { RuleArn: arn }, { repeatable: true })
    .catch((error) => {
      if (!isGone(error)) throw error;
    });
}

/** Whose a rule is, in one clause. */
export function describeRule(host: string, rule: RuleState): string {
  const owner = rule.marker?.replace(/\.deploy\.invalid$/, "");
  const whose = owner === undefined ? "it was not made by Deploy" : `it belongs to ${owner}`;
  return `the load balancer has a rule for ${host} already (priority ${rule.priority}), and ${whose}`;
}

function hostTaken(host: string, rule: RuleState): DeployError {
  return new DeployError({
    code: "ingress.host-taken",
    message: `${host} cannot be led to this app: ${describeRule(host, rule)}.`,
    hint: "Remove the domain from one of the two, or remove the rule.",
  });
}

function noListener(port: number): DeployError {
  return new DeployError({
    code: "ingress.no-listener",
    message: `The load balancer does not listen on port ${port} any more.`,
    hint: "Run again: a new plan makes it.",
    retryable: true,
  });
}

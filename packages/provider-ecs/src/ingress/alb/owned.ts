import { type Context, type Owned, retry, type Scope } from "@deploy/core";
import { isAwsError, isGone } from "../../errors.js";
import { groupIdOf, idOf, providerName } from "../../names.js";
import type { Finder } from "../../owned.js";
import type { Parts } from "../../parts.js";
import { readOnce } from "../../resources.js";
import { assertAlone, otherMembers } from "../../servers/members.js";
import { isOfApp, isOfGroup, readTags, tagKey } from "../../tags.js";
import { doorIn } from "./door.js";
import { loadBalancerId, readLoadBalancer } from "./load-balancer.js";
import { loadBalancerName, targetGroupPrefixes } from "./names.js";
import { routesId, secureRoutesId } from "./routes.js";
import { convergeRules, deleteRule, ownRules } from "./rules.js";
import { type BalancerState, balancerState, balancerStateNow, listenerOn } from "./state.js";

/** How many ARNs DescribeTags takes at a time (ELB API reference). */
const tagsAtOnce = 20;

/** A target group of ours. */
interface OwnTargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly process: string;
  readonly type: string;
}

/** Everything of an app on the group's load balancer, and the load balancer itself once nobody else uses it. */
export function balancerFinder(parts: Parts): Finder {
  return async (context, scope) => {
    const [state, groups, balancer, others] = await Promise.all([
      balancerState(parts, context, scope),
      targetGroups(parts, context, scope),
      readLoadBalancer(parts, context, scope),
      otherMembers(parts.clients, parts.settings, context, scope),
    ]);
    const rules = routes(parts, scope, state);
    const doors = groups.flatMap((group) => doorOf(parts, scope, state, group));
    const before = [...rules, ...doors].map(({ id }) => id);
    const isOurs = balancer !== undefined && isOfGroup(balancer.tags, parts.settings, scope);
    return [
      ...rules,
      ...doors,
      ...groups.map((group) => targetGroupOf(parts, scope, group, before)),
      ...(isOurs ? sharedBalancer(parts, scope, state, others.length > 0, before) : []),
    ];
  };
}

function routes(parts: Parts, scope: Scope, state: BalancerState | undefined): Owned[] {
  const hosts = (port: number): string => [...ownRules(scope, listenerOn(state, port)).keys()].join(", ");
  const made = (id: string, port: number): Owned[] =>
    hosts(port) === ""
      ? []
      : [
          {
            id,
            label: `routes of ${hosts(port)} on port ${port}`,
            provider: providerName,
            element: "ingress",
            remove: (context) => convergeRules(parts, context, scope, port, {}),
          },
        ];
  return [...made(routesId(parts, scope), 80), ...made(secureRoutesId(parts, scope), 443)];
}

function doorOf(
  parts: Parts,
  scope: Scope,
  state: BalancerState | undefined,
  { name, process }: OwnTargetGroup,
): Owned[] {
  if (doorIn(state, name) === undefined) return [];
  return [
    {
      id: idOf(parts.settings, "ingress", scope, "door", process),
      label: `address of ${process}`,
      provider: providerName,
      element: "ingress",
      async remove(context) {
        const { clients } = parts;
        const now = doorIn(await balancerStateNow(parts, context, scope), name);
        if (now === undefined) return;
        if (now.port === 80) return deleteRule(parts, context, now.arn);
        await clients
          .send(context, "elb", "DeleteListener", { ListenerArn: now.arn }, { repeatable: true })
          .catch(unlessGoneAlready);
      },
    },
  ];
}

function targetGroupOf(
  parts: Parts,
  scope: Scope,
  { arn, process, type }: OwnTargetGroup,
  after: readonly string[],
): Owned {
  return {
    id: idOf(parts.settings, "ingress", scope, "targets", process, type),
    label: `target group of ${process}`,
    provider: providerName,
    element: "ingress",
    after,
    remove: (context) =>
      retry(
        context,
        () =>
          parts.clients.send(
            context,
            "elb",
            "DeleteTargetGroup",
            { TargetGroupArn: arn },
            { repeatable: true },
          ),
        // The last rule that led to it may be known as gone only some seconds later.
        { attempts: 12, baseMs: 500, maxMs: 6_000, isRetryable: isInUse },
      ).then(() => undefined, unlessGoneAlready),
  };
}

/** Listeners go with their load balancer; that on port 80 is a resource of its own, and so it is named. */
function sharedBalancer(
  parts: Parts,
  scope: Scope,
  state: BalancerState | undefined,
  shared: boolean,
  after: readonly string[],
): Owned[] {
  const { clients, settings } = parts;
  const name = `load balancer ${loadBalancerName(settings, scope)}`;
  const listenerId = groupIdOf(settings, "ingress", scope, "listener", "80");
  const common = { provider: providerName, element: "ingress", ...(shared ? { shared } : {}) } as const;
  const listener = listenerOn(state, 80);
  const alone = (context: Context): Promise<void> =>
    assertAlone(clients, settings, context, scope, `The ${name}`);
  return [
    ...(listener === undefined
      ? []
      : [
          {
            ...common,
            id: listenerId,
            label: "listener on port 80",
            after,
            async remove(context: Context) {
              await alone(context);
              await clients
                .send(context, "elb", "DeleteListener", { ListenerArn: listener.arn }, { repeatable: true })
                .catch(unlessGoneAlready);
            },
          },
        ]),
    {
      ...common,
      id: loadBalancerId(parts, scope),
      label: name,
      after: [...after, listenerId],
      async remove(context) {
        await alone(context);
        const now = await balancerStateNow(parts, context, scope);
        if (now === undefined) return;
        await clients
          .send(context, "elb", "DeleteLoadBalancer", { LoadBalancerArn: now.arn }, { repeatable: true })
          .catch(unlessGoneAlready);
      },
    },
  ];
}

/** The target groups of an app, by the beginning of their names, and then by their tags. */
async function targetGroups(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<readonly OwnTargetGroup[]> {
  const { clients, settings } = parts;
  const all = await readOnce(settings, context, "target groups", () =>
    clients.all(context, "elb", "DescribeTargetGroups", {}, (page) => page.TargetGroups),
  );
  const prefixes = targetGroupPrefixes(scope);
  const named = all.filter(({ TargetGroupName: name = "" }) =>
    prefixes.some((prefix) => name.startsWith(prefix)),
  );
  const found: OwnTargetGroup[] = [];
  for (let at = 0; at < named.length; at += tagsAtOnce) {
    const some = named.slice(at, at + tagsAtOnce);
    const arns = some.map(({ TargetGroupArn }) => TargetGroupArn ?? "");
    const answer = await clients.send(context, "elb", "DescribeTags", { ResourceArns: arns });
    for (const { ResourceArn: arn, Tags } of answer.TagDescriptions ?? []) {
      const group = some.find(({ TargetGroupArn }) => TargetGroupArn === arn);
      const tags = readTags(Tags);
      const process = tags[tagKey.process];
      if (arn === undefined || group === undefined || process === undefined || !isOfApp(tags, scope))
        continue;
      const { TargetGroupName: name = "", TargetType: type = "ip" } = group;
      found.push({ arn, name, process, type });
    }
  }
  return found;
}

function isInUse(error: unknown): boolean {
  return isAwsError(error, "ResourceInUse", "ResourceInUseException");
}

function unlessGoneAlready(error: unknown): void {
  if (!isGone(error)) throw error;
}

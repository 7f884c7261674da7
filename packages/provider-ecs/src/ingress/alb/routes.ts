import type { AnyResource, Context, FieldChange, Foreign, Resource, Scope } from "@deploy/core";
import { idOf } from "../../names.js";
import type { Parts } from "../../parts.js";
import { alone, ecsResource } from "../../resources.js";
import {
  type ActionText,
  convergeRules,
  describeRule,
  foreignRules,
  ownRules,
  textOf,
  toHttps,
} from "./rules.js";
import { type BalancerState, balancerState, listenerOn } from "./state.js";

/** The rules of one app on the load balancer, by host. */
export interface RoutesObserved {
  /** Of port 80. */
  readonly http: Readonly<Record<string, ActionText>>;
  /** Of port 443. */
  readonly https: Readonly<Record<string, ActionText>>;
  /** ARNs of all certificates of port 443. */
  readonly certificates: readonly string[];
  /** Of port 443: what it does for hosts that nobody has declared, and its protocols. */
  readonly listener: { readonly default: ActionText; readonly sslPolicy: string } | undefined;
}

/** What hosts lead to on port 80. */
export interface RoutesDesired {
  readonly hosts: Readonly<Record<string, ActionText>>;
  /** Port 443 has the same hosts, and port 80 may redirect to it. */
  readonly secure: boolean;
}

/**
 * The hosts of an app by plain HTTP: they work before there is a certificate. Once {@link secureRoutes} has made each a
 * redirect to HTTPS, that is as good. One resource for all hosts, so that one which is no longer wanted is seen.
 */
export function plainRoutes(
  parts: Parts,
  scope: Scope,
  desired: RoutesDesired,
  after: readonly AnyResource[],
): Resource<RoutesDesired, RoutesObserved> {
  const hosts = Object.keys(desired.hosts);
  return ecsResource<RoutesDesired, RoutesObserved>("ingress", {
    id: routesId(parts, scope),
    label: hosts.length === 0 ? "routes" : `routes of ${hosts.join(", ")}`,
    desired,
    after,
    read: (context) => readRoutes(parts, context, scope, hosts),
    diff(late, observed) {
      // Nothing in it is late.
      const wanted = late as RoutesDesired;
      const changes = compare(
        "http",
        wanted.hosts,
        observed.http,
        (text) => wanted.secure && text === toHttps,
      );
      return wanted.secure ? changes : [...changes, ...compare("https", {}, observed.https)];
    },
    async create(context, wanted) {
      await converge(context, wanted);
      return observe(await balancerState(parts, alone(context), scope), scope);
    },
    async update(context, wanted) {
      await converge(context, wanted);
      return observe(await balancerState(parts, alone(context), scope), scope);
    },
  });

  async function converge(context: Context, wanted: RoutesDesired): Promise<void> {
    // First what else would go on answering by HTTPS.
    if (!wanted.secure) await convergeRules(parts, context, scope, 443, {});
    const keep = (text: ActionText): boolean => wanted.secure && text === toHttps;
    await convergeRules(parts, context, scope, 80, wanted.hosts, keep);
  }
}

/** The id of the routes by plain HTTP. */
export function routesId(parts: Parts, scope: Scope): string {
  return idOf(parts.settings, "ingress", scope, "routes");
}

/** The id of the routes by HTTPS. */
export function secureRoutesId(parts: Parts, scope: Scope): string {
  return idOf(parts.settings, "ingress", scope, "secure-routes");
}

/** What the load balancer holds for this app; foreign where somebody else has one of its hosts. */
export async function readRoutes(
  parts: Parts,
  context: Context,
  scope: Scope,
  hosts: readonly string[],
): Promise<RoutesObserved | Foreign<RoutesObserved> | undefined> {
  const state = await balancerState(parts, context, scope);
  for (const port of [80, 443]) {
    const [rule] = foreignRules(scope, listenerOn(state, port), hosts);
    if (rule === undefined) continue;
    const host = rule.hosts.find((one) => hosts.includes(one)) ?? "";
    return { foreign: true, description: describeRule(host, rule) };
  }
  const observed = observe(state, scope);
  const isEmpty = Object.keys(observed.http).length === 0 && Object.keys(observed.https).length === 0;
  return isEmpty && hosts.length > 0 ? undefined : observed;
}

/** What the load balancer holds for this app. */
export function observe(state: BalancerState | undefined, scope: Scope): RoutesObserved {
  const texts = (port: number): Record<string, ActionText> =>
    Object.fromEntries(
      [...ownRules(scope, listenerOn(state, port))].map(([host, rule]) => [host, textOf(rule.action)]),
    );
  const secure = listenerOn(state, 443);
  return {
    http: texts(80),
    https: texts(443),
    certificates: secure?.certificates ?? [],
    listener: secure && { default: textOf(secure.action), sslPolicy: secure.sslPolicy ?? "" },
  };
}

/** The hosts that differ. */
export function compare(
  path: string,
  wanted: Readonly<Record<string, ActionText>>,
  present: Readonly<Record<string, ActionText>>,
  isAsGood: (text: ActionText) => boolean = () => false,
): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const host of new Set([...Object.keys(wanted), ...Object.keys(present)])) {
    const to = wanted[host];
    const from = present[host];
    if (from === to || (to !== undefined && from !== undefined && isAsGood(from))) continue;
    changes.push({
      path: `${path}.${host}`,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
  }
  return changes;
}

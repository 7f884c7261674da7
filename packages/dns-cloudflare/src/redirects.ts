import {
  type AnyResource,
  type Context,
  DeployError,
  type Dns,
  type DnsProvider,
  dnsRecord,
  type Foreign,
  isOwnRecord,
  listRecords,
  normaliseName,
  type Owned,
  type Provider,
  type Resource,
  recordMarker,
  type Scope,
} from "@deploy/core";
import type { Api, Zone } from "./api.js";
import type { Edge } from "./edge.js";
import { createRules, type Rule } from "./rules.js";

/** A redirect of a whole host, as a plan compares it; `when` and `to` are of Cloudflare's rules language. */
interface Redirect {
  readonly when: string;
  readonly to: string | undefined;
  readonly status: number | undefined;
  readonly keepsQuery: boolean;
  readonly enabled: boolean;
  /** Rules that carry our marker: runs at the same time may leave more than one. */
  readonly copies: number;
}

/** Where Cloudflare's documentation points what has no origin: https://developers.cloudflare.com/dns/manage-dns-records/how-to/create-dns-records/. */
const nowhere = "192.0.2.0";

/** Redirects of whole hosts: a rule of the zone, and a proxied record, so that the edge is asked for the host. */
export function createRedirects(
  api: Api,
  provider: () => DnsProvider,
  certificateGate: Edge["certificateGate"],
): Required<Pick<Dns, "redirect"> & Pick<Provider, "owned">> {
  const rules = createRules(api);

  const ruleNode = (scope: Scope, host: string, target: string): Resource<Redirect, Redirect> => {
    const { name } = provider();
    const id = idOf(scope, ruleKey(host));
    const marker = recordMarker(scope, ruleKey(host));
    const isForeign = (one: Rule): boolean => hostOf(one.expression) === host && one.description !== marker;
    // Found once, while planning.
    let found: Zone | undefined;
    const zoneOf = async (context: Context): Promise<Zone> => {
      found ??= await api.zoneOf(context, host);
      return found;
    };
    const put = async (context: Context, wanted: Redirect): Promise<Redirect> => {
      const ours = (all: readonly Rule[]): readonly Rule[] => {
        const foreign = all.filter(isForeign);
        if (foreign.length > 0) throw foreignRule(id, foreign);
        return all.filter(({ description }) => description === marker);
      };
      await rules.put(context, await zoneOf(context), ours, {
        action: "redirect",
        expression: wanted.when,
        description: marker,
        enabled: true,
        action_parameters: {
          from_value: {
            status_code: 301,
            preserve_query_string: true,
            target_url: { expression: String(wanted.to) },
          },
        },
      });
      return wanted;
    };
    return {
      id,
      label: `redirect ${host} to ${target}`,
      provider: name,
      element: "dns",
      desired: {
        when: whenHost(host),
        to: `concat("https://${target}", http.request.uri.path)`,
        status: 301,
        keepsQuery: true,
        enabled: true,
        copies: 1,
      },
      async read(context): Promise<Redirect | Foreign<Redirect> | undefined> {
        const all = await rules.list(context, await zoneOf(context));
        const foreign = all.filter(isForeign);
        if (foreign.length > 0) {
          return { foreign: true, description: describe(foreign), observed: toRedirect(foreign) };
        }
        const ours = all.filter(({ description }) => description === marker);
        return ours.length === 0 ? undefined : toRedirect(ours);
      },
      create: put,
      update: put,
      async adopt(context) {
        const zone = await zoneOf(context);
        let taken: readonly Rule[] = [];
        await rules.describe(
          context,
          zone,
          (all) => {
            taken = all.filter((one) => isForeign(one) || one.description === marker);
            return taken.filter(isForeign);
          },
          marker,
        );
        if (taken.length > 0) return toRedirect(taken);
        throw new DeployError({
          code: "dns.nothing-to-adopt",
          message: `The redirect rule that was to be adopted for ${host} is gone.`,
          hint: "Plan again, without --adopt.",
        });
      },
    };
  };

  const idOf = (scope: Scope, key: string): string =>
    `${provider().name}/dns/${recordMarker(scope, key).slice(recordMarker(scope, "").length)}`;

  const ownedIn = async (context: Context, scope: Scope, zone: Zone): Promise<readonly Owned[]> => {
    const { name } = provider();
    const prefix = recordMarker(scope, "");
    const all = await listed(context, scope, zone);
    const ours = all.filter(({ description = "" }) => description.startsWith(prefix));
    return [...new Map(ours.map((rule) => [rule.description, rule])).values()].map((rule) => {
      const host = hostOf(rule.expression);
      return {
        id: `${name}/dns/${String(rule.description).slice(prefix.length)}`,
        label: `redirect ${host ?? rule.expression}`,
        provider: name,
        element: "dns",
        // A host without its rule would lead nowhere.
        ...(host === undefined ? {} : { after: [idOf(scope, host)] }),
        remove: (context) =>
          rules.remove(context, zone, (now) => now.filter((one) => one.description === rule.description)),
      };
    });
  };

  /** A token that may not see redirects has made none, unless a record of ours says that there is one. */
  const listed = async (context: Context, scope: Scope, zone: Zone): Promise<readonly Rule[]> => {
    try {
      return await rules.list(context, zone);
    } catch (error) {
      if (!DeployError.is(error) || error.code !== "cloudflare.forbidden") throw error;
      const records = await listRecords(context, provider(), zone.name);
      if (records.some((one) => isOwnRecord(scope, one) && one.values[0] === nowhere)) throw error;
      return [];
    }
  };

  return {
    redirect(scope, host, target, { after }) {
      const from = normaliseName(host);
      if (from.startsWith("*.")) {
        throw new DeployError({
          code: "cloudflare.wildcard-redirect",
          message: `${host} cannot be redirected at Cloudflare's edge: its rule would take every other proxied host of the zone with it.`,
          hint: "Name the hosts to redirect, or lead the wildcard to a process.",
        });
      }
      const rule = { ...ruleNode(scope, from, normaliseName(target)), after } as AnyResource;
      const gate = certificateGate(from);
      const place = { name: from, type: "A", values: [nowhere], extra: { proxied: true } } as const;
      // Without its rule the edge would look for a server that is nowhere, without a certificate nobody would get there.
      const before = [rule, gate, ...after];
      const record = dnsRecord(provider(), scope, from, from, place, { after: before, alone: true });
      return { resources: [rule, gate, record as AnyResource] };
    },
    async owned(context, scope) {
      const zones = await api.zones(context);
      return (await Promise.all(zones.map((zone) => ownedIn(context, scope, zone)))).flat();
    },
  };
}

const ruleKey = (host: string): string => `redirect/${host}`;

const whenHost = (host: string): string => `http.host eq "${host}"`;

/** The host that a rule is about, where it is about a single one and nothing else; the dashboard adds brackets. */
function hostOf(expression: string): string | undefined {
  return /^\(*\s*http\.host\s*(?:eq|==)\s*"([^"]+)"\s*\)*$/.exec(expression.trim())?.[1]?.toLowerCase();
}

function toRedirect(found: readonly Rule[]): Redirect {
  const [{ expression, enabled = true, action_parameters } = { expression: "" }] = found as Rule[];
  const { target_url, status_code, preserve_query_string = false } = action_parameters?.from_value ?? {};
  const host = hostOf(expression);
  return {
    when: host === undefined ? expression : whenHost(host),
    to: target_url?.expression ?? target_url?.value,
    status: status_code,
    keepsQuery: preserve_query_string,
    enabled,
    copies: found.length,
  };
}

function describe(found: readonly Rule[]): string {
  return found
    .map(({ expression, description = "" }) => {
      const owner = /^deploy:([^:]+):/.exec(description)?.[1];
      const whose = owner === undefined ? "not made by Deploy" : `made by Deploy for ${owner}`;
      return `the redirect rule ${expression} (${whose})`;
    })
    .join("; ");
}

function foreignRule(id: string, found: readonly Rule[]): DeployError {
  return new DeployError({
    code: "dns.foreign-record",
    message: `In the way: ${describe(found)}.`,
    hint: `Remove it by hand, or take it over with --adopt ${id}.`,
  });
}

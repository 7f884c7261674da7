import {
  type AnyResource,
  type Context,
  DeployError,
  type Dns,
  type DomainFinding,
  normaliseName,
} from "@deploy/core";
import type { Api, Zone } from "./api.js";

/** How Cloudflare speaks to an origin: https://developers.cloudflare.com/ssl/origin-configuration/ssl-modes. */
export type TlsMode = "full" | "strict";

/** What decides on the edge of a zone. */
export interface EdgeOptions {
  /** The word for a change of the whole zone; undefined: nothing is changed, and a mode that breaks is refused. */
  readonly mode: TlsMode | undefined;
  isProxied(host: string): boolean;
}

/** What the edge of Cloudflare's servers does in front of an ingress, or in place of one. */
export interface Edge extends Required<Pick<Dns, "edge" | "inspect">> {
  /** Opens once a certificate at the edge covers a host; throws `cloudflare.no-edge-certificate` where none will. */
  certificateGate(host: string): AnyResource;
}

/** A certificate at the edge, as far as it is looked into. */
interface Pack {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly status: string;
  readonly type: string;
  readonly certificates: readonly { readonly expires_on?: string; readonly issuer?: string }[];
  readonly validation_errors?: readonly { readonly message?: string }[];
}

interface Covered {
  readonly host: string;
  readonly status: string;
  readonly pack?: Pack;
}

const docs = "https://developers.cloudflare.com/ssl/origin-configuration/ssl-modes/";

/** TLS at Cloudflare's own edge: its mode, its certificates, and what is to be said of both. */
export function createEdge(api: Api, name: string, options: EdgeOptions): Edge {
  const once = <T>(context: Context, key: string, zone: Zone, load: () => Promise<T>): Promise<T> =>
    context.shared(`${name}/edge/${key}/${zone.name}`, load);

  const setting = (context: Context, zone: Zone, id: "ssl" | "ssl_automatic_mode"): Promise<string> =>
    once(context, id, zone, () =>
      api.ask(context, "setting", zone.name, async (sdk, signal) => {
        const { value } = (await sdk.zones.settings.get(id, { zone_id: zone.id }, signal)) as {
          value?: unknown;
        };
        return String(value);
      }),
    );

  const edit = (
    context: Context,
    zone: Zone,
    id: "ssl" | "ssl_automatic_mode",
    value: string,
  ): Promise<unknown> =>
    api.ask(context, "editSetting", zone.name, (sdk, signal) =>
      sdk.zones.settings.edit(id, { zone_id: zone.id, value }, signal),
    );

  const covered = async (context: Context, zone: Zone, host: string): Promise<Covered> => {
    const packs = await once(context, "packs", zone, () =>
      api.pages<Pack>(context, "packs", zone.name, (sdk, page, signal) =>
        sdk.ssl.certificatePacks.list({ zone_id: zone.id, status: "all", page, per_page: 50 }, signal),
      ),
    );
    const fitting = packs.filter(({ hosts }) => hosts.some((one) => covers(one, host)));
    const pack = fitting.find(({ status }) => status === "active") ?? fitting[0];
    if (pack !== undefined) return { host, status: pack.status, pack };
    if (host !== zone.name && !covers(`*.${zone.name}`, host)) throw tooDeep(zone, host);
    const { enabled } = await once(context, "universal", zone, () =>
      api.ask(context, "universal", zone.name, (sdk, signal) =>
        sdk.ssl.universal.settings.get({ zone_id: zone.id }, signal),
      ),
    );
    if (enabled !== false) return { host, status: "none ordered yet" };
    throw new DeployError({
      code: "cloudflare.no-edge-certificate",
      message: `Universal SSL is switched off for ${zone.name}, and no other certificate covers ${host}.`,
      hint: "Switch it on (SSL/TLS, Edge Certificates), or do not proxy this host.",
    });
  };

  /** A gate, or with the word for it a setting: the mode of each zone that has a proxied host. */
  const modeNode = (hosts: readonly string[], secure: boolean): AnyResource => {
    const zonesOf = async (context: Context): Promise<readonly Zone[]> => [
      ...new Map(
        (await Promise.all(hosts.map((host) => api.zoneOf(context, host)))).map((zone) => [zone.id, zone]),
      ).values(),
    ];
    const { mode } = options;
    const resource = {
      id: `${name}/dns/edge-mode`,
      label: "TLS mode of the whole zone",
      provider: name,
      element: "dns" as const,
      desired: { hosts, ...(mode === undefined ? {} : { mode }) },
      async read(context: Context) {
        const zones = await zonesOf(context);
        const modes = await Promise.all(
          zones.map(async (zone) => {
            const found = await setting(context, zone, "ssl");
            const problem = modeProblem(zone.name, mode ?? found, secure);
            if (problem !== undefined) throw problem;
            const automatic =
              mode === undefined ? "custom" : await setting(context, zone, "ssl_automatic_mode");
            return [zone.name, automatic === "auto" ? `${found}, automatic` : found] as const;
          }),
        );
        return { modes };
      },
      diff: (_desired: unknown, { modes }: { modes: readonly (readonly [string, string])[] }) =>
        modes.flatMap(([zone, from]) =>
          mode === undefined || from === mode ? [] : [{ path: zone, from, to: mode }],
        ),
      async update(context: Context) {
        for (const zone of await zonesOf(context)) {
          // Else Cloudflare goes on to choose the mode by itself.
          await edit(context, zone, "ssl_automatic_mode", "custom");
          await edit(context, zone, "ssl", String(mode));
        }
        return {
          modes:
            hosts.length === 0
              ? []
              : (await zonesOf(context)).map((zone) => [zone.name, String(mode)] as const),
        };
      },
    };
    if (mode !== undefined) return resource;
    const { update: _update, ...gate } = resource;
    return gate;
  };

  const certificateGate = (host: string): AnyResource => ({
    id: `${name}/dns/edge-certificate/${host}`,
    label: `certificate of the edge for ${host}`,
    provider: name,
    element: "dns",
    desired: { host },
    pollEvery: 10_000,
    read: async (context: Context): Promise<Covered> =>
      covered(context, await api.zoneOf(context, host), host),
    pending({ status, pack }: Covered): string | undefined {
      if (status === "active") return undefined;
      const why = pack?.validation_errors?.map(({ message }) => message).join(", ");
      const said = `Universal SSL for ${host}: ${status}${why ? ` (${why})` : ""}`;
      if (!isOver(status)) return said;
      throw new DeployError({
        code: "cloudflare.edge-certificate-failed",
        message: `${said}.`,
        hint: "Look at SSL/TLS, Edge Certificates: a CAA record may forbid it, or the zone is not delegated to Cloudflare.",
      });
    },
  });

  return {
    certificateGate,

    edge(_scope, hosts, { secure }) {
      const proxied = hosts.map(normaliseName).filter(options.isProxied);
      if (proxied.length === 0) return { resources: [], hosts: [] };
      return { resources: [modeNode(proxied, secure), ...proxied.map(certificateGate)], hosts: proxied };
    },

    async inspect(context, zoneName, hosts) {
      const zone = await api.zone(context, zoneName);
      const findings: DomainFinding[] = [];
      const add = (
        host: string,
        severity: DomainFinding["severity"],
        message: string,
        hint?: string,
      ): void => {
        findings.push({ name: host, severity, message, ...(hint === undefined ? {} : { hint }) });
      };
      if (zone.status !== undefined && zone.status !== "active") {
        const hint = `At its registrar, set the name servers ${zone.name_servers.join(" and ")}.`;
        add(zone.name, "problem", `Cloudflare does not answer for it yet: the zone is ${zone.status}.`, hint);
      }
      const usage = await api.ask(context, "usage", zone.name, (sdk, signal) =>
        sdk.dns.usage.zone.get({ zone_id: zone.id }, signal),
      );
      if (usage.record_quota != null && usage.record_usage >= usage.record_quota * 0.9) {
        add(
          zone.name,
          "note",
          `${usage.record_usage} of the ${usage.record_quota} records of its plan are used.`,
        );
      }
      const proxied = hosts.map(normaliseName).filter(options.isProxied);
      if (proxied.length === 0) return findings;
      const mode = await setting(context, zone, "ssl");
      const problem = modeProblem(zone.name, mode, true);
      add(
        zone.name,
        problem === undefined ? "note" : "problem",
        problem?.message ?? `TLS mode of the zone: ${mode}.`,
        problem?.hint,
      );
      for (const host of proxied) {
        try {
          const { status, pack } = await covered(context, zone, host);
          const [certificate] = pack?.certificates ?? [];
          const until =
            certificate?.expires_on === undefined
              ? ""
              : `, until ${certificate.expires_on.slice(0, 10)}, renewed by Cloudflare`;
          add(host, status === "active" ? "note" : "problem", `Certificate of the edge: ${status}${until}.`);
        } catch (error) {
          if (!DeployError.is(error) || error.retryable) throw error;
          add(host, "problem", error.message, error.hint);
        }
      }
      return findings;
    },
  };
}

/** Why a mode breaks what is behind it. */
function modeProblem(zone: string, mode: string, secure: boolean): DeployError | undefined {
  const breaks = secure ? broken[mode] : mode === "strict" ? insecure : undefined;
  if (breaks === undefined) return undefined;
  const hint = secure
    ? `Say \`ssl: "strict"\` in cloudflare(…), which changes it for every host of ${zone}, or leave \`proxied\` out.`
    : "Give the ingress a certificate, or choose `full`, or leave `proxied` out.";
  return new DeployError({
    code: "cloudflare.tls-mode",
    message: `The TLS mode of ${zone} at Cloudflare is ${mode}: ${breaks}.`,
    hint,
    docs,
  });
}

const broken: Readonly<Record<string, string>> = {
  off: "visitors get plain HTTP alone, although the origin has TLS",
  flexible:
    "Cloudflare speaks plain HTTP to an origin that has TLS, which ends in a redirect without end, or in clear text",
};

const insecure = "it wants a certificate for the public name at the origin, and there is none (error 526)";

function tooDeep(zone: Zone, host: string): DeployError {
  return new DeployError({
    code: "cloudflare.no-edge-certificate",
    message: `Universal SSL covers ${zone.name} and one level below it, not ${host}: that needs Advanced Certificate Manager.`,
    hint: "Order a certificate for it there, use a host one level below the zone, or do not proxy this one.",
    docs: "https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/",
  });
}

/** Whether a name of a certificate is good for a host: a wildcard stands for one label. */
function covers(name: string, host: string): boolean {
  return name === host || (name.startsWith("*.") && name.slice(2) === host.split(".").slice(1).join("."));
}

/** Statuses from which no certificate comes; what is not known is waited for. */
function isOver(status: string): boolean {
  return (
    status.endsWith("_timed_out") || ["deleted", "pending_deletion", "expired", "inactive"].includes(status)
  );
}

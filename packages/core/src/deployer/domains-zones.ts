import type { Context } from "../context.js";
import type { DnsProvider } from "../elements/dns-ownership.js";
import { normaliseName } from "../elements/dns-values.js";
import type { Propagation, ZonePropagation } from "../elements/propagation.js";
import type { ZoneReport } from "./domains-types.js";

/** Reads something that may fail: then it becomes a finding, and the answer is `otherwise`. */
export type Attempt = <T>(name: string, what: string, read: () => Promise<T>, otherwise: T) => Promise<T>;

/** Why a host below `localhost` has no name servers: a note, and no problem (RFC 6761, section 6.3). */
export const leadsHere = "names below localhost lead to the machine that asks, without any name server";

/** The zones that hold some hosts, as the public side has them, beside what their vendor says of itself. */
export async function zoneReports(
  context: Context,
  hosts: readonly string[],
  dns: DnsProvider | undefined,
  held: readonly string[],
  propagation: Propagation,
  attempt: Attempt,
): Promise<{ readonly reports: readonly ZoneReport[]; readonly lost: Readonly<Record<string, string>> }> {
  const found = new Map<string, ZonePropagation>();
  const lost: Record<string, string> = {};
  await Promise.all(
    hosts.map(async (host) => {
      if (host === "localhost" || host.endsWith(".localhost")) {
        lost[host] = leadsHere;
        return;
      }
      const zone = await propagation.zone(host);
      if ("problem" in zone) lost[host] = zone.problem;
      else found.set(zone.zone, zone);
    }),
  );
  const reports = [...found.values()].map(async ({ zone, states, delegation, own }): Promise<ZoneReport> => {
    const ours = dns !== undefined && held.includes(zone) ? dns : undefined;
    const read = async (): Promise<readonly string[]> => (await ours?.dns.nameServers?.(context, zone)) ?? [];
    const wanted = await attempt(zone, "The name servers", read, []);
    return {
      zone,
      servers: states,
      ...(ours === undefined ? {} : { provider: ours.name }),
      ...(wanted.length === 0 ? {} : { wanted: wanted.map(normaliseName).sort() }),
      ...(delegation === undefined ? {} : { delegation: [...delegation].sort() }),
      ...(own === undefined ? {} : { own: [...own].sort() }),
    };
  });
  return { reports: await Promise.all(reports), lost };
}

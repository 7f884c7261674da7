/**
 * A DNS provider whose zones live in this process: the smallest whole provider there is.
 *
 * @module
 */
import {
  DeployError,
  type Dns,
  type DnsRecordChange,
  normaliseName,
  type ObservedRecordSet,
  type Provider,
} from "@deploy/core";

/** What plays the vendor: record sets by zone. It outlives the providers that are made for it. */
export type MemoryZones = Map<string, readonly ObservedRecordSet[]>;

/** Options of {@link memoryDns}. */
export interface MemoryDnsOptions {
  readonly zones: MemoryZones;
}

/** What {@link memoryDns} returns. */
export type MemoryDnsProvider = Provider & { readonly dns: Dns };

/** DNS in memory, for tests and for trying out what a plan would write. */
export function memoryDns({ zones }: MemoryDnsOptions): MemoryDnsProvider {
  const recordsOf = (zone: string): readonly ObservedRecordSet[] => {
    const records = zones.get(normaliseName(zone));
    if (records !== undefined) return records;
    throw new DeployError({
      code: "dns.no-zone",
      message: `There is no zone ${zone} in this memory.`,
      hint: `There are ${[...zones.keys()].join(", ")}.`,
    });
  };
  return {
    spec: 1,
    name: "memory-dns",
    credentials: {},
    dns: {
      capabilities: {
        apex: "alias",
        types: ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "NS", "SRV", "ALIAS"],
        wildcards: true,
        redirects: { no: "it holds records, and serves nothing" },
      },
      async zones(context) {
        context.signal.throwIfAborted();
        return [...zones.keys()];
      },
      async list(context, zone) {
        context.signal.throwIfAborted();
        // A copy: what a caller does to its answer must not change the zone.
        return structuredClone(recordsOf(zone)) as ObservedRecordSet[];
      },
      async apply(context, zone, changes) {
        context.signal.throwIfAborted();
        // One step from the old zone to the new one: whoever lists meanwhile sees one of the two.
        zones.set(normaliseName(zone), changes.reduce(applied, recordsOf(zone)));
      },
    },
  };
}

/** The records after one change; the same change twice makes no difference. */
function applied(
  records: readonly ObservedRecordSet[],
  change: DnsRecordChange,
): readonly ObservedRecordSet[] {
  const place = change.action === "create" ? change.record : change.before;
  const isAtPlace = (one: ObservedRecordSet): boolean =>
    normaliseName(one.name) === normaliseName(place.name) && one.type === place.type;
  if (change.action === "delete") {
    // Only the one that was meant: somebody may have put another in its place.
    return records.filter((one) => !isAtPlace(one) || one.marker !== change.before.marker);
  }
  const rest = records.filter((one) => !isAtPlace(one));
  return [...rest, { ...structuredClone(change.record), marker: change.marker }];
}

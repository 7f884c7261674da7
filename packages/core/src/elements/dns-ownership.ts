import type { Context } from "../context.js";
import type { Owned } from "../engine/resource.js";
import { normaliseName } from "./dns-values.js";
import type { Provider } from "./provider.js";
import type { Scope } from "./scope.js";
import type { Dns, ObservedRecordSet } from "./traffic.js";

/** A provider that answers for DNS. */
export type DnsProvider = Provider & { readonly dns: Dns };

const longestScope = 50;
const longestKey = 40;

/** Free plans hold 100 characters in a comment; what is longer is told apart by its hash. */
function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  // Asked for where it is needed: importing it costs a fifth of what importing core may.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function markerPrefix(scope: Scope): string {
  return `deploy:${shorten(`${scope.app}/${scope.environment}`, longestScope)}:`;
}

/** What is written with each record of ours, at most 100 characters: whose it is, and which resource made it. */
export function recordMarker(scope: Scope, key: string): string {
  return markerPrefix(scope) + shorten(key, longestKey);
}

/** The id of the resource that a record with this key belongs to. */
export function recordId(provider: Provider, key: string): string {
  return `${provider.name}/dns/${shorten(key, longestKey)}`;
}

/** Whether a record carries a marker of this app in this environment. */
export function isOwnRecord(scope: Scope, record: ObservedRecordSet): boolean {
  return record.marker?.startsWith(markerPrefix(scope)) === true;
}

/** Whose a record seems to be, in one clause. */
export function describeOwner(record: ObservedRecordSet): string {
  if (record.marker === undefined || !record.marker.startsWith("deploy:")) return "not made by Deploy";
  return `made by Deploy for ${record.marker.slice("deploy:".length).split(":")[0]}`;
}

/** The zones of a provider, asked for once per plan. */
export async function listZones(context: Context, provider: DnsProvider): Promise<readonly string[]> {
  const zones = await context.shared(`${provider.name}/dns/zones`, () => provider.dns.zones(context));
  return zones.map(normaliseName);
}

/** The records of a zone, listed once per plan. */
export function listRecords(
  context: Context,
  provider: DnsProvider,
  zone: string,
): Promise<readonly ObservedRecordSet[]> {
  return context.shared(`${provider.name}/dns/zone/${zone}`, () => provider.dns.list(context, zone));
}

// Keyed by the plugin's own object, so that two deployers with one provider share its lanes and nothing outlives it.
const lanes = new WeakMap<Dns, Map<string, Promise<unknown>>>();

/**
 * Runs `work` after everything else that was started for this zone: some vendors replace a zone as a whole, and two
 * changes at a time would undo each other.
 */
export function inZoneLane<T>(dns: Dns, zone: string, work: () => Promise<T>): Promise<T> {
  const ofProvider = lanes.get(dns) ?? new Map<string, Promise<unknown>>();
  lanes.set(dns, ofProvider);
  const result = (ofProvider.get(zone) ?? Promise.resolve()).then(work, work);
  ofProvider.set(
    zone,
    result.catch(() => undefined),
  );
  return result;
}

/**
 * Every record of this app in this environment, found by its marker: what pruning and `down` work on.
 *
 * @param zones the zones to look into; default: all that the credentials reach.
 */
export async function ownedRecords(
  provider: DnsProvider,
  context: Context,
  scope: Scope,
  zones?: readonly string[],
): Promise<readonly Owned[]> {
  const names = zones ?? (await listZones(context, provider));
  const found = await Promise.all(
    names.map(async (zone) => {
      const byKey = new Map<string, ObservedRecordSet[]>();
      for (const record of await listRecords(context, provider, zone)) {
        if (!isOwnRecord(scope, record)) continue;
        const marker = record.marker!;
        byKey.set(marker, [...(byKey.get(marker) ?? []), record]);
      }
      return [...byKey].map(([marker, records]) => ownedRecord(provider, scope, zone, marker, records));
    }),
  );
  return found.flat();
}

function ownedRecord(
  provider: DnsProvider,
  scope: Scope,
  zone: string,
  marker: string,
  records: readonly ObservedRecordSet[],
): Owned {
  return {
    id: `${provider.name}/dns/${marker.slice(markerPrefix(scope).length)}`,
    label: `record ${records.map((record) => `${record.name} ${record.type}`).join(", ")}`,
    provider: provider.name,
    element: "dns",
    remove: (context) =>
      inZoneLane(provider.dns, zone, async () => {
        const present = (await provider.dns.list(context, zone)).filter((one) => one.marker === marker);
        if (present.length === 0) return;
        await provider.dns.apply(
          context,
          zone,
          present.map((before) => ({ action: "delete", before })),
        );
      }),
  };
}

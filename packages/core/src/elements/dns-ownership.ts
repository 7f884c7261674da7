import type { Context } from "../context.js";
import type { Owned } from "../engine/resource.js";
import { DeployError } from "../errors.js";
import { changeZone, listNow } from "./dns-lane.js";
import { normaliseName, spelled } from "./dns-values.js";
import { findZone, indexOf } from "./dns-zone-index.js";
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
  return context.shared(`${provider.name}/dns/zones`, async () =>
    (await provider.dns.zones(context)).map(normaliseName),
  );
}

/** The records of a zone, listed once per plan. */
export function listRecords(
  context: Context,
  provider: DnsProvider,
  zone: string,
): Promise<readonly ObservedRecordSet[]> {
  return context.shared(`${provider.name}/dns/zone/${zone}`, () => listNow(context, provider.dns, zone));
}

/**
 * The zone that holds a host name, among those that the credentials reach.
 *
 * @throws `dns.no-zone`
 */
export async function zoneFor(context: Context, provider: DnsProvider, host: string): Promise<string> {
  const zones = await listZones(context, provider);
  const zone = findZone(zones, host);
  if (zone !== undefined) return zone;
  const first = zones.slice(0, 10).map(spelled).join(", ");
  const more = zones.length > 10 ? ` and ${zones.length - 10} more` : "";
  throw new DeployError({
    code: "dns.no-zone",
    message: `${provider.name} holds no zone for ${spelled(normaliseName(host))}.`,
    hint:
      zones.length === 0
        ? "These credentials reach no zone at all: check what they may see, or add the zone there."
        : `These credentials reach: ${first}${more}. Add the zone there, or use the provider that holds it.`,
    details: { host, zones },
  });
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
      const { byMarker } = indexOf(await listRecords(context, provider, zone));
      const prefix = markerPrefix(scope);
      const own = [...byMarker].filter(([marker]) => marker.startsWith(prefix));
      return own.map(([marker, records]) => ownedRecord(provider, scope, zone, marker, records));
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
      changeZone(context, provider.dns, zone, (draft) => {
        for (const one of draft.marked(marker)) draft.remove(one);
      }),
  };
}

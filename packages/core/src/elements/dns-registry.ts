import { DeployError } from "../errors.js";
import { normaliseName, normaliseValues } from "./dns-values.js";
import type { DnsRecordChange, DnsRecordSet, ObservedRecordSet } from "./traffic.js";

/**
 * Ownership where a vendor keeps no comments with its records: for each record of ours there is an entry, a TXT record
 * beside it, which says whose it is. Record and entry are written in one batch, so that neither is ever there alone by
 * our doing.
 *
 * An entry vouches for the name, type and values it was written with. What has other values was made or changed by
 * somebody else, and is foreign: it blocks the plan until it is adopted by word. A changed TTL is only drift. An entry
 * whose record is gone, or is no longer the one that it was written for, is listed as what it is, a TXT record of ours,
 * so that the next run or `deploy down` removes it.
 */

/** What an entry's text begins with. */
const head = "deploy:registry";
const entryPattern: RegExp = new RegExp(`^${head} of=([0-9a-f]{32}) marker=(.+)$`, "s");

/** Characters of a name below its zone: Namecheap takes 60 ("Namecheap DNS limits"), others more. */
const longestHost = 60;

function digest(...parts: readonly string[]): string {
  // Asked for where it is needed: importing it costs a fifth of what importing core may.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

type Place = Pick<DnsRecordSet, "name" | "type">;

/**
 * The name of the entry for a record: `_deploy-a.www.example.org`, and for the root of the zone `_deploy-a.example.org`.
 *
 * A wildcard's star is spelt `_wildcard`, so that the entry answers for nothing else. What would be too long, and what
 * would lie below a delegation (NS), is named by its hash at the root of the zone. One label always, so that it hides
 * no name from a wildcard but its own.
 */
export function registryName(zone: string, { name, type }: Place): string {
  const [record, root] = [normaliseName(name), normaliseName(zone)];
  const label = `_deploy-${type.toLowerCase()}`;
  const spelt = `${label}.${record.replace(/^\*\./, "_wildcard.")}`;
  if (type !== "NS" && spelt.length - root.length - 1 <= longestHost) return spelt;
  return `${label}-${digest(record)}.${root}`;
}

/** The text of the entry: at most 255 characters, so that it is one string of a TXT record. */
function registryText(record: DnsRecordSet, marker: string): string {
  return `${head} of=${fingerprint(record)} marker=${marker}`;
}

function fingerprint({ name, type, values }: DnsRecordSet): string {
  return digest(normaliseName(name), type, ...normaliseValues(type, values));
}

interface Entry {
  readonly of: string;
  readonly marker: string;
}

function readEntry(set: DnsRecordSet | undefined): Entry | undefined {
  if (set?.type !== "TXT" || set.values.length !== 1) return undefined;
  const [text = ""] = normaliseValues("TXT", set.values);
  const [, of, marker] = entryPattern.exec(text) ?? [];
  return of === undefined || marker === undefined ? undefined : { of, marker };
}

const keyOf = ({ name, type }: Place): string => `${normaliseName(name)} ${type}`;

/** Everything in a zone by name and type. */
type Zone<T extends DnsRecordSet> = ReadonlyMap<string, T | DnsRecordSet>;

/** Whose a record is, by an entry that vouches for it as it stands. */
function markerOf(zone: string, sets: Zone<DnsRecordSet>, record: DnsRecordSet): string | undefined {
  const entry = readEntry(sets.get(keyOf({ name: registryName(zone, record), type: "TXT" })));
  return entry?.of === fingerprint(record) ? entry.marker : undefined;
}

/**
 * A zone as a `Dns` lists it: each record with the marker of its entry, and without the entries that vouch for one.
 *
 * @param sets everything in the zone, the entries among it.
 */
export function foldRegistry<T extends DnsRecordSet>(
  zone: string,
  sets: readonly T[],
): readonly (T & ObservedRecordSet)[] {
  const byKey = new Map(sets.map((set) => [keyOf(set), set] as const));
  const used = new Set<string>();
  const marked = sets.map((set) => {
    const marker = markerOf(zone, byKey, set);
    if (marker === undefined) return set;
    used.add(keyOf({ name: registryName(zone, set), type: "TXT" }));
    return { ...set, marker };
  });
  return marked
    .filter((set) => !used.has(keyOf(set)))
    .map((set) => {
      const orphan = readEntry(set);
      return orphan === undefined || "marker" in set ? set : { ...set, marker: orphan.marker };
    });
}

/** What has to happen to one name and type, entries included: made, put in the place of `before`, or removed. */
export interface RegistryStep<T extends DnsRecordSet> {
  readonly before?: T;
  readonly after?: DnsRecordSet;
}

/**
 * What a batch comes to, given what is in the zone now: the records and their entries, without what is so already.
 *
 * It is decided anew from `sets` each time, so that a batch can be repeated after a lost answer: what was made is not
 * made again, what is gone is not removed again.
 *
 * @param sets everything in the zone, the entries among it.
 * @throws DeployError `dns.foreign-record` when somebody else's record stands where one is to be made, and
 * `dns.concurrent-change` when what was to be changed is no longer what was seen.
 */
export function registrySteps<T extends DnsRecordSet>(
  zone: string,
  sets: readonly T[],
  changes: readonly DnsRecordChange[],
): readonly RegistryStep<T>[] {
  const now = new Map(sets.map((set) => [keyOf(set), set] as const));
  const then = new Map<string, T | DnsRecordSet>(now);
  // All removals first: an entry that is removed as an orphan may be written anew for its record in the same batch.
  for (const change of changes) if (change.action === "delete") remove(zone, then, change.before);
  for (const change of changes) {
    if (change.action === "delete") continue;
    const { record, marker } = change;
    if (change.action === "update" && keyOf(change.before) !== keyOf(record)) {
      remove(zone, then, change.before);
    }
    mayWrite(zone, then, change);
    set(then, record);
    const place = { name: registryName(zone, record), type: "TXT" } as const;
    const entry = then.get(keyOf(place));
    if (entry !== undefined && readEntry(entry) === undefined) throw foreign(entry);
    set(then, { ...place, values: [registryText(record, marker)] });
  }
  return [...new Set([...now.keys(), ...then.keys()])].flatMap((key) => {
    const [before, after] = [now.get(key), then.get(key)];
    if (before === after) return [];
    return [{ ...(before && { before }), ...(after && { after }) }];
  });
}

/** Writes a set, unless what is there says the same already. */
function set(then: Map<string, DnsRecordSet>, record: DnsRecordSet): void {
  const present = then.get(keyOf(record));
  if (present === undefined || !isAsWanted(present, record)) then.set(keyOf(record), record);
}

function remove(zone: string, then: Map<string, DnsRecordSet>, before: ObservedRecordSet): void {
  const present = then.get(keyOf(before));
  const entryKey = keyOf({ name: registryName(zone, before), type: "TXT" });
  const orphan = present === undefined ? undefined : readEntry(present)?.marker;
  const owner = present === undefined ? undefined : (markerOf(zone, then, present) ?? orphan);
  // Somebody else's by now: ours is gone, which is what was wanted.
  if (
    present !== undefined &&
    owner === before.marker &&
    (owner !== undefined || sameValues(present, before))
  )
    then.delete(keyOf(before));
  const entry = readEntry(then.get(entryKey));
  if (entry !== undefined && entry.marker === before.marker) then.delete(entryKey);
}

function mayWrite(
  zone: string,
  then: Map<string, DnsRecordSet>,
  change: Exclude<DnsRecordChange, { action: "delete" }>,
): void {
  const present = then.get(keyOf(change.record));
  if (present === undefined) return;
  const owner = markerOf(zone, then, present);
  if (owner === change.marker) return;
  if (change.action === "create") throw foreign(present);
  if (owner === change.before.marker && sameValues(present, change.before)) return;
  throw new DeployError({
    code: "dns.concurrent-change",
    message: `${present.name} ${present.type} was changed by somebody else meanwhile: it says ${present.values.join(", ")} now.`,
    hint: "Nothing was written. Run again: a new plan shows what is there.",
    details: { name: present.name, type: present.type },
  });
}

function foreign(present: DnsRecordSet): DeployError {
  return new DeployError({
    code: "dns.foreign-record",
    message: `In the way: ${present.name} ${present.type} ${present.values.join(", ")}, which was not made by Deploy, or was changed by hand since.`,
    hint: "Nothing was written. Plan again: it says how to take the record over, or remove it by hand.",
    details: { name: present.name, type: present.type },
  });
}

function sameValues(one: DnsRecordSet, other: DnsRecordSet): boolean {
  const [a, b] = [one, other].map(({ type, values }) => JSON.stringify(normaliseValues(type, values)));
  return a === b;
}

function isAsWanted(present: DnsRecordSet, wanted: DnsRecordSet): boolean {
  return (
    sameValues(present, wanted) &&
    (wanted.ttl === undefined || wanted.ttl === present.ttl) &&
    Object.entries(wanted.extra ?? {}).every(
      ([field, value]) => JSON.stringify(value) === JSON.stringify(present.extra?.[field]),
    )
  );
}

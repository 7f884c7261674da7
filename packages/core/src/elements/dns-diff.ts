import { normaliseName, normaliseValues } from "./dns-values.js";
import { conflicts } from "./dns-zone-index.js";
import type { DnsRecordChange, DnsRecordSet, ObservedRecordSet } from "./traffic.js";

/** A record set that should be in a zone, and the marker it is ours by. */
export interface WantedRecord {
  readonly record: DnsRecordSet;
  readonly marker: string;
  /** The only address of its name: an AAAA record of somebody else beside it would lead a part of the visitors away. */
  readonly alone?: boolean;
}

/** What a diff is made by. */
export interface DiffRules {
  /** Name of the zone. */
  readonly zone: string;
  /** Whether a record is ours: nothing else is ever changed. */
  readonly isOurs: (record: ObservedRecordSet) => boolean;
}

/** A wanted record that cannot be written, because records of others are in its way. */
export interface Obstacle {
  readonly wanted: WantedRecord;
  readonly inTheWay: readonly ObservedRecordSet[];
}

/** A zone on its way from what it is to what it should be. */
export interface ZoneDraft {
  /** What is at this name as things stand. */
  at(name: string): readonly ObservedRecordSet[];
  /** What carries this marker as things stand. */
  marked(marker: string): readonly ObservedRecordSet[];
  /** Replaces a record by another of its name, or makes one where `before` is undefined. */
  put(record: DnsRecordSet, marker: string, before?: ObservedRecordSet): void;
  remove(record: ObservedRecordSet): void;
  /** Everything that differs from the beginning: removals first, since a CNAME tolerates nothing beside it. */
  changes(): readonly DnsRecordChange[];
}

interface Entry {
  /** How it was; undefined: it is new. */
  readonly was: ObservedRecordSet | undefined;
  /** How it is to be; undefined: gone. */
  is: ObservedRecordSet | undefined;
}

/** Begins a draft of the zone that holds these records. Linear in their number; each step is constant. */
export function draftZone(records: readonly ObservedRecordSet[]): ZoneDraft {
  const byName = new Map<string, Entry[]>();
  const byMarker = new Map<string, Entry[]>();
  const touched = new Set<Entry>();

  const file = (entry: Entry, record: ObservedRecordSet): void => {
    add(byName, normaliseName(record.name), entry);
    if (record.marker !== undefined) add(byMarker, record.marker, entry);
  };
  const entryOf = (record: ObservedRecordSet): Entry | undefined =>
    byName.get(normaliseName(record.name))?.find(({ is }) => is === record);
  for (const record of records) file({ was: record, is: record }, record);

  return {
    at: (name) => standing(byName.get(name)),
    // An entry is found by the marker it had as well.
    marked: (marker) => standing(byMarker.get(marker)).filter((one) => one.marker === marker),
    put(record, marker, before) {
      const is = { ...record, marker };
      // One that goes and comes back in the same batch is changed in place: nobody is without an answer meanwhile.
      const present =
        before === undefined
          ? byName
              .get(normaliseName(record.name))
              ?.find(({ is, was }) => is === undefined && was?.type === record.type)
          : entryOf(before);
      const entry = present ?? { was: undefined, is: undefined };
      entry.is = is;
      touched.add(entry);
      file(entry, is);
    },
    remove(record) {
      const entry = entryOf(record);
      if (entry === undefined) return;
      entry.is = undefined;
      touched.add(entry);
    },
    changes() {
      const all = [...touched];
      const gone = all.flatMap(({ was, is }) =>
        was !== undefined && is === undefined ? [{ action: "delete", before: was } as const] : [],
      );
      const rest = all.flatMap(({ was, is }) => (is === undefined ? [] : [changeTo(is, was)]));
      return [...gone, ...rest];
    },
  };
}

function add(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [entry]);
  else if (!present.includes(entry)) present.push(entry);
}

function standing(entries: readonly Entry[] | undefined): readonly ObservedRecordSet[] {
  return (entries ?? []).flatMap(({ is }) => (is === undefined ? [] : [is]));
}

function changeTo(is: ObservedRecordSet, was: ObservedRecordSet | undefined): DnsRecordChange {
  const { marker = "", ...record } = is;
  if (was === undefined) return { action: "create", record, marker };
  return { action: "update", record, before: was, marker };
}

/**
 * Writes a wanted record into a draft: what carries its marker elsewhere goes, and so does what is ours and in its way.
 *
 * @returns the records of others that are in its way; the draft is as it was then.
 */
export function placeRecord(
  draft: ZoneDraft,
  wanted: WantedRecord,
  rules: DiffRules,
): readonly ObservedRecordSet[] {
  const { record, marker } = wanted;
  const name = normaliseName(record.name);
  const beside = draft.at(name).filter((one) => isInTheWay(one, wanted, rules.zone));
  const foreign = beside.filter((one) => !rules.isOurs(one));
  if (foreign.length > 0) return foreign;
  const present =
    beside.find((one) => one.type === record.type && one.marker === marker) ??
    beside.find((one) => one.type === record.type);
  for (const one of [...beside, ...draft.marked(marker)]) {
    if (one !== present && rules.isOurs(one)) draft.remove(one);
  }
  if (present === undefined || present.marker !== marker || !isAsWanted(record, present)) {
    draft.put(record, marker, present);
  }
  return [];
}

/** Whether a record is at the place of another, or cannot stand beside it. Both have the same name. */
export function isInTheWay(one: ObservedRecordSet, wanted: WantedRecord, zone: string): boolean {
  const { type } = wanted.record;
  if (one.type === type) return true;
  if (wanted.alone === true && type === "A" && one.type === "AAAA") return true;
  return conflicts(one, wanted.record, normaliseName(wanted.record.name) === zone);
}

/** Whether a record says what is wanted, whichever way its vendor spells it; what is not wanted in particular may be. */
export function isAsWanted(wanted: DnsRecordSet, observed: ObservedRecordSet): boolean {
  return (
    wanted.type === observed.type &&
    normaliseName(wanted.name) === normaliseName(observed.name) &&
    sameValues(wanted, observed) &&
    (wanted.ttl === undefined || wanted.ttl === observed.ttl) &&
    Object.entries(wanted.extra ?? {}).every(([key, value]) => sameOption(value, observed.extra?.[key]))
  );
}

function sameValues(wanted: DnsRecordSet, observed: DnsRecordSet): boolean {
  if (wanted.values.length === 1 && observed.values.length === 1 && wanted.values[0] === observed.values[0])
    return true;
  const [one, other] = [wanted, observed].map(({ type, values }) => normaliseValues(type, values));
  return one!.length === other!.length && one!.every((value, index) => value === other![index]);
}

function sameOption(one: unknown, other: unknown): boolean {
  return Object.is(one, other) || JSON.stringify(one) === JSON.stringify(other);
}

/**
 * The changes that lead from the records of a zone to the wanted ones, by record set: what is ours and no longer wanted
 * goes, what is not ours is never touched. Pure, and linear in the number of records.
 *
 * @returns the changes, and the wanted records that records of others are in the way of, which are left out of them.
 */
export function diffRecords(
  wanted: readonly WantedRecord[],
  observed: readonly ObservedRecordSet[],
  rules: DiffRules,
): { readonly changes: readonly DnsRecordChange[]; readonly obstacles: readonly Obstacle[] } {
  const draft = draftZone(observed);
  const markers = new Set(wanted.map(({ marker }) => marker));
  // First what goes, so that it is in nobody's way.
  for (const one of observed) if (rules.isOurs(one) && !markers.has(one.marker ?? "")) draft.remove(one);
  const obstacles = wanted.flatMap((one) => {
    const inTheWay = placeRecord(draft, one, rules);
    return inTheWay.length === 0 ? [] : [{ wanted: one, inTheWay }];
  });
  return { changes: draft.changes(), obstacles };
}

/** What a zone holds after these changes, as a vendor that does exactly what it is told would have it. */
export function applyChanges(
  records: readonly ObservedRecordSet[],
  changes: readonly DnsRecordChange[],
): readonly ObservedRecordSet[] {
  const result = new Map(records.map((record) => [placeOf(record), record]));
  for (const change of changes) {
    if (change.action !== "create") result.delete(placeOf(change.before));
    if (change.action !== "delete") {
      result.set(placeOf(change.record), { ...change.record, marker: change.marker });
    }
  }
  return [...result.values()];
}

function placeOf({ name, type }: DnsRecordSet): string {
  return `${normaliseName(name)} ${type}`;
}

import { normaliseName } from "./dns-values.js";
import type { DnsRecordSet, DnsRecordType, ObservedRecordSet } from "./traffic.js";

/** The records of a zone by what they are looked for with. */
export interface ZoneIndex {
  readonly byName: ReadonlyMap<string, readonly ObservedRecordSet[]>;
  readonly byMarker: ReadonlyMap<string, readonly ObservedRecordSet[]>;
}

// Keyed by the list itself: all records of a plan look into one list, and ten thousand of them must not walk it each.
const indexes = new WeakMap<readonly ObservedRecordSet[], ZoneIndex>();

/** The index of a listed zone, made once for each list. */
export function indexOf(records: readonly ObservedRecordSet[]): ZoneIndex {
  const known = indexes.get(records);
  if (known !== undefined) return known;
  const byName = new Map<string, ObservedRecordSet[]>();
  const byMarker = new Map<string, ObservedRecordSet[]>();
  for (const record of records) {
    push(byName, normaliseName(record.name), record);
    if (record.marker !== undefined) push(byMarker, record.marker, record);
  }
  const index = { byName, byMarker };
  indexes.set(records, index);
  return index;
}

function push(map: Map<string, ObservedRecordSet[]>, key: string, record: ObservedRecordSet): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [record]);
  else present.push(record);
}

const zoneSets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The zone which holds `host`: the longest of `zones` that it ends with. */
export function findZone(zones: readonly string[], host: string): string | undefined {
  let known = zoneSets.get(zones);
  if (known === undefined) {
    known = new Set(zones.map(normaliseName));
    zoneSets.set(zones, known);
  }
  for (const name of nameAndParents(normaliseName(host))) if (known.has(name)) return name;
  return undefined;
}

/** A name, its parent, and so on, down to the last label. */
export function nameAndParents(name: string): readonly string[] {
  const found = [name];
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    found.push(name.slice(dot + 1));
  }
  return found;
}

/**
 * The NS records inside the zone that give `name` away to other servers: what is written below them is never asked for.
 */
export function delegationOf(
  at: (name: string) => readonly ObservedRecordSet[] | undefined,
  name: string,
  zone: string,
): ObservedRecordSet | undefined {
  for (const one of nameAndParents(name)) {
    if (one === zone) return undefined;
    const servers = at(one)?.find(({ type }) => type === "NS");
    if (servers !== undefined) return servers;
  }
  return undefined;
}

const addressTypes: readonly DnsRecordType[] = ["A", "AAAA", "CNAME", "ALIAS"];

/** Whether a record of this type says where a host is. */
export function saysWhere(type: DnsRecordType): boolean {
  return addressTypes.includes(type);
}

/**
 * Whether two record sets of one name cannot stand side by side.
 *
 * A CNAME tolerates nothing beside it, except at a zone's root, where vendors flatten it to addresses.
 */
export function conflicts(
  one: Pick<DnsRecordSet, "type">,
  other: Pick<DnsRecordSet, "type">,
  atApex: boolean,
): boolean {
  if (one.type === other.type) return false;
  if (saysWhere(one.type) && saysWhere(other.type)) {
    return !(isAddress(one.type) && isAddress(other.type));
  }
  return [one.type, other.type].includes("CNAME") && !atApex;
}

function isAddress(type: DnsRecordType): boolean {
  return type === "A" || type === "AAAA";
}

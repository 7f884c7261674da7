import {
  type DnsRecordSet,
  type DnsRecordType,
  encodeText,
  normaliseName,
  normaliseValues,
  type ObservedRecordSet,
} from "@deploy/core";
import type { BatchPatchParam, RecordResponse } from "cloudflare/resources/dns/records";

/** Types of record that Cloudflare's API and core both know. */
export const types: readonly DnsRecordType[] = ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "NS", "SRV"];

/** Types that Cloudflare can stand in front of. */
export const proxiable: ReadonlySet<DnsRecordType> = new Set(["A", "AAAA", "CNAME"]);

/** One record as the API holds it: a single value. */
export type Held = Pick<RecordResponse, "id" | "name" | "type" | "ttl"> & {
  readonly content?: string;
  readonly priority?: number;
  readonly data?: object;
  readonly proxied?: boolean;
  readonly comment?: string | null;
};

/** A record without an id, as it is written: name, type and TTL always, since the API wants them in patches too. */
export type Written = Omit<BatchPatchParam, "id">;

/** Seconds that stand for "automatic": https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl. */
const automatic = 1;

/** The value of a record, as core compares it. */
export function readValue({ type, content = "", priority, data }: Held): string {
  const parts = data as { priority?: number; weight?: number; port?: number; target?: string };
  const said =
    type === "MX"
      ? `${priority} ${content}`
      : type === "SRV"
        ? [parts.priority, parts.weight, parts.port, parts.target].join(" ")
        : content;
  return normaliseValues(type as DnsRecordType, [said])[0] ?? said;
}

/** Records that belong to one set: one name, one type, one marker. Types that core cannot plan are listed too. */
export function toSets(records: readonly Held[]): readonly ObservedRecordSet[] {
  const sets = new Map<string, ObservedRecordSet & { values: string[] }>();
  for (const record of records) {
    const { name, ttl, comment, proxied } = record;
    const type = record.type as DnsRecordType;
    const key = `${name} ${type} ${comment ?? ""}`;
    const set = sets.get(key);
    if (set !== undefined) set.values.push(readValue(record));
    else {
      sets.set(key, {
        name,
        type,
        values: [readValue(record)],
        ...(ttl === automatic ? {} : { ttl }),
        ...(proxiable.has(type) ? { extra: { proxied: proxied === true } } : {}),
        ...(comment == null || comment === "" ? {} : { marker: comment }),
      });
    }
  }
  return [...sets.values()];
}

/** The records that a set consists of, by their values as core compares them. */
export function toRecords(set: DnsRecordSet, comment: string): ReadonlyMap<string, Written> {
  const { type, ttl = automatic, extra } = set;
  const proxied = proxiable.has(type) ? { proxied: extra?.proxied === true } : {};
  const common = { name: normaliseName(set.name), type, ttl, comment, ...proxied };
  return new Map(
    normaliseValues(type, set.values).map((value) => [
      value,
      { ...common, ...contentOf(type, value) } as Written,
    ]),
  );
}

function contentOf(type: DnsRecordType, value: string): object {
  if (type === "TXT") return { content: encodeText(value) };
  const [first = "", second = "", third = "", ...rest] = value.split(" ");
  if (type === "MX") return { content: second, priority: Number(first) };
  if (type === "CAA")
    return { data: { flags: Number(first), tag: second, value: [third, ...rest].join(" ") } };
  if (type !== "SRV") return { content: value };
  return { data: { priority: Number(first), weight: Number(second), port: Number(third), target: rest[0] } };
}

/** What tells whether a record is as it should be: what it says, how, and whose it is. */
export function sameRecord(held: Held, written: Written): boolean {
  const { ttl, comment, proxied } = written as Held;
  return (
    held.ttl === ttl && (held.comment ?? "") === comment && (held.proxied ?? false) === (proxied ?? false)
  );
}

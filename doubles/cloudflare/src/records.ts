import { randomBytes } from "node:crypto";
import { readContent } from "./content.js";
import { invalid, refuse } from "./http.js";
import { batchLimit, type CloudflareRecord, type CloudflareZone, commentLimit } from "./state.js";

type Fields = Readonly<Record<string, unknown>>;

/** The operations of a batch, in the order in which Cloudflare runs them. */
export interface Operations {
  readonly deletes: readonly Fields[];
  readonly patches: readonly Fields[];
  readonly puts: readonly Fields[];
  readonly posts: readonly Fields[];
}

/** What a batch has done, and the records as they are afterwards. */
export interface Outcome {
  readonly records: ReadonlyMap<string, CloudflareRecord>;
  readonly done: Readonly<Record<keyof Operations, readonly CloudflareRecord[]>>;
}

const proxiable: ReadonlySet<string> = new Set(["A", "AAAA", "CNAME"]);
const exclusive: ReadonlySet<string> = proxiable;

/** 32 hexadecimal digits, as all of Cloudflare's ids. */
export function newId(): string {
  return randomBytes(16).toString("hex");
}

/** Runs all operations on a copy of the zone's records, or throws a refusal at the first that fails. */
export function runBatch(zone: CloudflareZone, operations: Operations, now: number): Outcome {
  const { deletes, patches, puts, posts } = operations;
  const count = deletes.length + patches.length + puts.length + posts.length;
  if (count > batchLimit(zone.plan)) {
    refuse(400, 1004, `A batch on this plan holds at most ${batchLimit(zone.plan)} operations.`);
  }
  const table = open(zone);
  const time = new Date(now).toISOString();
  const done = {
    deletes: deletes.map(({ id }) => table.remove(String(id))),
    patches: patches.map((fields) => {
      const before = table.take(fields.id);
      return table.put(describe(zone, { ...before, ...fields }, time, before));
    }),
    puts: puts.map((fields) => table.put(describe(zone, fields, time, table.take(fields.id)))),
    posts: posts.map((fields) => table.put(describe(zone, fields, time))),
  };
  const { records } = table;
  if (zone.quota !== null && records.size > zone.quota && records.size > zone.records.size) {
    refuse(400, 81_045, "Record quota exceeded.");
  }
  return { records, done };
}

/** The records of a zone, as a copy that can be changed, with what stands at each name. */
function open(zone: CloudflareZone) {
  const records = new Map(zone.records);
  const byName = new Map<string, Set<CloudflareRecord>>();
  const enter = (record: CloudflareRecord): void => {
    const there = byName.get(record.name);
    if (there === undefined) byName.set(record.name, new Set([record]));
    else there.add(record);
  };
  for (const record of records.values()) enter(record);
  const take = (id: unknown): CloudflareRecord =>
    records.get(String(id)) ?? refuse(404, 81_044, "Record does not exist.");
  const leave = (record: CloudflareRecord): void => {
    byName.get(record.name)?.delete(record);
  };
  return {
    records,
    take,
    remove(id: string): CloudflareRecord {
      const record = take(id);
      leave(record);
      records.delete(id);
      return record;
    },
    put(record: CloudflareRecord): CloudflareRecord {
      const before = records.get(record.id);
      if (before !== undefined) leave(before);
      for (const other of byName.get(record.name) ?? []) refuseBeside(record, other);
      records.set(record.id, record);
      enter(record);
      return record;
    },
  };
}

function refuseBeside(record: CloudflareRecord, other: CloudflareRecord): void {
  const isCname = record.type === "CNAME" || other.type === "CNAME";
  if (isCname && exclusive.has(record.type) && exclusive.has(other.type)) {
    refuse(400, 81_053, "An A, AAAA, or CNAME record with that host already exists.");
  }
  if (record.type !== other.type) return;
  if (record.content !== other.content || record.priority !== other.priority) return;
  if (record.ttl === other.ttl && record.proxied === other.proxied) {
    refuse(400, 81_058, "An identical record already exists.");
  }
  refuse(400, 81_057, "The record already exists.");
}

/** A record as it is kept: checked, with Cloudflare's defaults in it. */
function describe(
  zone: CloudflareZone,
  fields: Fields,
  time: string,
  before?: CloudflareRecord,
): CloudflareRecord {
  const type = String(fields.type ?? "");
  const name = nameIn(zone.name, String(fields.name ?? ""));
  const content = readContent(type, name, fields);
  const proxied = fields.proxied === true;
  if (proxied && !proxiable.has(type)) invalid(9004, "This record type cannot be proxied.");
  const comment = commentOf(zone, fields.comment);
  const tags = (fields.tags as readonly string[] | undefined) ?? [];
  if (tags.length > 0 && zone.plan === "free")
    refuse(400, 9300, "DNS record has 1 tags, exceeding the quota of 0.");
  const settings = (fields.settings as Fields | undefined) ?? {};
  if (settings.flatten_cname === true && (zone.plan === "free" || proxied)) {
    invalid(9300, "flatten_cname is not available for this record.");
  }
  return {
    id: before?.id ?? newId(),
    name,
    type,
    ...content,
    proxied,
    ttl: proxied ? 1 : timeToLive(zone, fields.ttl),
    settings,
    comment,
    tags,
    created_on: before?.created_on ?? time,
    modified_on: time,
    ...(comment === null
      ? {}
      : { comment_modified_on: comment === before?.comment ? (before.comment_modified_on ?? time) : time }),
  };
}

function commentOf(zone: CloudflareZone, said: unknown): string | null {
  if (typeof said !== "string" || said === "") return null;
  if (said.length > commentLimit(zone.plan)) {
    refuse(400, 9313, `DNS record comment exceeds the limit of ${commentLimit(zone.plan)} characters.`);
  }
  if (/[\r\n]/.test(said)) refuse(400, 9313, "DNS record comment must not contain new lines.");
  return said;
}

function timeToLive(zone: CloudflareZone, said: unknown): number {
  const ttl = said === undefined ? 1 : Number(said);
  const least = zone.plan === "enterprise" ? 30 : 60;
  if (ttl === 1 || (Number.isInteger(ttl) && ttl >= least && ttl <= 86_400)) return ttl;
  return invalid(9021, `Invalid TTL. Must be between ${least} and 86400 seconds, or 1 for Automatic.`);
}

function nameIn(zone: string, said: string): string {
  const ascii = toAscii(said.replace(/\.$/, "").toLowerCase());
  if (ascii === "@" || ascii === zone) return zone;
  const full = ascii.endsWith(`.${zone}`) ? ascii : `${ascii}.${zone}`;
  const labels = full.split(".");
  if (full.length > 253 || labels.some((label) => label === "" || label.length > 63)) {
    invalid(9000, "DNS name is invalid.");
  }
  if (labels.slice(1).includes("*")) invalid(9000, "DNS name is invalid.");
  return full;
}

/** Punycode, label by label: the URL parser refuses underscores in some places and stars in all. */
function toAscii(name: string): string {
  return name
    .split(".")
    .map((label) => (/^[\x21-\x7e]*$/.test(label) ? label : new URL(`http://${label}`).hostname))
    .join(".");
}

/** A record as it is answered. */
export function showRecord(record: CloudflareRecord): unknown {
  return { ...record, proxiable: proxiable.has(record.type), meta: {} };
}

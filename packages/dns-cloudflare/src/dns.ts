import { type Context, DeployError, type Dns, type DnsRecordChange, normaliseName } from "@deploy/core";
import type { Api, Zone } from "./api.js";
import { conflictCodes } from "./errors.js";
import {
  type Held,
  proxiable,
  readValue,
  sameRecord,
  toRecords,
  toSets,
  types,
  type Written,
} from "./records.js";

/** Records asked for in a page: what Cloudflare gives is in the answer, 5,000 by its documentation. */
const pageSize = 5000;

/** What is to be done to the records of one name. */
interface Operations {
  readonly deletes: { id: string }[];
  readonly patches: ({ id: string } & Written)[];
  readonly posts: Written[];
}

/** Element six, second part. `isProxied` says of a host whether its records are proxied where they do not say it. */
export function createDns(
  api: Api,
  isProxied: (host: string) => boolean,
): Omit<Dns, "inspect" | "edge" | "redirect"> {
  const read = (context: Context, zone: Zone, name?: string): Promise<readonly Held[]> => {
    const query = {
      zone_id: zone.id,
      ...(name === undefined ? { per_page: pageSize } : { name: { exact: name } }),
    };
    return api.pages<Held>(context, "list", zone.name, (sdk, page, signal) =>
      sdk.dns.records.list({ ...query, page }, signal),
    );
  };

  const send = async (context: Context, zone: Zone, chunk: Operations): Promise<void> => {
    try {
      await api.ask(context, "batch", zone.name, (sdk, signal) =>
        sdk.dns.records.batch(
          { zone_id: zone.id, ...chunk } as Parameters<typeof sdk.dns.records.batch>[0],
          signal,
        ),
      );
    } catch (error) {
      if (!DeployError.is(error) || error.code !== "cloudflare.quota") throw error;
      const used = await api.ask(context, "usage", zone.name, (sdk, signal) =>
        sdk.dns.usage.zone.get({ zone_id: zone.id }, signal),
      );
      const { code, hint, details } = error;
      const message = `${zone.name} holds ${used.record_usage} of the ${used.record_quota} records of its plan: ${chunk.posts.length} more do not fit.`;
      throw new DeployError({
        code,
        message,
        details,
        cause: error,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  };

  return {
    capabilities: {
      apex: "flatten",
      types,
      wildcards: true,
      redirects: true,
      ttl: { least: 60, most: 86_400 },
    },
    zones: async (context) => (await api.zones(context)).map(({ name }) => name),
    list: async (context, zone) => toSets(await read(context, await api.zone(context, zone))),
    nameServers: async (context, zone) => (await api.zone(context, zone)).name_servers,

    prepare(record) {
      const asked = record.extra?.proxied;
      const may = proxiable.has(record.type) && record.use !== "proof";
      if (asked === true && !may) {
        const why = record.use === "proof" ? "a record that proves something" : `a ${record.type} record`;
        throw unsupported(`${record.name} cannot be proxied: it is ${why}.`, "Leave `proxied` out.");
      }
      if (record.type === "TXT" && record.values.includes("")) {
        throw unsupported(`${record.name} cannot be an empty text at Cloudflare.`, "Give it a text.");
      }
      if (!proxiable.has(record.type)) return record;
      const proxied = may && (typeof asked === "boolean" ? asked : isProxied(normaliseName(record.name)));
      const { ttl, ...rest } = record;
      // The TTL of what is proxied is Cloudflare's own.
      return {
        ...rest,
        ...(ttl === undefined || proxied ? {} : { ttl }),
        extra: { ...record.extra, proxied },
      };
    },

    async apply(context, zoneName, changes) {
      const zone = await api.zone(context, zoneName);
      const names = new Set(changes.flatMap(placesOf).map(([name]) => name));
      const only = names.size === 1 ? [...names][0] : undefined;
      for (let attempt = 1; ; attempt += 1) {
        const groups = operationsFor(await read(context, zone, only), changes);
        // https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/#availability-and-limits
        const chunks = pack(groups, (zone.plan.legacy_id ?? "free") === "free" ? 200 : 3500);
        try {
          for (const chunk of chunks) await send(context, zone, chunk);
          return;
        } catch (error) {
          // Somebody was quicker, or an answer was lost on the way: what is there now decides what is left to do.
          if (attempt > 1 || !isConflict(error)) throw error;
        }
      }
    },
  };
}

/** The names that a change is about, and the types; the last is where it leads. */
function placesOf(change: DnsRecordChange): readonly (readonly [name: string, type: string])[] {
  const sets = [
    ...(change.action === "create" ? [] : [change.before]),
    ...(change.action === "delete" ? [] : [change.record]),
  ];
  return sets.map(({ name, type }) => [normaliseName(name), type]);
}

/** What is left to be done, by name: only to records with a marker that the change knows, never to what others have. */
function operationsFor(held: readonly Held[], changes: readonly DnsRecordChange[]): readonly Operations[] {
  const byPlace = new Map<string, Held[]>();
  for (const record of held) {
    const place = `${record.name} ${record.type}`;
    const there = byPlace.get(place);
    if (there === undefined) byPlace.set(place, [record]);
    else there.push(record);
  }
  const groups = new Map<string, Operations>();
  const taken = new Set<Held>();
  for (const change of changes) {
    const before = change.action === "create" ? undefined : (change.before.marker ?? "");
    const after = change.action === "delete" ? undefined : change.marker;
    const ours: Held[] = [];
    let group: Operations | undefined;
    for (const [name, type] of placesOf(change)) {
      group ??= groups.get(name) ?? { deletes: [], patches: [], posts: [] };
      groups.set(name, group);
      for (const record of byPlace.get(`${name} ${type}`) ?? []) {
        const marker = record.comment ?? "";
        if (taken.has(record) || (marker !== before && marker !== after)) continue;
        taken.add(record);
        ours.push(record);
      }
    }
    if (group !== undefined) {
      settle(group, ours, change.action === "delete" ? new Map() : toRecords(change.record, change.marker));
    }
  }
  return [...new Set(groups.values())];
}

/** Same values first, then one that goes for one that comes: a patch keeps the tags and settings somebody gave it. */
function settle(group: Operations, ours: readonly Held[], wanted: ReadonlyMap<string, Written>): void {
  const missing = new Map(wanted);
  const spare: Held[] = [];
  for (const record of ours) {
    const value = readValue(record);
    const same = missing.get(value);
    if (same === undefined || !fits(record, same)) spare.push(record);
    else {
      missing.delete(value);
      if (!sameRecord(record, same)) group.patches.push({ id: record.id, ...same });
    }
  }
  for (const record of missing.values()) {
    const at = spare.findIndex((one) => fits(one, record));
    const [free] = at < 0 ? [] : spare.splice(at, 1);
    if (free === undefined) group.posts.push(record);
    else group.patches.push({ id: free.id, ...record });
  }
  for (const { id } of spare) group.deletes.push({ id });
}

/** Whether a record can become another by a patch: a type stays what it is. */
function fits(held: Held, wanted: Written): boolean {
  return held.type === wanted.type && held.name === wanted.name;
}

/** As few transactions as the plan allows; the records of one name stay together, so that it is never without. */
function pack(groups: readonly Operations[], most: number): readonly Operations[] {
  const chunks: Operations[] = [];
  let size = most;
  for (const group of groups) {
    const count = group.deletes.length + group.patches.length + group.posts.length;
    if (count === 0) continue;
    if (size + count > most) {
      chunks.push({ deletes: [], patches: [], posts: [] });
      size = 0;
    }
    const chunk = chunks[chunks.length - 1] as Operations;
    chunk.deletes.push(...group.deletes);
    chunk.patches.push(...group.patches);
    chunk.posts.push(...group.posts);
    size += count;
  }
  return chunks;
}

function isConflict(error: unknown): boolean {
  const codes = DeployError.is(error) ? (error.details.codes as readonly number[] | undefined) : undefined;
  return codes?.some((code) => conflictCodes.includes(code)) === true;
}

function unsupported(message: string, hint: string): DeployError {
  return new DeployError({ code: "dns.unsupported-record", message, hint });
}

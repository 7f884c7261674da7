import {
  type Context,
  DeployError,
  type Dns,
  type DnsRecordChange,
  type DnsRecordSet,
  normaliseName,
  normaliseValues,
} from "@deploy/core";
import type { Api, Zone } from "./api.js";
import { conflictCodes } from "./errors.js";
import {
  type Held,
  proxiable,
  sameRecord,
  textOf,
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
export function createDns(api: Api, isProxied: (host: string) => boolean): Omit<Dns, "inspect" | "edge"> {
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
      redirects: {
        no: "redirects at its edge are rulesets, which this plugin does not write",
        link: "https://developers.cloudflare.com/rules/url-forwarding/",
      },
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
      const names = new Set(changes.flatMap(placesOf).map(({ name }) => normaliseName(name)));
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

/** The names and types that a change is about. */
function placesOf(change: DnsRecordChange): readonly DnsRecordSet[] {
  if (change.action === "delete") return [change.before];
  return change.action === "create" ? [change.record] : [change.before, change.record];
}

/** What is left to be done, by name: only to records with a marker that the change knows, never to what others have. */
function operationsFor(held: readonly Held[], changes: readonly DnsRecordChange[]): readonly Operations[] {
  const place = ({ name, type }: { name: string; type: string }): string => `${normaliseName(name)} ${type}`;
  const byPlace = new Map<string, Held[]>();
  for (const record of held) {
    const there = byPlace.get(place(record));
    if (there === undefined) byPlace.set(place(record), [record]);
    else there.push(record);
  }
  const groups = new Map<string, Operations>();
  const gone = new Set<string>();
  for (const change of changes) {
    const markers = [
      ...(change.action === "create" ? [] : [change.before.marker ?? ""]),
      ...(change.action === "delete" ? [] : [change.marker]),
    ];
    const isOurs = ({ id, comment }: Held): boolean => markers.includes(comment ?? "") && !gone.has(id);
    const places = [...new Set(placesOf(change).map(place))];
    const ours = places.flatMap((key) => (byPlace.get(key) ?? []).filter(isOurs));
    const wanted = change.action === "delete" ? [] : toRecords(change.record, change.marker);
    const name = normaliseName(placesOf(change)[0]?.name ?? "");
    const group = groups.get(name) ?? { deletes: [], patches: [], posts: [] };
    groups.set(name, group);
    for (const { id } of ours) gone.add(id);
    settle(group, ours, wanted);
  }
  return [...groups.values()];
}

/** Same values first, then one that goes for one that comes: a patch keeps the tags and settings somebody gave it. */
function settle(group: Operations, ours: readonly Held[], wanted: readonly Written[]): void {
  const key = (record: Held): string =>
    [normaliseName(record.name), record.type, ...normaliseValues(record.type as "A", [textOf(record)])].join(
      " ",
    );
  const left = new Map(ours.map((record) => [key(record), record]));
  const spare = new Set(ours);
  const missing = wanted.filter((record) => {
    const same = left.get(key(asHeld(record)));
    if (same === undefined) return true;
    spare.delete(same);
    if (!sameRecord(same, record)) group.patches.push({ id: same.id, ...record });
    return false;
  });
  for (const record of missing) {
    const free = [...spare].find(
      ({ name, type }) => type === record.type && normaliseName(name) === record.name,
    );
    if (free === undefined) group.posts.push(record);
    else {
      spare.delete(free);
      group.patches.push({ id: free.id, ...record });
    }
  }
  for (const { id } of spare) group.deletes.push({ id });
}

function asHeld(record: Written): Held {
  const data = (record as { data?: { flags?: number; tag?: string; value?: string } }).data;
  const content = record.type === "CAA" ? { content: `${data?.flags} ${data?.tag} ${data?.value}` } : {};
  return { id: "", ...(record as Omit<Held, "id">), ...content };
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

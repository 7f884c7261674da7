import {
  type Context,
  DeployError,
  type Dns,
  type DnsRecordChange,
  type DnsRecordSet,
  normaliseName,
} from "@deploy/core";
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
    return api.pages<Held>(
      context,
      "list",
      zone.name,
      (sdk, page, signal) => sdk.dns.records.list({ ...query, page }, signal),
      name === undefined ? `records of ${zone.id}` : undefined,
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
      const only = onlyName(changes);
      // https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/#availability-and-limits
      const most = (zone.plan.legacy_id ?? "free") === "free" ? 200 : 3500;
      let intents: readonly Intent[] | undefined;
      for (let attempt = 1; ; attempt += 1) {
        // What can be made ready while Cloudflare is at it is: of 3,500 records that is as much as half a call.
        const [held, intended] = await Promise.all([
          read(context, zone, only),
          intents ?? meanwhile(() => changes.map(intentOf)),
        ]);
        intents = intended;
        const chunks = pack(differencesOf(held, intended), most);
        try {
          for (let chunk = chunks.next(); chunk.done !== true; ) {
            const sent = send(context, zone, chunk.value);
            [, chunk] = await Promise.all([sent, meanwhile(() => chunks.next())]);
          }
          return;
        } catch (error) {
          // Somebody was quicker, or an answer was lost on the way: what is there now decides what is left to do.
          if (attempt > 1 || !isConflict(error)) throw error;
        }
      }
    },
  };
}

/** What a change wants, worked out once. */
interface Intent {
  /** Names and types that it is about; the last is where it leads. */
  readonly places: readonly (readonly [name: string, type: string])[];
  /** Markers of the records that it may touch. */
  readonly markers: ReadonlySet<string>;
  /** By their values as core compares them. */
  readonly wanted: ReadonlyMap<string, Written>;
}

/** The records that a change has, beside those that it wants. */
interface Difference {
  readonly ours: readonly Held[];
  readonly wanted: ReadonlyMap<string, Written>;
}

/** Does work of our own once what was begun before it is on its way. */
async function meanwhile<T>(work: () => T): Promise<T> {
  await new Promise((resolve) => setImmediate(resolve));
  return work();
}

function setsOf(change: DnsRecordChange): readonly DnsRecordSet[] {
  return [
    ...(change.action === "create" ? [] : [change.before]),
    ...(change.action === "delete" ? [] : [change.record]),
  ];
}

/** The name that all changes are about, where there is but one. */
function onlyName(changes: readonly DnsRecordChange[]): string | undefined {
  const names = new Set<string>();
  for (const change of changes) {
    for (const { name } of setsOf(change)) names.add(normaliseName(name));
    if (names.size > 1) return undefined;
  }
  return [...names][0];
}

function intentOf(change: DnsRecordChange): Intent {
  const markers = new Set<string>();
  if (change.action !== "create") markers.add(change.before.marker ?? "");
  if (change.action !== "delete") markers.add(change.marker);
  return {
    places: setsOf(change).map(({ name, type }) => [normaliseName(name), type]),
    markers,
    wanted: change.action === "delete" ? new Map() : toRecords(change.record, change.marker),
  };
}

/** What is left to be done, by name: only to records with a marker that the change knows, never to what others have. */
function differencesOf(
  held: readonly Held[],
  intents: readonly Intent[],
): readonly (readonly Difference[])[] {
  const byName = new Map<string, Held[]>();
  for (const record of held) {
    const there = byName.get(record.name);
    if (there === undefined) byName.set(record.name, [record]);
    else there.push(record);
  }
  const groups = new Map<string, Difference[]>();
  const taken = new Set<Held>();
  for (const { places, markers, wanted } of intents) {
    const ours: Held[] = [];
    let group: Difference[] | undefined;
    for (const [name, type] of places) {
      group ??= groups.get(name) ?? [];
      groups.set(name, group);
      for (const record of byName.get(name) ?? []) {
        if (record.type !== type || taken.has(record) || !markers.has(record.comment ?? "")) continue;
        taken.add(record);
        ours.push(record);
      }
    }
    group?.push({ ours, wanted });
  }
  return [...new Set(groups.values())];
}

/** Same values first, then one that goes for one that comes: a patch keeps the tags and settings somebody gave it. */
function settle(group: Operations, { ours, wanted }: Difference): void {
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

/**
 * As few transactions as the plan allows, each worked out when it is asked for; the records of one name stay together, so
 * that it is never without.
 */
function* pack(groups: Iterable<readonly Difference[]>, most: number): Generator<Operations, void> {
  let chunk: Operations = { deletes: [], patches: [], posts: [] };
  for (const differences of groups) {
    const group: Operations = { deletes: [], patches: [], posts: [] };
    for (const difference of differences) settle(group, difference);
    if (sizeOf(chunk) > 0 && sizeOf(chunk) + sizeOf(group) > most) {
      yield chunk;
      chunk = { deletes: [], patches: [], posts: [] };
    }
    chunk.deletes.push(...group.deletes);
    chunk.patches.push(...group.patches);
    chunk.posts.push(...group.posts);
  }
  if (sizeOf(chunk) > 0) yield chunk;
}

function sizeOf({ deletes, patches, posts }: Operations): number {
  return deletes.length + patches.length + posts.length;
}

function isConflict(error: unknown): boolean {
  const codes = DeployError.is(error) ? (error.details.codes as readonly number[] | undefined) : undefined;
  return codes?.some((code) => conflictCodes.includes(code)) === true;
}

function unsupported(message: string, hint: string): DeployError {
  return new DeployError({ code: "dns.unsupported-record", message, hint });
}

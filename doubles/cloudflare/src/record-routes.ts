import { type Answer, type Call, paged, type Route } from "./http.js";
import { type Operations, type Outcome, runBatch, showRecord } from "./records.js";
import { serve } from "./served.js";
import type { CloudflareRecord, CloudflareZone } from "./state.js";
import type { World } from "./world.js";

const records = "/zones/{zone_id}/dns_records";
const none: Operations = { deletes: [], patches: [], puts: [], posts: [] };
const read = ["DNS Read", "DNS Write"];
const write = ["DNS Write"];

/** Changes a zone: after all that was begun before, and as one transaction, in PowerDNS too. */
export function change(
  world: World,
  zone: CloudflareZone,
  operations: Partial<Operations>,
): Promise<Outcome["done"]> {
  const run = async (): Promise<Outcome["done"]> => {
    const outcome = runBatch(zone, { ...none, ...operations }, world.now());
    if (world.dns !== undefined) await serve(world.dns, zone, zone.records, outcome.records);
    zone.records = outcome.records;
    return outcome.done;
  };
  const result = zone.lane.then(run, run);
  zone.lane = result.catch(() => undefined);
  return result;
}

/** Routes of records. */
export function recordRoutes(world: World): readonly Route[] {
  const one = async (operations: Partial<Operations>, call: Call): Promise<Answer> => {
    const done = await change(world, call.zone, operations);
    return { result: showRecord([...done.patches, ...done.puts, ...done.posts][0] as CloudflareRecord) };
  };
  const withId = (call: Call) => ({ ...call.body, id: call.params.dns_record_id });
  const path = `${records}/{dns_record_id}`;
  return [
    {
      method: "GET",
      path: records,
      permissions: read,
      handle: ({ zone, query }) => {
        const found = sorted(filtered([...zone.records.values()], query), query);
        const limits = { usual: 100, least: 1, most: world.largestPage };
        const page = paged(found, query, limits);
        return { ...page, result: (page.result as CloudflareRecord[]).map(showRecord) };
      },
    },
    {
      method: "POST",
      path: records,
      permissions: write,
      handle: (call) => one({ posts: [call.body] }, call),
    },
    {
      method: "POST",
      path: `${records}/batch`,
      permissions: write,
      handle: async ({ zone, body }) => {
        const done = await change(world, zone, body as Partial<Operations>);
        const shown = Object.entries(done).map(([kind, list]) => [kind, list.map(showRecord)]);
        return { result: Object.fromEntries(shown) };
      },
    },
    {
      method: "GET",
      path: `${records}/usage`,
      permissions: ["Zone DNS Settings Write", "Zone DNS Settings Read", ...read],
      handle: ({ zone }) => ({ result: { record_quota: zone.quota, record_usage: zone.records.size } }),
    },
    {
      method: "GET",
      path,
      permissions: read,
      handle: ({ zone, params }) => {
        const found = zone.records.get(params.dns_record_id ?? "");
        return found === undefined ? missing() : { result: showRecord(found) };
      },
    },
    { method: "PATCH", path, permissions: write, handle: (call) => one({ patches: [withId(call)] }, call) },
    { method: "PUT", path, permissions: write, handle: (call) => one({ puts: [withId(call)] }, call) },
    {
      method: "DELETE",
      path,
      permissions: write,
      handle: async (call) => {
        const id = call.params.dns_record_id;
        await change(world, call.zone, { deletes: [{ id }] });
        return { result: { id } };
      },
    },
  ];
}

function missing(): never {
  throw { refusal: true, status: 404, errors: [{ code: 81_044, message: "Record does not exist." }] };
}

type Test = (value: string, wanted: string) => boolean;

const tests: Readonly<Record<string, Test>> = {
  exact: (value, wanted) => value === wanted,
  contains: (value, wanted) => value.includes(wanted),
  startswith: (value, wanted) => value.startsWith(wanted),
  endswith: (value, wanted) => value.endsWith(wanted),
};

/** Filters `field` and `field.test`, without regard to case; all of them, or with `match=any` one of them. */
function filtered(all: readonly CloudflareRecord[], query: URLSearchParams): CloudflareRecord[] {
  const conditions: ((record: CloudflareRecord) => boolean)[] = [];
  for (const [key, wanted] of query) {
    const [field = "", test = "exact"] = key.split(".");
    if (field === "type") conditions.push(({ type }) => type === wanted);
    if (field === "proxied") conditions.push(({ proxied }) => proxied === (wanted === "true"));
    if (field === "search") {
      conditions.push(({ name, content, comment }) =>
        [name, content, comment ?? ""].some((text) => text.toLowerCase().includes(wanted.toLowerCase())),
      );
    }
    if (field !== "name" && field !== "content" && field !== "comment") continue;
    if (test === "present") conditions.push(({ comment }) => comment !== null);
    else if (test === "absent") conditions.push(({ comment }) => comment === null);
    else {
      const passes = tests[test] ?? (() => false);
      conditions.push((record) => passes((record[field] ?? "").toLowerCase(), wanted.toLowerCase()));
    }
  }
  if (conditions.length === 0) return [...all];
  return query.get("match") === "any"
    ? all.filter((record) => conditions.some((condition) => condition(record)))
    : all.filter((record) => conditions.every((condition) => condition(record)));
}

function sorted(all: CloudflareRecord[], query: URLSearchParams): CloudflareRecord[] {
  const order = (query.get("order") ?? "type") as "type" | "name" | "content" | "ttl" | "proxied";
  const sign = query.get("direction") === "desc" ? -1 : 1;
  const key = (record: CloudflareRecord): string | number =>
    order === "ttl" ? record.ttl : order === "proxied" ? Number(record.proxied) : record[order];
  return all.sort((left, right) => {
    const [one, other] = [key(left), key(right)];
    return one === other ? 0 : one < other ? -sign : sign;
  });
}

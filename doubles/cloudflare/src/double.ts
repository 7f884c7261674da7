import { createPowerDns, type PowerDns } from "@deploy/powerdns-double";
import { createFaults, type Faults } from "./faults.js";
import { createJudge, type Violation } from "./judge.js";
import {
  type DoubleOptions,
  defaultSchema,
  everyPermission,
  type TokenInput,
  type ZoneInput,
} from "./options.js";
import { createRateLimit } from "./rate-limit.js";
import { change, recordRoutes } from "./record-routes.js";
import { newId } from "./records.js";
import { ruleOf, rulesetRoutes } from "./rulesets.js";
import { serveApi } from "./server.js";
import type { CloudflareRecord, CloudflareToken, CloudflareZone } from "./state.js";
import type { RecordedCall, World } from "./world.js";
import { zoneRoutes } from "./zone-routes.js";

/** A double of Cloudflare that runs on this machine. */
export interface CloudflareDouble {
  /** What `https://api.cloudflare.com/client/v4` is. */
  readonly url: string;
  /** The name server that its zones live in; undefined when it was told to have none. */
  readonly dns: PowerDns | undefined;
  /** What it knows, to be read, and changed where a test needs to. */
  readonly zones: readonly CloudflareZone[];
  readonly tokens: readonly CloudflareToken[];
  /** False when the published schema was not there: then nothing is judged, and `violations` stays empty. */
  readonly judged: boolean;
  /** Requests and answers which the published schema does not allow. */
  readonly violations: readonly Violation[];
  readonly faults: Faults;
  /** The calls that came, oldest first; may be emptied. */
  readonly calls: RecordedCall[];
  /** What went wrong inside the double; a test should find it empty. */
  readonly failures: readonly unknown[];
  /** Milliseconds a call takes at least; may be changed. */
  latency: number;
  addToken(input: TokenInput): CloudflareToken;
  addZone(input: ZoneInput): Promise<CloudflareZone>;
  /** The zone of a name; throws when there is none. */
  zone(name: string): CloudflareZone;
  /** Writes records past the API, as the dashboard does: fields as in a POST, all or none. */
  addRecords(
    zone: string,
    records: readonly Readonly<Record<string, unknown>>[],
  ): Promise<readonly CloudflareRecord[]>;
  /** Adds redirect rules past the API, as the dashboard does: fields as in a POST. */
  addRedirects(zone: string, rules: readonly Readonly<Record<string, unknown>>[]): void;
  /** Removes the records for which `chosen` is true past the API. */
  removeRecords(zone: string, chosen: (record: CloudflareRecord) => boolean): Promise<void>;
  close(): Promise<void>;
}

const firstAccount = "01a7362d577a6c3019a474fd6f485823";

/** Starts a double; it ends with `close`. */
export async function createCloudflareDouble(options: DoubleOptions = {}): Promise<CloudflareDouble> {
  const violations: Violation[] = [];
  const ownDns = options.dns === undefined ? await createPowerDns() : undefined;
  const world: World = {
    zones: [],
    tokens: [],
    calls: [],
    faults: createFaults(),
    rate: createRateLimit(options.callsPerFiveMinutes ?? 1200),
    judge: createJudge(options.schema ?? defaultSchema(), violations),
    dns: options.dns === false ? undefined : (options.dns ?? ownDns),
    failures: [],
    latency: options.latency ?? 0,
    largestPage: options.largestPage ?? 5000,
    now: options.now ?? Date.now,
  };
  const addToken = (input: TokenInput): CloudflareToken => {
    const token: CloudflareToken = {
      id: newId(),
      value: input.value,
      permissions: input.permissions ?? everyPermission,
      zones: input.zones,
      status: input.status ?? "active",
      account: input.account ?? firstAccount,
    };
    world.tokens.push(token);
    return token;
  };
  const addZone = async (input: ZoneInput): Promise<CloudflareZone> => {
    const plan = input.plan ?? "free";
    const zone: CloudflareZone = {
      id: newId(),
      name: input.name,
      account: input.account ?? firstAccount,
      plan,
      quota: input.quota === undefined ? (plan === "free" ? 200 : 3500) : input.quota,
      status: input.status ?? "active",
      nameServers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
      records: new Map(),
      ssl: "full",
      automaticMode: "custom",
      universalEnabled: true,
      packs: [
        {
          id: newId(),
          type: "universal",
          hosts: [input.name, `*.${input.name}`],
          status: "active",
          expires: "2099-01-01T05:20:00.12345Z",
        },
      ],
      redirects: undefined,
      lane: Promise.resolve(),
    };
    await world.dns?.createZone(zone.name, zone.nameServers);
    world.zones.push(zone);
    return zone;
  };
  const zone = (name: string): CloudflareZone => {
    const found = world.zones.find((one) => one.name === name);
    if (found === undefined) throw new Error(`The double has no zone ${name}.`);
    return found;
  };
  for (const input of options.tokens ?? [{ value: "token-of-owner" }]) addToken(input);
  for (const input of options.zones ?? [{ name: "example.org", quota: null }]) await addZone(input);
  const api = await serveApi(world, [...recordRoutes(world), ...zoneRoutes(world), ...rulesetRoutes(world)]);
  return {
    url: api.url,
    dns: world.dns,
    zones: world.zones,
    tokens: world.tokens,
    judged: world.judge !== undefined,
    violations,
    faults: world.faults,
    calls: world.calls,
    failures: world.failures,
    get latency() {
      return world.latency;
    },
    set latency(milliseconds) {
      world.latency = milliseconds;
    },
    addToken,
    addZone,
    zone,
    async addRecords(name, records) {
      // As many as there are: the limit of a batch is the API's.
      const added: CloudflareRecord[] = [];
      for (let from = 0; from < records.length; from += 200) {
        added.push(...(await change(world, zone(name), { posts: records.slice(from, from + 200) })).posts);
      }
      return added;
    },
    addRedirects(name, rules) {
      const at = new Date(world.now()).toISOString();
      const one = zone(name);
      const before = one.redirects ?? {
        id: newId(),
        name: "default",
        description: "",
        version: "0",
        rules: [],
      };
      const version = String(Number(before.version) + 1);
      const added = rules.map((fields) => ruleOf(fields, at));
      one.redirects = { ...before, version, last_updated: at, rules: [...before.rules, ...added] };
    },
    async removeRecords(name, chosen) {
      const ids = [...zone(name).records.values()].filter(chosen).map(({ id }) => ({ id }));
      for (let from = 0; from < ids.length; from += 200) {
        await change(world, zone(name), { deletes: ids.slice(from, from + 200) });
      }
    },
    async close() {
      await api.close();
      await ownDns?.stop();
    },
  };
}

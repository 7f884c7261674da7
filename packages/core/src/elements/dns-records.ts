import type { Context } from "../context.js";
import { isPlainObject } from "../engine/late.js";
import { type In, isOut, type Late, UNKNOWN } from "../engine/out.js";
import type { AnyResource, FieldChange, Foreign, Resource } from "../engine/resource.js";
import { DeployError } from "../errors.js";
import {
  type DnsProvider,
  describeOwner,
  inZoneLane,
  isOwnRecord,
  listRecords,
  listZones,
  recordId,
  recordMarker,
} from "./dns-ownership.js";
import { conflicts, findZone, normaliseName, normaliseValues } from "./dns-values.js";
import type { Scope } from "./scope.js";
import type { DnsRecordChange, DnsRecordSet, DnsRecordType, ObservedRecordSet } from "./traffic.js";

/** A record of ours as it is in its zone. */
export interface PlacedRecord extends ObservedRecordSet {
  readonly zone: string;
  /** More records with the same marker: left behind by a run that was killed between two steps. */
  readonly strays: readonly ObservedRecordSet[];
}

/** What a record may be told beyond what it says. */
export interface DnsRecordOptions {
  /** What has to be there before it is written: whatever a host name should not lead to too early. */
  readonly after?: readonly AnyResource[];
  /** What a person calls it. Default `record <host>`. */
  readonly label?: string;
}

/**
 * One record set as a node of the plan: the diff, ownership and conflicts of every DNS provider, which itself only
 * lists a zone and applies a batch.
 *
 * The record is found by its marker, so that its name may be late; what stands in its place without our marker is
 * foreign and blocks the plan. A CNAME at the root of a zone becomes what the provider's `apex` rule says.
 *
 * @param key what tells it apart in this scope, the same in every run: `www.example.org`.
 * @param host the host name it is for: decides the zone.
 *
 * Its verbs throw `dns.no-zone`, `dns.apex`, `dns.unsupported-type`, `dns.foreign-record`.
 */
export function dnsRecord(
  provider: DnsProvider,
  scope: Scope,
  key: string,
  host: string,
  record: In<DnsRecordSet>,
  options: DnsRecordOptions = {},
): Resource<DnsRecordSet, PlacedRecord> {
  const marker = recordMarker(scope, key);
  const id = recordId(provider, key);
  const { dns } = provider;
  const early = knownNow(record);

  const put = (context: Context, wanted: DnsRecordSet): Promise<PlacedRecord> =>
    zoneFor(context, provider, host).then((zone) =>
      inZoneLane(dns, zone, async () => {
        const target = place(provider, zone, wanted);
        const all = await dns.list(context, zone);
        const obstacle = all.find((one) => !isOwnRecord(scope, one) && isInTheWay(one, target, zone));
        if (obstacle !== undefined) throw foreignRecord(id, obstacle);
        const changes = changesFor(scope, all, target, zone, marker);
        if (changes.length > 0) await dns.apply(context, zone, changes);
        return { ...target, marker, zone, strays: [] };
      }),
    );

  return {
    id,
    label: options.label ?? `record ${normaliseName(host)}`,
    provider: provider.name,
    element: "dns",
    desired: record,
    ...(options.after === undefined ? {} : { after: options.after }),

    async read(context) {
      const zone = await zoneFor(context, provider, host);
      const all = await listRecords(context, provider, zone);
      const target = early === undefined ? undefined : place(provider, zone, early);
      const mine = all.filter((one) => one.marker === marker).map((one) => ({ ...one, zone, strays: [] }));
      const exact = target && mine.find((one) => isSamePlace(one, target));
      if (exact !== undefined) return { ...exact, strays: mine.filter((one) => one !== exact) };
      if (target !== undefined) {
        const inTheWay = all.filter((one) => !isOwnRecord(scope, one) && isInTheWay(one, target, zone));
        if (inTheWay.length > 0) return foreign(inTheWay, target, zone);
      }
      const [first, ...strays] = mine;
      return first === undefined ? undefined : { ...first, strays };
    },

    diff: (desired, observed) => differences(provider, desired, observed),
    create: put,
    update: (context, desired) => put(context, desired),

    async adopt(context) {
      const zone = await zoneFor(context, provider, host);
      return inZoneLane(dns, zone, async () => {
        const target = early === undefined ? undefined : place(provider, zone, early);
        const taken = (await dns.list(context, zone)).filter(
          (one) => one.marker !== marker && target !== undefined && isInTheWay(one, target, zone),
        );
        const [first, ...strays] = taken;
        if (first === undefined) {
          throw new DeployError({
            code: "dns.nothing-to-adopt",
            message: `The record that was to be adopted for ${host} is gone.`,
            hint: "Plan again, without --adopt.",
          });
        }
        await dns.apply(
          context,
          zone,
          taken.map((before) => ({ action: "update", record: plain(before), before, marker })),
        );
        return { ...first, marker, zone, strays };
      });
    },
  };
}

/** The record as far as it is known before anything is made: nothing, where its name or type is late. */
function knownNow(record: In<DnsRecordSet>): DnsRecordSet | undefined {
  return known(isOut(record) ? UNKNOWN : (record as Loose));
}

/** A record any leaf of which may be missing. */
type Loose = { readonly [Key in keyof DnsRecordSet]?: unknown };

/** What of a record is settled, as a record: late values and options are left out. */
function known(record: Loose | typeof UNKNOWN): DnsRecordSet | undefined {
  if (record === UNKNOWN) return undefined;
  const { name, type, values, ttl, extra, use } = record;
  if (typeof name !== "string" || typeof type !== "string") return undefined;
  const options = Object.entries(isPlainObject(extra) ? extra : {}).filter(
    ([, value]) => value !== UNKNOWN && !isOut(value),
  );
  return {
    name,
    type: type as DnsRecordType,
    values: Array.isArray(values) ? values.filter((value) => typeof value === "string") : [],
    ...(typeof ttl === "number" ? { ttl } : {}),
    ...(options.length === 0 ? {} : { extra: Object.fromEntries(options) }),
    ...(use === "proof" || use === "traffic" ? { use } : {}),
  };
}

/** The record as its vendor will hold it: at its place in the zone, with the vendor's own options and defaults. */
function place(provider: DnsProvider, zone: string, wanted: DnsRecordSet): DnsRecordSet {
  const target = inZone(provider, zone, wanted);
  const { ttl: limits } = provider.dns.capabilities;
  const ttl =
    limits === undefined || target.ttl === undefined
      ? {}
      : { ttl: Math.min(limits.most, Math.max(limits.least, target.ttl)) };
  return provider.dns.prepare?.({ ...target, ...ttl }, zone) ?? { ...target, ...ttl };
}

async function zoneFor(context: Context, provider: DnsProvider, host: string): Promise<string> {
  const zones = await listZones(context, provider);
  const zone = findZone(zones, host);
  if (zone !== undefined) return zone;
  throw new DeployError({
    code: "dns.no-zone",
    message: `${provider.name} holds no zone for ${host}.`,
    hint:
      zones.length === 0
        ? "These credentials reach no zone at all: check what they may see, or add the zone there."
        : `These credentials reach: ${zones.join(", ")}. Add the zone there, or use the provider that holds it.`,
    details: { host, zones },
  });
}

/** What the vendor has to be told, once it is known which zone the record is in. */
function inZone(provider: DnsProvider, zone: string, wanted: DnsRecordSet): DnsRecordSet {
  const { apex, types } = provider.dns.capabilities;
  const name = normaliseName(wanted.name);
  let type = wanted.type;
  if (type === "CNAME" && name === zone) {
    if (typeof apex === "object") throw apexRefused(provider, name);
    if (apex === "alias") type = "ALIAS";
  }
  if (!types.includes(type)) {
    throw new DeployError({
      code: "dns.unsupported-type",
      message: `${provider.name} cannot hold the ${type} record which ${name} needs.`,
      hint: `It holds ${types.join(", ")}. Use another DNS provider for this domain.`,
    });
  }
  return { ...wanted, name, type };
}

/**
 * The error for a host name that is the root of a zone where the DNS provider cannot lead a root to a host name.
 *
 * Code `dns.apex`.
 */
export function apexRefused(provider: DnsProvider, host: string): DeployError {
  const { apex } = provider.dns.capabilities;
  const reason = typeof apex === "object" ? `: ${apex.no}` : "";
  return new DeployError({
    code: "dns.apex",
    message: `${host} is the root of its zone, and ${provider.name} cannot lead a root to a host name${reason}.`,
    hint: `Use www.${host} and let ${host} redirect, or move the zone to a provider that flattens CNAMEs.`,
    ...(typeof apex === "object" && apex.link !== undefined ? { docs: apex.link } : {}),
  });
}

function isSamePlace(one: DnsRecordSet, other: DnsRecordSet): boolean {
  return normaliseName(one.name) === normaliseName(other.name) && one.type === other.type;
}

function isInTheWay(one: ObservedRecordSet, target: DnsRecordSet, zone: string): boolean {
  if (normaliseName(one.name) !== normaliseName(target.name)) return false;
  return one.type === target.type || conflicts(one, target, normaliseName(target.name) === zone);
}

function foreign(
  inTheWay: readonly ObservedRecordSet[],
  target: DnsRecordSet,
  zone: string,
): Foreign<PlacedRecord> {
  const first = inTheWay.find((one) => isSamePlace(one, target)) ?? inTheWay[0]!;
  const strays = inTheWay.filter((one) => one !== first);
  return { foreign: true, description: describe(inTheWay), observed: { ...first, zone, strays } };
}

function describe(records: readonly ObservedRecordSet[]): string {
  return records
    .map((one) => `${one.name} ${one.type} ${one.values.join(", ")} (${describeOwner(one)})`)
    .join("; ");
}

function foreignRecord(id: string, obstacle: ObservedRecordSet): DeployError {
  return new DeployError({
    code: "dns.foreign-record",
    message: `In the way: ${describe([obstacle])}.`,
    hint: `Remove it by hand, or take it over with --adopt ${id}.`,
    details: { name: obstacle.name, type: obstacle.type },
  });
}

/** From what is in the zone to what should be: removals first, since a CNAME tolerates nothing beside it. */
function changesFor(
  scope: Scope,
  all: readonly ObservedRecordSet[],
  target: DnsRecordSet,
  zone: string,
  marker: string,
): readonly DnsRecordChange[] {
  const own = all.filter((one) => isOwnRecord(scope, one));
  const present = own.find((one) => isSamePlace(one, target));
  const rest = own.filter((one) => one !== present && one.marker === marker);
  const blocking = own.filter(
    (one) => one !== present && one.marker !== marker && isInTheWay(one, target, zone),
  );
  const removals = [...rest, ...blocking].map((before) => ({ action: "delete", before }) as const);
  if (present === undefined) return [...removals, { action: "create", record: target, marker }];
  if (present.marker === marker && fieldChanges(target, present).length === 0) return removals;
  return [...removals, { action: "update", record: target, before: present, marker }];
}

function differences(
  provider: DnsProvider,
  desired: Late<DnsRecordSet>,
  observed: PlacedRecord,
): readonly FieldChange[] {
  const strays = observed.strays.map((one) => ({ path: `${one.type} ${one.name}`, from: one.values }));
  if (desired === UNKNOWN) return [{ path: "values", from: observed.values, unknown: true }, ...strays];
  const settled = known(desired);
  const wanted =
    settled === undefined ? desired : withUnknown(place(provider, observed.zone, settled), desired);
  return [...fieldChanges(wanted, observed), ...strays];
}

/** What is placed has only known leaves: the late ones come back, to be shown as such. */
function withUnknown(
  placed: DnsRecordSet,
  desired: Exclude<Late<DnsRecordSet>, typeof UNKNOWN>,
): Exclude<Late<DnsRecordSet>, typeof UNKNOWN> {
  const { values, extra } = desired;
  const late = (extra as unknown) === UNKNOWN || extra === undefined ? [] : Object.entries(extra);
  const unknown = late.filter(([, value]) => value === UNKNOWN);
  const isLate =
    (values as unknown) === UNKNOWN || (values as readonly unknown[]).some((one) => one === UNKNOWN);
  return {
    ...placed,
    ...(isLate ? { values: UNKNOWN } : {}),
    ...(unknown.length === 0 ? {} : { extra: { ...placed.extra, ...Object.fromEntries(unknown) } }),
  };
}

function fieldChanges(
  desired: Exclude<Late<DnsRecordSet>, typeof UNKNOWN>,
  observed: ObservedRecordSet,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const compare = (path: string, to: unknown, from: unknown): void => {
    if (to === UNKNOWN) changes.push({ path, from, unknown: true });
    else if (JSON.stringify(to) !== JSON.stringify(from)) changes.push({ path, from, to });
  };
  compare("name", desired.name, normaliseName(observed.name));
  compare("type", desired.type, observed.type);
  compare("values", lateValues(desired), normaliseValues(observed.type, observed.values));
  if (desired.ttl !== undefined) compare("ttl", desired.ttl, observed.ttl);
  if (desired.extra !== undefined && (desired.extra as unknown) !== UNKNOWN) {
    for (const [field, value] of Object.entries(desired.extra)) {
      compare(`extra.${field}`, value, observed.extra?.[field]);
    }
  }
  return changes;
}

function lateValues(desired: Exclude<Late<DnsRecordSet>, typeof UNKNOWN>): unknown {
  const { type, values } = desired;
  if ((values as unknown) === UNKNOWN || typeof type !== "string") return UNKNOWN;
  const known = (values as readonly unknown[]).filter((value) => typeof value === "string");
  if (known.length < (values as readonly unknown[]).length) return UNKNOWN;
  return normaliseValues(type as DnsRecordSet["type"], known);
}

function plain(record: ObservedRecordSet): DnsRecordSet {
  const { name, type, values, ttl, extra } = record;
  return {
    name,
    type,
    values,
    ...(ttl === undefined ? {} : { ttl }),
    ...(extra === undefined ? {} : { extra }),
  };
}

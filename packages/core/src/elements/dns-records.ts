import type { Context } from "../context.js";
import { type In, isOut } from "../engine/out.js";
import type { AnyResource, Foreign, Resource } from "../engine/resource.js";
import { DeployError } from "../errors.js";
import { type DiffRules, isInTheWay, placeRecord } from "./dns-diff.js";
import { changeZone } from "./dns-lane.js";
import {
  type DnsProvider,
  describeOwner,
  isOwnRecord,
  listRecords,
  recordId,
  recordMarker,
  zoneFor,
} from "./dns-ownership.js";
import { placeInZone, recordDifferences, settledPart } from "./dns-place.js";
import { normaliseName, spelled } from "./dns-values.js";
import { delegationOf, indexOf } from "./dns-zone-index.js";
import type { Scope } from "./scope.js";
import type { DnsRecordSet, ObservedRecordSet } from "./traffic.js";

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
  /**
   * It is the only address of its host: an AAAA record of somebody else beside it, which would lead a part of the
   * visitors away, is in its way. Default false.
   */
  readonly alone?: boolean;
}

/**
 * One record set as a node of the plan: the diff, ownership and conflicts of every DNS provider, which itself only
 * lists a zone and applies a batch.
 *
 * The record is found by its marker, so that its name may be late; what stands in its place without our marker is
 * foreign and blocks the plan. A CNAME at the root of a zone becomes what the provider's `apex` rule says. Records of
 * one zone that are written at the same time travel in one batch.
 *
 * @param key what tells it apart in this scope, the same in every run: `www.example.org`.
 * @param host the host name it is for: decides the zone.
 *
 * Its verbs throw `dns.no-zone`, `dns.apex`, `dns.delegated`, `dns.self-target`, `dns.unsupported-type`,
 * `dns.foreign-record`, `dns.nothing-to-adopt`.
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
  const early = isOut(record) ? undefined : settledPart(record);
  const alone = options.alone === true;
  const isOurs = (one: ObservedRecordSet): boolean => isOwnRecord(scope, one);
  const rules = (zone: string): DiffRules => ({ zone, isOurs });
  // Found once, while planning: writing ten thousand records must not ask for the zones ten thousand times.
  let found: string | undefined;
  const zoneOf = async (context: Context): Promise<string> => {
    found ??= await zoneFor(context, provider, host);
    return found;
  };
  const foreignOf = (
    beside: readonly ObservedRecordSet[],
    target: DnsRecordSet,
    zone: string,
  ): readonly ObservedRecordSet[] =>
    beside.filter((one) => !isOurs(one) && isInTheWay(one, { record: target, marker, alone }, zone));

  const put = async (context: Context, wanted: DnsRecordSet): Promise<PlacedRecord> => {
    const zone = await zoneOf(context);
    return changeZone(context, dns, zone, (draft) => {
      const target = placeInZone(provider, zone, wanted);
      refuseDelegated(provider, (name) => draft.at(name), target, zone);
      const inTheWay = placeRecord(draft, { record: target, marker, alone }, rules(zone));
      if (inTheWay.length > 0) throw foreignRecord(id, inTheWay);
      return { ...target, marker, zone, strays: [] };
    });
  };

  return {
    id,
    label: options.label ?? `record ${spelled(normaliseName(host))}`,
    provider: provider.name,
    element: "dns",
    desired: record,
    ...(options.after === undefined ? {} : { after: options.after }),

    async read(context) {
      const zone = await zoneOf(context);
      const { byName, byMarker } = indexOf(await listRecords(context, provider, zone));
      const mine = byMarker.get(marker) ?? [];
      const target = early === undefined ? undefined : placeInZone(provider, zone, early);
      if (target !== undefined) {
        refuseDelegated(provider, (name) => byName.get(name), target, zone);
        const inTheWay = foreignOf(byName.get(target.name) ?? [], target, zone);
        if (inTheWay.length > 0) return foreign(inTheWay, target, zone);
      }
      const [first] = mine;
      if (first === undefined) return undefined;
      const exact = target && mine.find((one) => isSamePlace(one, target));
      const one = exact ?? first;
      return { ...one, zone, strays: mine.filter((other) => other !== one) };
    },

    diff: (desired, observed) => [
      ...recordDifferences(provider, observed.zone, desired, observed),
      ...observed.strays.map((one) => ({ path: `${one.type} ${one.name}`, from: one.values })),
    ],
    create: put,
    update: (context, desired) => put(context, desired),

    async adopt(context) {
      const zone = await zoneOf(context);
      return changeZone(context, dns, zone, (draft) => {
        const target = early === undefined ? undefined : placeInZone(provider, zone, early);
        const taken = target === undefined ? [] : foreignOf(draft.at(target.name), target, zone);
        for (const before of taken) draft.put(plain(before), marker, before);
        // Nothing left to take, and ours already: it has been done before the answer was lost.
        const [first, ...strays] = taken.length > 0 ? taken : draft.marked(marker);
        if (first !== undefined) return { ...first, marker, zone, strays };
        throw new DeployError({
          code: "dns.nothing-to-adopt",
          message: `The record that was to be adopted for ${host} is gone.`,
          hint: "Plan again, without --adopt.",
        });
      });
    },
  };
}

function isSamePlace(one: DnsRecordSet, other: DnsRecordSet): boolean {
  return one.type === other.type && normaliseName(one.name) === normaliseName(other.name);
}

function refuseDelegated(
  provider: DnsProvider,
  at: (name: string) => readonly ObservedRecordSet[] | undefined,
  { name, type }: DnsRecordSet,
  zone: string,
): void {
  const servers = type === "NS" ? undefined : delegationOf(at, name, zone);
  if (servers === undefined) return;
  throw new DeployError({
    code: "dns.delegated",
    message: `${spelled(name)} is not answered for by the zone ${zone} of ${provider.name}: ${servers.name} is given to other servers (NS ${servers.values.join(", ")}).`,
    hint: `Use the DNS provider that holds ${normaliseName(servers.name)}, or remove these NS records there.`,
    details: { name, zone, delegated: normaliseName(servers.name) },
  });
}

function foreign(
  inTheWay: readonly ObservedRecordSet[],
  target: DnsRecordSet,
  zone: string,
): Foreign<PlacedRecord> {
  const first = inTheWay.find((one) => isSamePlace(one, target)) ?? inTheWay[0]!;
  const strays = inTheWay.filter((one) => one !== first);
  return {
    foreign: true,
    description: describe(inTheWay, target),
    observed: { ...first, zone, strays },
  };
}

function describe(records: readonly ObservedRecordSet[], target?: DnsRecordSet): string {
  return records
    .map((one) => {
      const leadsAway = target?.type === "A" && one.type === "AAAA";
      const why = leadsAway ? "; visitors with IPv6 would be led there" : "";
      return `${one.name} ${one.type} ${one.values.join(", ")} (${describeOwner(one)}${why})`;
    })
    .join("; ");
}

function foreignRecord(id: string, obstacles: readonly ObservedRecordSet[]): DeployError {
  const { name, type } = obstacles[0]!;
  return new DeployError({
    code: "dns.foreign-record",
    message: `In the way: ${describe(obstacles)}.`,
    hint: `Remove it by hand, or take it over with --adopt ${id}.`,
    details: { name, type },
  });
}

function plain(record: ObservedRecordSet): DnsRecordSet {
  const { marker: _marker, ...rest } = record;
  return rest;
}

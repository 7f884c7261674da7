import type { Context } from "../context.js";
import { type DnsProvider, describeOwner, listZones } from "../elements/dns-ownership.js";
import { placeInZone } from "../elements/dns-place.js";
import { normaliseName, normaliseValues } from "../elements/dns-values.js";
import { findZone } from "../elements/dns-zone-index.js";
import type { WantedAnswer } from "../elements/propagation.js";
import type { DnsRecordSet, DnsRecordType, ObservedRecordSet } from "../elements/traffic.js";
import { findOuts, isPlainObject, resolveLate } from "../engine/late.js";
import { type In, isOut, type Late, UNKNOWN } from "../engine/out.js";
import { type AnyResource, isForeign } from "../engine/resource.js";
import { toDeployError } from "../errors.js";
import type { Traffic } from "./compose-traffic.js";
import type { DomainRecord, RecordContent } from "./domains-types.js";

/** A record that the environment needs, before anything is read. */
export interface RecordNode {
  readonly id: string;
  readonly desired: In<DnsRecordSet>;
  /** Absent where the record is made by hand. */
  readonly resource?: AnyResource;
}

/** Every record of an environment: those of its hosts, those that prove them, and those that are made by hand. */
export function recordNodes(traffic: Traffic): readonly RecordNode[] {
  const nodes = traffic.resources.flatMap((resource): RecordNode[] => {
    if (!isRecord(resource.desired)) return [];
    const desired = resource.desired as In<DnsRecordSet>;
    if (resource.element === "dns") return [{ id: resource.id, desired, resource }];
    return resource.id.includes("/certificates/by-hand/")
      ? [{ id: resource.id, desired: asProof(desired) }]
      : [];
  });
  const byHand = traffic.byHand.map(({ host, type, value }) => ({
    id: `by-hand/${host}/${type}`,
    desired: { name: host, type: type as DnsRecordType, values: [value] },
  }));
  return [...nodes, ...byHand];
}

/** Certificates and settings of a vendor can be of the element `dns`, too. */
function isRecord(desired: unknown): boolean {
  return isOut(desired) || (isPlainObject(desired) && "values" in desired && "type" in desired);
}

function asProof(desired: In<DnsRecordSet>): In<DnsRecordSet> {
  return isOut(desired) ? desired : { ...desired, use: "proof" };
}

/**
 * Reads what a record is made from, and what is in its place.
 *
 * A vendor that cannot be read makes the record `unknown`, with the reason as its owner; it throws nothing.
 */
export async function readRecord(
  context: Context,
  node: RecordNode,
  dns: DnsProvider | undefined,
): Promise<DomainRecord> {
  const { id, resource } = node;
  const proof = id.includes("/by-hand/") || resource?.label.startsWith("validation") === true;
  try {
    const [late, zones, observed] = await Promise.all([
      lateValue(context, node.desired),
      dns === undefined ? [] : listZones(context, dns),
      resource?.read(context),
    ]);
    const wanted = settled(late);
    const use = wanted?.use ?? (proof ? "proof" : "traffic");
    const placed = wanted === undefined ? undefined : placedAs(wanted, dns, zones);
    const target = {
      id,
      use,
      ...(placed === undefined ? {} : { name: placed.name, type: placed.type }),
      ...(placed === undefined || wanted?.values === undefined ? {} : { wanted: contentOf(placed) }),
    } as const;
    if (resource === undefined) return { ...target, held: "by hand", changes: [] };
    if (observed === undefined) return { ...target, held: "missing", changes: [] };
    if (isForeign(observed)) {
      const present = observed.observed as ObservedRecordSet | undefined;
      return {
        ...target,
        held: "foreign",
        owner: observed.description,
        ...(present === undefined ? {} : { present: contentOf(present) }),
        changes: [],
      };
    }
    const present = observed as ObservedRecordSet;
    return {
      ...{ name: present.name, type: present.type },
      ...target,
      held: "ours",
      present: contentOf(present),
      changes: resource.diff?.(late as Late<unknown>, observed) ?? [],
    };
  } catch (error) {
    context.signal.throwIfAborted();
    const { message, hint } = toDeployError(error);
    const owner = hint === undefined ? message : `${message} ${hint}`;
    return { id, use: proof ? "proof" : "traffic", held: "unknown", owner, changes: [] };
  }
}

/** A value with what its needs are at present; what is not there yet stays unknown. */
async function lateValue(context: Context, data: In<DnsRecordSet>): Promise<unknown> {
  const needs = new Set(findOuts(data).flatMap((out) => out.needs));
  const read = new Map<AnyResource, unknown>();
  await Promise.all(
    [...needs].map(async (resource) => {
      const observed = await resource.read(context);
      if (observed !== undefined && !isForeign(observed)) read.set(resource, observed);
    }),
  );
  return resolveLate(data, (resource) => read.get(resource) ?? UNKNOWN);
}

/** The record as far as it is known; undefined without name and type. `values` are all known, or left out. */
export function settled(
  late: unknown,
):
  | (Pick<DnsRecordSet, "name" | "type" | "use" | "ttl" | "extra"> & { values?: readonly string[] })
  | undefined {
  if (!isPlainObject(late)) return undefined;
  const { name, type, values, ttl, extra, use } = late;
  if (typeof name !== "string" || typeof type !== "string") return undefined;
  const known = Array.isArray(values) && values.every((value) => typeof value === "string");
  return {
    name,
    type: type as DnsRecordType,
    ...(known ? { values: values as readonly string[] } : {}),
    ...(typeof ttl === "number" ? { ttl } : {}),
    ...(isPlainObject(extra) && Object.values(extra).every((value) => value !== UNKNOWN) ? { extra } : {}),
    ...(use === "proof" || use === "traffic" ? { use } : {}),
  };
}

/** The record in the vendor's own form; as it is declared, where the vendor refuses it: the plan says why. */
export function placedAs(
  record: NonNullable<ReturnType<typeof settled>>,
  dns: DnsProvider | undefined,
  zones: readonly string[],
): DnsRecordSet {
  const name = normaliseName(record.name);
  const plain: DnsRecordSet = { ...record, name, values: record.values ?? [] };
  const zone = findZone(zones, name);
  if (dns === undefined || zone === undefined) return plain;
  try {
    return placeInZone(dns, zone, plain);
  } catch {
    return plain;
  }
}

/** What a record says, values as they are compared. */
export function contentOf({ type, values, ttl, extra }: DnsRecordSet): RecordContent {
  return {
    values: normaliseValues(type, values),
    ...(ttl === undefined ? {} : { ttl }),
    ...(extra === undefined ? {} : { extra }),
  };
}

/** Whose a record seems to be. */
export const ownerOf: (record: ObservedRecordSet) => string = describeOwner;

/**
 * What the servers of the zone should answer for a record; undefined while its name is not known.
 *
 * A proxied record is answered with the vendor's own addresses, a root that leads to a host name with that host's.
 */
export function publicAnswer(record: DomainRecord, zone: string | undefined): WantedAnswer | undefined {
  const { name, type } = record;
  if (name === undefined || type === undefined) return undefined;
  const content = record.wanted;
  const proxied = (content?.extra ?? record.present?.extra)?.proxied === true;
  const flattened = type === "ALIAS" || (type === "CNAME" && name === zone);
  return {
    name,
    type,
    ...(content === undefined ? {} : { values: content.values }),
    served: proxied ? "edge" : flattened ? "flattened" : "plain",
  };
}

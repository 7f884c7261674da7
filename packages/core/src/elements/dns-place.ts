import { isPlainObject } from "../engine/late.js";
import { isOut, type Late, UNKNOWN } from "../engine/out.js";
import type { FieldChange } from "../engine/resource.js";
import { DeployError } from "../errors.js";
import { apexAbility, apexRefused, decideRecords } from "./dns-decision.js";
import type { DnsProvider } from "./dns-ownership.js";
import { normaliseName, normaliseValues } from "./dns-values.js";
import type { DnsRecordSet, DnsRecordType, ObservedRecordSet } from "./traffic.js";

/** A record any leaf of which may be missing or late. */
type Loose = { readonly [Key in keyof DnsRecordSet]?: unknown };

/** A record as a plan sees it. */
type LateRecord = Exclude<Late<DnsRecordSet>, typeof UNKNOWN>;

/** What of a record is settled, as a record without its late values and options; nothing while its place is late. */
export function settledPart(record: unknown): DnsRecordSet | undefined {
  if (!isPlainObject(record)) return undefined;
  const { name, type, values, ttl, extra, use } = record as Loose;
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

/**
 * The record as its vendor will hold it: of the type that its place in the zone asks for, with the vendor's own options
 * and defaults.
 *
 * @throws `dns.apex`, `dns.unsupported-type`, `dns.self-target`, and what `Dns.prepare` throws.
 */
export function placeInZone(provider: DnsProvider, zone: string, wanted: DnsRecordSet): DnsRecordSet {
  const { types, ttl: limits } = provider.dns.capabilities;
  const name = normaliseName(wanted.name);
  const type = typeInZone(provider, zone, name, wanted.type);
  if (!types.includes(type)) {
    throw new DeployError({
      code: "dns.unsupported-type",
      message: `${provider.name} cannot hold the ${type} record which ${name} needs.`,
      hint: `It holds ${types.join(", ")}. Use another DNS provider for this domain.`,
    });
  }
  if ((type === "CNAME" || type === "ALIAS") && normaliseValues(type, wanted.values).includes(name)) {
    throw new DeployError({
      code: "dns.self-target",
      message: `The record ${name} ${type} would lead to itself.`,
      hint: "Let it lead to where the app is, and not to one of the app's own domains.",
    });
  }
  const { ttl } = wanted;
  const target = {
    ...wanted,
    name,
    type,
    ...(ttl === undefined || limits === undefined
      ? {}
      : { ttl: Math.min(limits.most, Math.max(limits.least, ttl)) }),
  };
  return provider.dns.prepare?.(target, zone) ?? target;
}

/** A CNAME at the root of a zone becomes what the decision table says. */
function typeInZone(provider: DnsProvider, zone: string, name: string, type: DnsRecordType): DnsRecordType {
  if (type !== "CNAME" || name !== zone) return type;
  const types = decideRecords("host name", "root", apexAbility(provider.dns.capabilities));
  if (types === null) throw apexRefused(provider, name);
  return types[0] ?? type;
}

/** What differs between a record that should be, as far as it is known, and the one that its zone holds. */
export function recordDifferences(
  provider: DnsProvider,
  zone: string,
  desired: Late<DnsRecordSet>,
  observed: ObservedRecordSet,
): readonly FieldChange[] {
  if (desired === UNKNOWN) return [{ path: "values", from: observed.values, unknown: true }];
  const settled = settledPart(desired);
  const wanted =
    settled === undefined ? desired : withLateLeaves(placeInZone(provider, zone, settled), desired);
  return fieldChanges(wanted, observed);
}

/** What is placed has only settled leaves: the late ones come back, to be shown as such. */
function withLateLeaves(placed: DnsRecordSet, desired: LateRecord): LateRecord {
  const values: unknown = desired.values;
  const extra: unknown = desired.extra;
  const isLate = values === UNKNOWN || (Array.isArray(values) && values.includes(UNKNOWN));
  const late = Object.entries(isPlainObject(extra) ? extra : {}).filter(([, value]) => value === UNKNOWN);
  return {
    ...placed,
    ...(isLate ? { values: UNKNOWN } : {}),
    ...(late.length === 0 ? {} : { extra: { ...placed.extra, ...Object.fromEntries(late) } }),
  };
}

function fieldChanges(desired: LateRecord, observed: ObservedRecordSet): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const compare = (path: string, to: unknown, from: unknown): void => {
    if (to === UNKNOWN) changes.push({ path, from, unknown: true });
    else if (to !== from && JSON.stringify(to) !== JSON.stringify(from)) changes.push({ path, from, to });
  };
  compare("name", desired.name, normaliseName(observed.name));
  compare("type", desired.type, observed.type);
  compare("values", valuesOf(desired), normaliseValues(observed.type, observed.values));
  if (desired.ttl !== undefined) compare("ttl", desired.ttl, observed.ttl);
  if (isPlainObject(desired.extra)) {
    for (const [field, value] of Object.entries(desired.extra)) {
      compare(`extra.${field}`, value, observed.extra?.[field]);
    }
  }
  return changes;
}

function valuesOf(desired: LateRecord): unknown {
  const values: unknown = desired.values;
  const type: unknown = desired.type;
  if (!Array.isArray(values) || typeof type !== "string") return UNKNOWN;
  if (values.some((value) => typeof value !== "string")) return UNKNOWN;
  return normaliseValues(type as DnsRecordType, values);
}

import type { Change, ResourceRecordSet } from "@aws-sdk/client-route-53";
import {
  DeployError,
  type DnsRecordSet,
  type DnsRecordType,
  encodeText,
  normaliseName,
  normaliseValues,
  type RegistryStep,
} from "@deploy/core";

/** A record set as core knows it, and what of Route 53 it is made of: that is sent back to remove it, to the letter. */
export interface HeldSet extends DnsRecordSet {
  readonly held: readonly ResourceRecordSet[];
}

/** Types that can be planned. What else is in a zone (SOA, DS, PTR …) is not listed and never touched. */
export const types: readonly DnsRecordType[] = [
  "A",
  "AAAA",
  "CNAME",
  "TXT",
  "CAA",
  "MX",
  "NS",
  "SRV",
  "ALIAS",
];

/** Seconds that a record lives without a TTL of its own: Route 53 has no default. */
const defaultTtl = 300;

/** What a load balancer with IPv6 answers to beside its own name (Route 53 developer guide, "Values specific for alias records"). */
const dualstack = "dualstack.";

/**
 * Everything in a zone, by name and type. Aliases to addresses are one set of type ALIAS, with `extra.aliasZone`, and
 * `extra.ipv6` where there is one for IPv6 too. What is answered by weight, place or health, and aliases of other types,
 * are listed with `extra.routing`, and with values that no record of ours has.
 */
export function fromRoute53(sets: readonly ResourceRecordSet[]): readonly HeldSet[] {
  const grouped = new Map<string, ResourceRecordSet[]>();
  for (const set of sets) {
    const type = typeOf(set);
    if (!(types as readonly string[]).includes(type)) continue;
    const key = `${type} ${decodeName(set.Name ?? "")}`;
    const group = grouped.get(key);
    if (group === undefined) grouped.set(key, [set]);
    else group.push(set);
  }
  return [...grouped].map(([key, held]) => {
    const [type = "", name = ""] = key.split(" ");
    return { name, type: type as DnsRecordType, held, ...contentOf(type, held) };
  });
}

function typeOf({ Type, AliasTarget }: ResourceRecordSet): string {
  return AliasTarget !== undefined && (Type === "A" || Type === "AAAA") ? "ALIAS" : (Type ?? "");
}

function contentOf(
  type: string,
  held: readonly ResourceRecordSet[],
): Pick<DnsRecordSet, "values" | "ttl" | "extra"> {
  const [first] = held;
  const routing = held.map(routingOf).find((one) => one !== undefined);
  const targets = [...new Set(held.map(({ AliasTarget }) => normaliseName(AliasTarget?.DNSName ?? "")))];
  if (routing !== undefined || (type === "ALIAS" && targets.length > 1)) {
    const values = held.map((set) => `${valuesOf(set).join(", ")} (${routingOf(set) ?? set.Type})`);
    return { values, extra: { routing: routing ?? "other targets for IPv4 and IPv6" } };
  }
  if (type === "ALIAS") {
    const extra = {
      aliasZone: first?.AliasTarget?.HostedZoneId,
      ipv6: held.some(({ Type }) => Type === "AAAA"),
    };
    return { values: targets, extra };
  }
  return {
    values: held.flatMap(valuesOf),
    ...(first?.TTL === undefined ? {} : { ttl: Number(first.TTL) }),
  };
}

/** How a set is chosen among others of its name and type, if it is; or that it is an alias to a set of its zone. */
function routingOf(set: ResourceRecordSet): string | undefined {
  if (set.SetIdentifier === undefined) {
    return set.AliasTarget !== undefined && typeOf(set) !== "ALIAS" ? "alias" : undefined;
  }
  const { Weight, Region, GeoLocation, Failover, MultiValueAnswer } = set;
  const kinds = { weighted: Weight, latency: Region, geolocation: GeoLocation, failover: Failover };
  const kind = Object.entries(kinds).find(([, value]) => value !== undefined)?.[0];
  return `${kind ?? (MultiValueAnswer ? "multivalue" : "routed")} ${set.SetIdentifier}`;
}

function valuesOf({ Type, AliasTarget, ResourceRecords = [] }: ResourceRecordSet): readonly string[] {
  if (AliasTarget !== undefined) return [normaliseName(AliasTarget.DNSName ?? "")];
  const values = ResourceRecords.map(({ Value = "" }) => Value);
  return Type === "TXT" ? values.flatMap((value) => normaliseValues("TXT", [asDecimal(value)])) : values;
}

/** Route 53 writes bytes in octal, zone files in decimal; an escaped backslash stays. */
function asDecimal(value: string): string {
  return value.replace(/\\([0-3][0-7]{2}|.)/gs, (whole, code: string) =>
    code.length === 3 ? `\\${String(Number.parseInt(code, 8)).padStart(3, "0")}` : whole,
  );
}

function asOctal(value: string): string {
  return value.replace(/\\(\d{3}|.)/gs, (whole, code: string) =>
    code.length === 3 ? `\\${Number(code).toString(8).padStart(3, "0")}` : whole,
  );
}

/** Route 53 lists names with `\052` for a star ("DNS domain name format"). */
function decodeName(name: string): string {
  return normaliseName(
    name.replace(/\\([0-3][0-7]{2})/g, (whole, code: string) => {
      const char = String.fromCharCode(Number.parseInt(code, 8));
      return /[!-~]/.test(char) && !/[.\\]/.test(char) ? char : whole;
    }),
  );
}

/** What Route 53 does with a record set of ours: the changes that take it away. */
function removed({ held }: HeldSet): readonly Change[] {
  return held.map((ResourceRecordSet) => ({ Action: "DELETE", ResourceRecordSet }));
}

function made(record: DnsRecordSet): readonly Change[] {
  const { type, values, ttl = defaultTtl, extra = {} } = record;
  const name = normaliseName(record.name);
  if (type === "ALIAS") {
    const AliasTarget = {
      HostedZoneId: String(extra.aliasZone),
      DNSName: normaliseName(values[0] ?? ""),
      EvaluateTargetHealth: false,
    };
    return (extra.ipv6 === true ? (["A", "AAAA"] as const) : (["A"] as const)).map((Type) => ({
      Action: "CREATE",
      ResourceRecordSet: { Name: name, Type, AliasTarget },
    }));
  }
  const ResourceRecords = values.map((value) => ({ Value: encodeValue(type, value) }));
  return [{ Action: "CREATE", ResourceRecordSet: { Name: name, Type: type, TTL: ttl, ResourceRecords } }];
}

/** In the form of zone files, names as DNS has them: international ones in punycode. */
function encodeValue(type: DnsRecordType, value: string): string {
  if (type === "TXT") return asOctal(encodeText(value));
  const [plain = ""] = normaliseValues(type, [value]);
  const [, flags, tag, text] = (type === "CAA" && /^(\d+) (\S+) (.*)$/s.exec(plain)) || [];
  return text === undefined ? plain : `${flags} ${tag} ${asOctal(encodeText(text))}`;
}

/**
 * The changes of a step. A record is replaced by taking away what was seen and making the new one in the same batch:
 * unlike UPSERT that fails as a whole when somebody has changed it meanwhile.
 *
 * @throws DeployError `dns.unsupported-record` for sets with a routing policy, which are never touched.
 */
export function changesOf({ before, after }: RegistryStep<HeldSet>): readonly Change[] {
  if (before?.extra?.routing !== undefined) {
    throw unsupported(before, `is answered by a policy of Route 53 (${before.extra.routing})`);
  }
  return [...(before === undefined ? [] : removed(before)), ...(after === undefined ? [] : made(after))];
}

/**
 * The record with Route 53's defaults: 300 s, none for an alias.
 *
 * @throws DeployError `dns.unsupported-record` for an alias without its zone, and for values that are too long.
 */
export function prepare(record: DnsRecordSet): DnsRecordSet {
  const { ttl, ...rest } = record;
  if (record.type === "ALIAS") {
    const { values } = record;
    // The zone may be late, as long as no name is known either.
    if (values.length > 0 && record.extra?.aliasZone === undefined) {
      throw unsupported(record, "is an alias without the zone of its target: only targets in AWS have one");
    }
    if (values.length === 0) return rest;
    return { ...rest, extra: { ...record.extra, ipv6: values[0]?.startsWith(dualstack) === true } };
  }
  // "Cannot exceed 4,000 characters": ResourceRecord of the API reference.
  if (record.values.some((value) => encodeValue(record.type, value).length > 4_000)) {
    throw unsupported(record, "has a value of more than 4,000 characters");
  }
  return { ...rest, ttl: ttl ?? defaultTtl };
}

function unsupported({ name, type }: DnsRecordSet, why: string): DeployError {
  return new DeployError({
    code: "dns.unsupported-record",
    message: `${name} ${type} ${why}: it cannot be written to Route 53.`,
    hint: "Change it by hand in Route 53, or use another name.",
    docs: "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html",
    details: { name, type },
  });
}

import { DeployError } from "../errors.js";
import type { DnsProvider } from "./dns-ownership.js";
import type { DnsCapabilities, DnsRecordType, Endpoint } from "./traffic.js";

/**
 * What a host name is to lead to: a host name; one that this DNS vendor holds an alias for (a load balancer in its own
 * cloud); an address; or two.
 */
export type TargetKind = "host name" | "host name with an alias" | "IPv4" | "IPv4 and IPv6";

/** Where in its zone the host name is. */
export type Place = "below the root" | "wildcard" | "root";

/** How a vendor can lead the root of a zone to a host name. */
export type ApexAbility = "flatten" | "alias" | "none";

/** One row of the decision table: the types of record for each ability; `null` where there is no way. */
export interface Decision {
  readonly target: TargetKind;
  readonly places: readonly Place[];
  readonly records: Readonly<Record<ApexAbility, readonly DnsRecordType[] | null>>;
}

const everywhere = ["below the root", "wildcard", "root"] as const;

/** Which records lead a host name to its target. A root cannot be a CNAME (RFC 1912, section 2.4): that is what it turns on. */
export const decisions: readonly Decision[] = [
  row("host name", ["below the root", "wildcard"], ["CNAME"], ["CNAME"], ["CNAME"]),
  row("host name", ["root"], ["CNAME"], ["ALIAS"], null),
  row("host name with an alias", everywhere, ["ALIAS"], ["ALIAS"], ["ALIAS"]),
  row("IPv4", everywhere, ["A"], ["A"], ["A"]),
  row("IPv4 and IPv6", everywhere, ["A", "AAAA"], ["A", "AAAA"], ["A", "AAAA"]),
];

function row(
  target: TargetKind,
  places: readonly Place[],
  flatten: readonly DnsRecordType[] | null,
  alias: readonly DnsRecordType[] | null,
  none: readonly DnsRecordType[] | null,
): Decision {
  return { target, places, records: { flatten, alias, none } };
}

/** The types of record that lead a name to its target at a vendor of this ability; `null`: there is no way. */
export function decideRecords(
  target: TargetKind,
  place: Place,
  ability: ApexAbility,
): readonly DnsRecordType[] | null {
  const found = decisions.find((one) => one.target === target && one.places.includes(place));
  return found?.records[ability] ?? null;
}

/** What a vendor's `apex` capability comes to. */
export function apexAbility({ apex }: Pick<DnsCapabilities, "apex">): ApexAbility {
  return typeof apex === "object" ? "none" : apex;
}

/** What kind of target an endpoint is for this DNS provider. */
export function targetKind(endpoint: Exclude<Endpoint, { kind: "none" }>, dnsName: string): TargetKind {
  if (endpoint.kind === "address") return endpoint.ipv6 === undefined ? "IPv4" : "IPv4 and IPv6";
  return endpoint.alias?.[dnsName] === undefined ? "host name" : "host name with an alias";
}

/**
 * The error for a host name that is the root of a zone where the DNS provider cannot lead a root to a host name.
 *
 * Code `dns.apex`; the hint names the three ways out.
 */
export function apexRefused(provider: DnsProvider, host: string): DeployError {
  const { apex } = provider.dns.capabilities;
  const reason = typeof apex === "object" ? `: ${apex.no}` : "";
  return new DeployError({
    code: "dns.apex",
    message: `${host} is the root of its zone, and ${provider.name} cannot lead a root to a host name${reason}.`,
    hint: `Three ways out: move the zone to a DNS provider that flattens CNAMEs or has ALIAS records; serve www.${host} and let ${host} be redirected by whoever holds it; or deploy where the app has a fixed address, for an A record.`,
    ...(typeof apex === "object" && apex.link !== undefined ? { docs: apex.link } : {}),
    details: { host },
  });
}

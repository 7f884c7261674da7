import {
  DeployError,
  type DnsRecordSet,
  type DnsRecordType,
  decodeText,
  normaliseName,
  normaliseValues,
  type RegistryStep,
} from "@deploy/core";

/** A host record on the wire, as far as it can be written back: everything else is made anew by Namecheap. */
export interface Host {
  /** `@` for the root. */
  readonly name: string;
  readonly type: string;
  readonly address: string;
  readonly mxPref: string;
  readonly ttl: string;
}

/** A zone as one read gave it. */
export interface Zone {
  readonly emailType: string;
  readonly hosts: readonly Host[];
}

/** A record set as core knows it, and the host records it is made of. */
export interface HeldSet extends DnsRecordSet {
  readonly held: readonly Host[];
}

/** Types that can be planned. SRV records are not part of the API. */
export const types: readonly DnsRecordType[] = ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "NS", "ALIAS"];

/** What Namecheap calls automatic, as it answers it. */
const defaultTtl = 1_799;
const limits = "https://www.namecheap.com/support/knowledgebase/article.aspx/10058/10/namecheap-dns-limits/";
/** Records of a zone, characters of a host, of a value, of a text: "Namecheap DNS limits". */
const most = { hosts: 150, name: 60, value: 255, text: 2_500 };

/** Redirects and the like answer for a name with an address, or for its mail: that is where they are in the way. */
const standsFor: Readonly<Record<string, DnsRecordType>> = { URL: "A", URL301: "A", FRAME: "A", MXE: "MX" };

/** Everything in a zone, by name and type; what is no DNS record is listed as what it stands for, with `extra.kind`. */
export function toSets(zone: string, hosts: readonly Host[]): readonly HeldSet[] {
  const sets = new Map<string, Host[]>();
  for (const host of hosts) {
    const name = host.name === "@" || host.name === "" ? zone : `${host.name}.${zone}`;
    const key = `${standsFor[host.type] ?? host.type} ${normaliseName(name)}`;
    sets.set(key, [...(sets.get(key) ?? []), host]);
  }
  return [...sets].map(([key, held]) => {
    const [type = "", name = ""] = key.split(" ");
    const kind = held.find((host) => standsFor[host.type] !== undefined)?.type;
    return {
      name,
      type: type as DnsRecordType,
      values: held.map(sayingOf),
      ttl: Number(held[0]?.ttl ?? defaultTtl),
      ...(kind === undefined ? {} : { extra: { kind } }),
      held,
    };
  });
}

function sayingOf({ type, address, mxPref }: Host): string {
  if (standsFor[type] !== undefined) return `${type} ${address}`;
  if (type === "MX") return `${mxPref} ${address}`;
  return type === "TXT" ? (normaliseValues("TXT", [address])[0] ?? "") : address;
}

/** A record set of ours as host records. */
function toHosts(zone: string, { name, type, values, ttl = defaultTtl }: DnsRecordSet): readonly Host[] {
  const host = hostName(zone, name);
  return normaliseValues(type, values).map((value) => {
    const [pref = "", ...rest] = type === "MX" ? value.split(" ") : [];
    const address = type === "MX" ? rest.join(" ") : type === "TXT" ? decodeText(value) : spell(type, value);
    return { name: host, type, address, mxPref: pref || "10", ttl: String(ttl) };
  });
}

function spell(type: DnsRecordType, value: string): string {
  const [, flags, tag, text] = (type === "CAA" && /^(\d+) (\S+) (.*)$/s.exec(value)) || [];
  return text === undefined ? value : `${flags} ${tag} "${decodeText(text)}"`;
}

function hostName(zone: string, name: string): string {
  return normaliseName(name) === zone ? "@" : normaliseName(name).slice(0, -zone.length - 1);
}

/** The zone after these steps: what they do not name stays as it was read, in its order. */
export function merge(zone: string, now: Zone, steps: readonly RegistryStep<HeldSet>[]): Zone {
  for (const { before, after } of steps) {
    // A redirect that was taken over by word may go; mail that is sent to one address is a setting of the whole zone.
    if (before?.extra?.kind === "MXE" || after?.extra?.kind !== undefined) {
      throw unsupported(before ?? (after as DnsRecordSet), "is a record of Namecheap's own");
    }
  }
  const fragile = now.hosts.find(({ type, address }) => type === "TXT" && address.includes('"'));
  if (fragile !== undefined) {
    throw new DeployError({
      code: "dns.closed-zone",
      message: `${zone} holds a TXT record with a double quote in it (${fragile.name}), which would not survive that the zone is written.`,
      hint: "Write it without quotes at Namecheap, where none are needed, or make the records by hand.",
    });
  }
  const gone = new Set(steps.flatMap(({ before }) => before?.held ?? []));
  const hosts = [
    ...now.hosts.filter((host) => !gone.has(host)),
    ...steps.flatMap(({ after }) => (after === undefined ? [] : toHosts(zone, after))),
  ];
  if (hosts.length > most.hosts) {
    throw new DeployError({
      code: "dns.quota-reached",
      message: `${zone} would have ${hosts.length} records, and Namecheap takes ${most.hosts}.`,
      hint: "Each record of Deploy counts twice, with its entry. Remove what is not needed, or move the zone.",
      docs: limits,
    });
  }
  return { hosts, emailType: emailTypeOf(zone, now.emailType, hosts) };
}

/**
 * The kind of mail of a zone is echoed. Only what has MX records of its own changes it, and only from and to "none":
 * forwarding, for one, would end without a word as soon as an MX record is written.
 */
function emailTypeOf(zone: string, emailType: string, hosts: readonly Host[]): string {
  const hasMx = hosts.some(({ type }) => type === "MX");
  if (hasMx && emailType !== "MX") {
    if (emailType === "NONE") return "MX";
    throw new DeployError({
      code: "dns.unsupported-record",
      message: `The mail of ${zone} is of the kind ${emailType} at Namecheap: an MX record would end that.`,
      hint: "Set the mail of the domain to custom MX at Namecheap first, if that is what you want.",
    });
  }
  return !hasMx && emailType === "MX" ? "NONE" : emailType;
}

/** A host record as it is compared: spelling that Namecheap changes by itself is left out. */
function identity({ name, type, address, mxPref, ttl }: Host): string {
  const said = type === "TXT" ? address : address.replace(/\.$/, "").toLowerCase();
  return JSON.stringify([name.toLowerCase(), type, said, type === "MX" ? Number(mxPref) : 0, Number(ttl)]);
}

/** What is in the one and not in the other, each as often as it is. */
export function missing(from: readonly Host[], others: readonly Host[]): readonly Host[] {
  const left = others.map(identity);
  return from.filter((host) => {
    const at = left.indexOf(identity(host));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** The record with Namecheap's defaults. @throws DeployError `dns.unsupported-record` for what its API cannot hold. */
export function prepare(record: DnsRecordSet, zone: string): DnsRecordSet {
  const host = hostName(normaliseName(zone), record.name);
  const { type, values } = record;
  if (!types.includes(type)) throw unsupported(record, "is of a type that is not part of the API");
  if (host.length > most.name) throw unsupported(record, `has a name of more than ${most.name} characters`);
  if (type === "NS" && host === "@") throw unsupported(record, "names the name servers of the whole domain");
  for (const value of values) {
    const text = type === "TXT" ? decodeText(value) : value;
    if (text.length > (type === "TXT" ? most.text : most.value)) throw unsupported(record, "is too long");
    // Does not come back as it was written: DNSControl refuses it as well.
    if (type === "TXT" && text.includes('"')) throw unsupported(record, "has a double quote in it");
    if (type === "TXT" && text === "") throw unsupported(record, "has nothing in it");
    if (type === "MX" && /^\s*0\s+\.?\s*$/.test(value))
      throw unsupported(record, "says that there is no mail");
    if (type === "MX" && Number(value.trim().split(/\s+/)[0]) > 255)
      throw unsupported(record, "has a preference above 255");
  }
  return { ...record, ttl: record.ttl ?? defaultTtl };
}

function unsupported({ name, type }: DnsRecordSet, why: string): DeployError {
  return new DeployError({
    code: "dns.unsupported-record",
    message: `${name} ${type} ${why}: it cannot be written to Namecheap.`,
    hint: "Change it by hand at Namecheap, or use another DNS provider for this domain.",
    docs: limits,
    details: { name, type },
  });
}

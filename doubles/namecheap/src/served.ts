import type { PowerDns, RecordSetChange } from "@deploy/powerdns-double";
import type { Host } from "./state.js";

/** Where redirects are served from; an address nobody has (RFC 5737). */
const redirectServer = "192.0.2.80";

const quoted = (text: string): string => {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) {
    const part = [...bytes.subarray(at, at + 255)].map((byte) => {
      if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
      return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, "0")}` : String.fromCharCode(byte);
    });
    parts.push(`"${part.join("")}"`);
  }
  return parts.join(" ");
};

/** A host record as its name servers have it: type and value of a zone file. */
function served({ type, address, mxPref }: Host): { type: string; value: string } {
  switch (type) {
    case "URL":
    case "URL301":
    case "FRAME":
      return { type: "A", value: redirectServer };
    case "MXE":
      return { type: "MX", value: "10 mxe.example." };
    case "MX":
      return { type: "MX", value: `${mxPref} ${address}` };
    case "TXT":
      return { type: "TXT", value: quoted(address) };
    default:
      return { type, value: address };
  }
}

/** All host records of a domain as record sets; the first TTL of a set is that of all. */
function recordSets(domain: string, hosts: readonly Host[]): ReadonlyMap<string, RecordSetChange> {
  const sets = new Map<string, RecordSetChange & { values: string[] }>();
  for (const host of hosts) {
    const { type, value } = served(host);
    const name = host.name === "@" ? domain : `${host.name}.${domain}`;
    const key = `${name} ${type}`;
    const set = sets.get(key) ?? { name, type, ttl: host.ttl, values: [] };
    if (!set.values.includes(value)) set.values.push(value);
    sets.set(key, set);
  }
  return sets;
}

/** Brings a zone from these host records to those, in one transaction, or throws what PowerDNS refuses. */
export async function serve(
  dns: PowerDns,
  domain: string,
  before: readonly Host[],
  after: readonly Host[],
): Promise<void> {
  const [was, is] = [recordSets(domain, before), recordSets(domain, after)];
  const gone = [...was].flatMap(([key, { name, type }]) => (is.has(key) ? [] : [{ name, type }]));
  const made = [...is].flatMap(([key, set]) =>
    JSON.stringify(was.get(key)) === JSON.stringify(set) ? [] : [set],
  );
  await dns.patch(domain, [...gone, ...made]);
}

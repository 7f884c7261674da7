import type { PowerDns, RecordSetChange } from "@deploy/powerdns-double";
import { PowerDnsRefused } from "@deploy/powerdns-double";
import { cutToBytes, stringsOf } from "./content.js";
import { invalid } from "./http.js";
import type { CloudflareRecord, CloudflareZone } from "./state.js";

/** What the edge answers with for a proxied name: addresses of the documentation's own ranges. */
const edge = { A: "198.51.100.10", AAAA: "2001:db8:cf::10" } as const;

/** Seconds that Cloudflare serves for `auto`. */
const automatic = 300;

type Sets = Map<string, { name: string; type: string; ttl: number; values: string[] }>;

/** Brings what PowerDNS serves from one state of a zone to another, in one transaction; refuses what it does not take. */
export async function serve(
  dns: PowerDns,
  zone: CloudflareZone,
  before: ReadonlyMap<string, CloudflareRecord>,
  after: ReadonlyMap<string, CloudflareRecord>,
): Promise<void> {
  const names = new Set<string>();
  for (const [id, record] of before) if (after.get(id) !== record) names.add(record.name);
  for (const [id, record] of after) if (before.get(id) !== record) names.add(record.name);
  if (names.size === 0) return;
  const old = setsAt(zone, names, before);
  const next = setsAt(zone, names, after);
  const changes: RecordSetChange[] = [];
  // What goes comes first: a CNAME tolerates nothing beside it.
  for (const [key, { name, type }] of old) if (!next.has(key)) changes.push({ name, type });
  for (const [key, set] of next) {
    if (JSON.stringify(old.get(key)) !== JSON.stringify(set)) changes.push(set);
  }
  try {
    await dns.patch(zone.name, changes);
  } catch (thrown) {
    if (!(thrown instanceof PowerDnsRefused)) throw thrown;
    invalid(9009, `DNS content is invalid: ${thrown.message}`);
  }
}

function setsAt(
  zone: CloudflareZone,
  names: ReadonlySet<string>,
  records: ReadonlyMap<string, CloudflareRecord>,
): Sets {
  const byName = new Map<string, CloudflareRecord[]>();
  for (const record of records.values()) {
    if (!names.has(record.name)) continue;
    const there = byName.get(record.name);
    if (there === undefined) byName.set(record.name, [record]);
    else there.push(record);
  }
  const sets: Sets = new Map();
  const add = (name: string, type: string, ttl: number, value: string): void => {
    const key = `${name} ${type}`;
    const set = sets.get(key) ?? { name, type, ttl, values: [] };
    if (!set.values.includes(value)) set.values.push(value);
    sets.set(key, set);
  };
  for (const [name, there] of byName) {
    const isFlattened = name === zone.name || there.some(({ type }) => type !== "CNAME");
    for (const record of there) {
      const ttl = record.ttl === 1 ? automatic : record.ttl;
      if (record.proxied) {
        add(name, "A", automatic, edge.A);
        add(name, "AAAA", automatic, edge.AAAA);
      } else if (record.type === "CNAME" && (isFlattened || record.settings.flatten_cname === true)) {
        add(name, "ALIAS", ttl, inZoneFile(record));
      } else add(name, record.type, ttl, inZoneFile(record));
    }
  }
  // The zone's own servers are no records at Cloudflare, and are always served.
  for (const server of names.has(zone.name) ? zone.nameServers : [])
    add(zone.name, "NS", 86_400, `${server}.`);
  return sets;
}

/** A record's value in the form of a zone file. */
function inZoneFile({ type, content, data, priority }: CloudflareRecord): string {
  switch (type) {
    case "CNAME":
    case "NS":
    case "PTR":
      return `${content}.`;
    case "MX":
      return `${priority} ${content === "." ? "." : `${content}.`}`;
    case "SRV":
      return [priority, data?.weight, data?.port, `${data?.target}.`].join(" ");
    case "TXT":
      return stringsOf(content)
        .flatMap(cutToBytes)
        .map((one) => `"${one.replace(/["\\]/g, "\\$&")}"`)
        .join(" ");
    default:
      return content;
  }
}

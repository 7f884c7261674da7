import type { DnsRecordSet, DnsRecordType } from "@deploy/core";
import { randomNumbers } from "../chaos/sample.js";
import type { Domains } from "./messages.js";

/** Dice with a seed: the same seed throws the same. */
export interface Dice {
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T;
}

/** Dice for one run of a seed. */
export function diceOf(seed: number, run: number): Dice {
  const random = randomNumbers(seed * 100_003 + run);
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  return {
    between,
    chance: (probability) => random() < probability,
    pick: (list) => list[between(0, list.length - 1)]!,
  };
}

/** A record of somebody else; with a marker it is that of another app of Deploy. */
export interface ForeignRecord {
  readonly record: DnsRecordSet;
  readonly marker?: string;
}

/** What a run is about: a zone of others, and what one app wants in it, one thing after the other. */
export interface Scene {
  readonly foreign: readonly ForeignRecord[];
  /** Stands where the app's first wish would go; taken away once it was refused. */
  readonly obstacle?: DnsRecordSet;
  readonly wishes: readonly Wish[];
}

/** One wish of the app: by its domains through all of core, or by record sets through core's nodes. */
export type Wish =
  | { readonly kind: "domains"; readonly domains: Domains }
  | { readonly kind: "records"; readonly records: readonly DnsRecordSet[] };

const hostLabels = ["www", "api", "app", "shop", "*", "a.b", "*.preview", "@"] as const;
const theirLabels = [
  "mail",
  "ftp",
  "old",
  "vpn",
  "deep.er",
  "x",
  "_dmarc",
  "_acme-challenge",
  "k1._domainkey",
] as const;

/** Dice a whole scene. `apexHost`: the root may be led to a host name here. */
export function dice(one: Dice, zone: string, types: readonly DnsRecordType[], apexHost: boolean): Scene {
  const at = (label: string): string => (label === "@" ? zone : `${label}.${zone}`);
  const byDomains = one.chance(0.6);
  const labels = hostLabels.filter((label) => label !== "@" || !byDomains || apexHost);
  const wishes = Array.from({ length: one.between(1, 3) }, (): Wish => {
    const chosen = labels.filter(() => one.chance(0.4));
    const hosts = (chosen.length === 0 ? ["www"] : chosen).map(at);
    if (byDomains)
      return { kind: "domains", domains: Object.fromEntries(hosts.map((host) => [host, "web" as const])) };
    return { kind: "records", records: hosts.flatMap((host) => ownSets(one, host, types)) };
  });
  const taken = new Set<string>(wishes.flatMap(placesOf));
  const foreign: ForeignRecord[] = [];
  const places = new Set<string>();
  for (let left = one.between(3, 25); left > 0; left -= 1) {
    const record = foreignSet(one, zone, at, types, byDomains);
    const place = `${record.name} ${record.type}`;
    if (taken.has(place) || places.has(place) || isCrowded(record, foreign, taken)) continue;
    places.add(place);
    foreign.push(
      one.chance(0.15)
        ? { record, marker: `deploy:other/production:${record.name}`.slice(0, 90) }
        : { record },
    );
  }
  const obstacle = one.chance(0.08) ? obstacleOf(wishes[0]!, zone) : undefined;
  return { foreign, wishes, ...(obstacle === undefined ? {} : { obstacle }) };
}

/** Names with types that a wish takes; a host of a domain takes its whole name, proofs take names of their own. */
function placesOf(wish: Wish): readonly string[] {
  if (wish.kind === "records")
    return wish.records.flatMap(({ name, type }) => [`${name} ${type}`, `${name} CNAME`]);
  return Object.keys(wish.domains).flatMap((host) => [
    ...(["A", "AAAA", "CNAME", "ALIAS"] as const).map((type) => `${host} ${type}`),
    ...(["TXT", "MX", "CAA", "NS", "SRV"] as const).map((type) => `${host} ${type} beside a CNAME`),
  ]);
}

/** Whether DNS, or a rule of ours, would not have it beside what is there: a CNAME bears nobody at its name. */
function isCrowded(
  record: DnsRecordSet,
  others: readonly ForeignRecord[],
  taken: ReadonlySet<string>,
): boolean {
  const beside = others.filter((one) => one.record.name === record.name);
  if (record.type === "CNAME")
    return beside.length > 0 || [...taken].some((place) => place.startsWith(`${record.name} `));
  if (beside.some((one) => one.record.type === "CNAME")) return true;
  return taken.has(`${record.name} ${record.type} beside a CNAME`);
}

function ownSets(one: Dice, host: string, types: readonly DnsRecordType[]): readonly DnsRecordSet[] {
  const all: readonly DnsRecordSet[] = [
    { name: host, type: "A", values: addresses(one, "192.0.2") },
    { name: host, type: "AAAA", values: [`2001:db8::${one.between(1, 9)}`] },
    { name: host, type: "TXT", values: [`ours ${one.between(1, 9)}`] },
  ];
  const chosen = all.filter(({ type }) => types.includes(type) && one.chance(0.6));
  const ttl = one.chance(0.5) ? { ttl: one.pick([300, 600, 3600]) } : {};
  return (chosen.length === 0 ? all.slice(0, 1) : chosen).map((set) => ({ ...set, ...ttl }));
}

function addresses(one: Dice, network: string): readonly string[] {
  const count = one.between(1, 3);
  const first = one.between(1, 200);
  return Array.from({ length: count }, (_, index) => `${network}.${first + index}`);
}

/** A record of somebody else, somewhere in the zone: at its root, at names that the app may take, at others. */
export function foreignSet(
  one: Dice,
  zone: string,
  at: (label: string) => string,
  types: readonly DnsRecordType[],
  byDomains: boolean,
): DnsRecordSet {
  const here = one.between(0, 9);
  const label =
    here < 3
      ? "@"
      : here < 6
        ? one.pick(hostLabels)
        : `${one.pick(theirLabels)}${one.chance(0.5) ? "" : one.between(1, 9)}`;
  const name = at(label);
  // What is delegated to other servers cannot be led anywhere here, and is refused: that is a case of its own.
  const isTheirs = here >= 6;
  const possible: readonly DnsRecordType[] = (
    name === zone
      ? byDomains
        ? (["MX", "TXT", "CAA"] as const)
        : (["A", "MX", "TXT", "CAA"] as const)
      : label.startsWith("_")
        ? (["TXT", "CNAME"] as const)
        : (["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS"] as const)
  ).filter((type) => types.includes(type) && (type !== "NS" || isTheirs));
  const type = one.pick(possible);
  const ttl = one.pick([300, 1200, 3600, 14400]);
  return { name, type, values: foreignValues(one, type), ttl };
}

function foreignValues(one: Dice, type: DnsRecordType): readonly string[] {
  const number = one.between(1, 99);
  switch (type) {
    case "A":
      return addresses(one, "198.51.100");
    case "AAAA":
      return [`2001:db8:f::${number}`];
    case "MX":
      return [`10 mx${number}.example.net`, ...(one.chance(0.5) ? ["20 mx.example.net"] : [])];
    case "TXT":
      return [
        `theirs ${number}; "quoted" \\ and long `.padEnd(one.chance(0.2) ? 300 : 40, "z"),
        ...(one.chance(0.3) ? ["second"] : []),
      ];
    case "CAA":
      return ['0 issue "ca.example.net"', `0 iodef "mailto:ca${number}@example.net"`];
    case "SRV":
      return [`10 ${number} 5060 sip.example.net`];
    case "NS":
      return [`ns${number}.example.net`, "ns.example.net"];
    default:
      return [`their${number}.example.net`];
  }
}

function obstacleOf(wish: Wish, zone: string): DnsRecordSet | undefined {
  if (wish.kind === "records") {
    const { name, type } = wish.records[0]!;
    return {
      name,
      type,
      values: type === "A" ? ["198.51.100.250"] : type === "AAAA" ? ["2001:db8:f::250"] : ["theirs"],
      ttl: 300,
    };
  }
  const host = Object.keys(wish.domains).find((name) => name !== zone);
  return host === undefined ? undefined : { name: host, type: "A", values: ["198.51.100.250"], ttl: 300 };
}

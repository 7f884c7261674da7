import type { Context } from "../context.js";
import { normaliseName, normaliseValues } from "./dns-values.js";
import { ask, type Patience } from "./propagation-ask.js";
import type { AnsweredRecord, DnsMessage, QuestionType } from "./propagation-message.js";
import { askResolvers, type NameNetwork } from "./propagation-network.js";

/** A name server by name, at all of its addresses; none where its name leads nowhere. */
export interface NamedServer {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** A zone as the public side sees it. */
export interface PublicZone {
  readonly zone: string;
  /** Every server that the parent or the zone itself names. */
  readonly servers: readonly NamedServer[];
  /** What the servers of the parent say; absent where they are the zone's own, too, and say it as one. */
  readonly delegation?: readonly string[];
  /** What the zone itself says; absent where none of its servers answers. */
  readonly own?: readonly string[];
}

/** Finds zones and addresses from the top down, each question once. */
export interface ZoneFinder {
  /** The zone that holds `host`; or why it cannot be found. */
  zoneOf(host: string): Promise<PublicZone | { readonly problem: string }>;
  /** What the servers of its zone answer first; CNAMEs are not followed. */
  lookup(name: string, type: QuestionType): Promise<readonly AnsweredRecord[]>;
  /** Addresses behind a name, CNAMEs followed; empty where there are none. */
  addressesOf(name: string): Promise<readonly string[]>;
}

/** A zone, and who answers for it, on the way down. */
interface Cut {
  readonly zone: string;
  readonly servers: readonly NamedServer[];
  readonly delegation?: readonly string[];
}

/** Deeper than any host name that is in use; it ends what would go in a circle. */
const deepest = 24;
/** CNAMEs that are followed; lego follows 50, resolvers commonly 8 to 16. */
const longestChain = 10;
/** Servers that are asked at once on the way down: the first good answer is enough. */
const askedAtOnce = 4;

/**
 * Walks down the delegations from the top-level domain, asking only the servers that answer for each level.
 *
 * The resolvers of this machine are asked for the top and for addresses of name servers, never for the name itself: a
 * resolver remembers that a name was not there (RFC 2308), and would go on denying it once it is.
 */
export function createZoneFinder(
  context: Pick<Context, "signal">,
  network: NameNetwork,
  patience: Patience = {},
): ZoneFinder {
  const cuts = new Map<string, Cut>();
  const zones = new Map<string, Promise<PublicZone>>();
  const addresses = new Map<string, Promise<readonly string[]>>();
  let lane: Promise<unknown> = Promise.resolve();

  /** One after the other: what one walk has found the next one starts from. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = lane.then(work, work);
    lane = result.catch(() => undefined);
    return result;
  };

  const once = <T>(memo: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> => {
    const present = memo.get(key) ?? load();
    memo.set(key, present);
    return present;
  };

  const addressesOfServer = (name: string): Promise<readonly string[]> =>
    once(addresses, name, async () => {
      const found = await Promise.all(
        (["A", "AAAA"] as const).map(async (type) => {
          const reply = await askResolvers(context, network, name, type, patience);
          return "message" in reply ? valuesOf(reply.message.answers, type) : [];
        }),
      );
      return found.flat();
    });

  /** Glue is believed only below the zone whose servers gave it. */
  const named = (
    names: readonly string[],
    glue: readonly AnsweredRecord[],
    within: string,
  ): Promise<NamedServer[]> =>
    Promise.all(
      names.map(async (name) => {
        const given = isWithin(name, within)
          ? glue.filter((one) => one.name === name).flatMap((one) => addressValues([one]))
          : [];
        return { name, addresses: given.length > 0 ? given : await addressesOfServer(name) };
      }),
    );

  const askAny = (
    cut: Pick<Cut, "zone" | "servers">,
    name: string,
    type: QuestionType,
  ): Promise<DnsMessage | undefined> => firstGood(context, network, cut, name, type, patience);

  /** The deepest level known already; else the top, as the resolvers know it. */
  async function top(host: string): Promise<Cut | { problem: string }> {
    const upwards = ancestors(host);
    for (const name of upwards) {
      const known = cuts.get(name);
      if (known !== undefined) return known;
    }
    const names = [...upwards].reverse();
    let problem = `no resolver of this machine answers (${network.resolvers.map((one) => one.address).join(", ") || "none is set"})`;
    for (const name of names.filter((one, index) => one !== host || index === 0)) {
      const reply = await askResolvers(context, network, name, "NS", patience);
      if (!("message" in reply)) continue;
      const servers = valuesOf(reply.message.answers, "NS");
      problem = `the resolvers know no name servers for ${names[0]}`;
      if (servers.length === 0) continue;
      const cut = { zone: name, servers: await named(servers, reply.message.additional, name) };
      cuts.set(name, cut);
      return cut;
    }
    return { problem };
  }

  async function walk(host: string): Promise<PublicZone | { problem: string }> {
    const start = await top(host);
    if ("problem" in start) return start;
    let cut: Cut = start;
    let asked = host;
    for (let depth = 0; depth < deepest; depth += 1) {
      const message = await askAny(cut, asked, "SOA");
      if (message === undefined) break;
      const referral = referralIn(message, cut.zone, host);
      if (referral !== undefined) {
        const servers = await named(referral.servers, message.additional, cut.zone);
        cut = { zone: referral.zone, servers, delegation: referral.servers };
        cuts.set(cut.zone, cut);
        continue;
      }
      const authority = [...message.answers, ...message.authority].find((one) => one.type === "SOA");
      if (authority !== undefined && isWithin(host, authority.name)) {
        // One server may hold parent and child: then it answers from the child without ever referring to it.
        if (authority.name !== cut.zone && isWithin(authority.name, cut.zone)) {
          cut = { zone: authority.name, servers: cut.servers };
        }
        break;
      }
      // A CNAME hides where its zone begins: the name above it is in the same zone, or in the one above.
      const above = asked.slice(asked.indexOf(".") + 1);
      if (above === asked || !isWithin(above, cut.zone)) break;
      asked = above;
    }
    return once(zones, cut.zone, () => publicZone(cut));
  }

  async function publicZone(cut: Cut): Promise<PublicZone> {
    const message = await askAny(cut, cut.zone, "NS");
    const own = message === undefined ? [] : valuesOf(message.answers, "NS");
    const missing = own.filter((name) => !cut.servers.some((server) => server.name === name));
    const more = message === undefined ? [] : await named(missing, message.additional, cut.zone);
    const told =
      cut.delegation === undefined ? cut.servers.filter(({ name }) => own.includes(name)) : cut.servers;
    const servers = told.length + more.length === 0 ? cut.servers : [...told, ...more];
    return {
      zone: cut.zone,
      servers,
      ...(cut.delegation === undefined ? {} : { delegation: cut.delegation }),
      ...(own.length === 0 ? {} : { own }),
    };
  }

  const zoneOf = (host: string): Promise<PublicZone | { problem: string }> =>
    inTurn(() => walk(normaliseName(host)));

  async function lookup(name: string, type: QuestionType): Promise<readonly AnsweredRecord[]> {
    const zone = await zoneOf(name);
    if ("problem" in zone) return [];
    const message = await askAny(zone, normaliseName(name), type);
    return message?.answers.filter((one) => one.name === normaliseName(name)) ?? [];
  }

  return {
    zoneOf,
    lookup,
    async addressesOf(start) {
      let name = normaliseName(start);
      for (let hops = 0; hops <= longestChain; hops += 1) {
        const answers = (await Promise.all([lookup(name, "A"), lookup(name, "AAAA")])).flat();
        const found = addressValues(answers);
        const alias = answers.find((one) => one.type === "CNAME");
        if (found.length > 0 || alias === undefined) return [...new Set(found)];
        name = alias.value;
      }
      return [];
    },
  };
}

/** The first answer of use among several servers; the other questions end with it. */
async function firstGood(
  context: Pick<Context, "signal">,
  network: NameNetwork,
  { zone, servers }: Pick<Cut, "zone" | "servers">,
  name: string,
  type: QuestionType,
  patience: Patience,
): Promise<DnsMessage | undefined> {
  const places = spread(servers);
  for (let at = 0; at < places.length; at += askedAtOnce) {
    const enough = new AbortController();
    const signal = AbortSignal.any([context.signal, enough.signal]);
    try {
      return await Promise.any(
        places.slice(at, at + askedAtOnce).map(async (address) => {
          const reply = await ask({ signal }, { address, port: network.port }, { name, type }, patience);
          if ("message" in reply && isOfUse(reply.message, zone)) return reply.message;
          throw new Error("of no use");
        }),
      );
    } catch {
      context.signal.throwIfAborted();
    } finally {
      enough.abort();
    }
  }
  return undefined;
}

/** One address of each server first, IPv4 before IPv6: a second address helps only where the first does not. */
function spread(servers: readonly NamedServer[]): readonly string[] {
  const sorted = servers.map(({ addresses }) =>
    [...addresses].sort((one, other) => Number(one.includes(":")) - Number(other.includes(":"))),
  );
  const rounds = Math.max(0, ...sorted.map((addresses) => addresses.length));
  return [
    ...new Set(
      Array.from({ length: rounds }, (_, round) => sorted.flatMap((one) => one[round] ?? [])).flat(),
    ),
  ];
}

/** A lame server may hold the zone above, and refer to the very servers that are being asked: that leads nowhere. */
function isOfUse(message: DnsMessage, zone: string): boolean {
  if (message.code !== "NOERROR" && message.code !== "NXDOMAIN") return false;
  return message.authoritative || childReferred(message, zone) !== undefined;
}

/** The zone below `zone` that a referral leads to. */
function childReferred(message: DnsMessage, zone: string): string | undefined {
  if (!isReferral(message)) return undefined;
  const child = message.authority.find((one) => one.type === "NS")!.name;
  return child !== zone && isWithin(child, zone) ? child : undefined;
}

/** Whether the server only says who else is to be asked. */
export function isReferral(message: DnsMessage): boolean {
  return (
    !message.authoritative &&
    message.code === "NOERROR" &&
    message.answers.length === 0 &&
    message.authority.some((one) => one.type === "NS")
  );
}

/** A referral counts only downwards, on the way to the host: anything else is a server that knows nothing. */
function referralIn(
  message: DnsMessage,
  zone: string,
  host: string,
): { readonly zone: string; readonly servers: readonly string[] } | undefined {
  const child = childReferred(message, zone);
  if (child === undefined || !isWithin(host, child)) return undefined;
  const records = message.authority.filter((one) => one.type === "NS" && one.name === child);
  return { zone: child, servers: valuesOf(records, "NS") };
}

/** Normalised values of one type. */
export function valuesOf(
  records: readonly AnsweredRecord[],
  type: Exclude<QuestionType, "SOA">,
): readonly string[] {
  return normaliseValues(
    type,
    records.filter((one) => one.type === type).map((one) => one.value),
  );
}

function addressValues(records: readonly AnsweredRecord[]): readonly string[] {
  return [...valuesOf(records, "A"), ...valuesOf(records, "AAAA")];
}

/** Whether `name` is `zone`, or below it. */
function isWithin(name: string, zone: string): boolean {
  return zone === "" || name === zone || name.endsWith(`.${zone}`);
}

/** `a.b.c`, `b.c`, `c`: from the host upwards. */
function ancestors(host: string): string[] {
  const labels = host.split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}

import type { Context } from "../context.js";
import { normaliseName, normaliseValues } from "./dns-values.js";
import { ask, type Patience, type Reply } from "./propagation-ask.js";
import type { AnsweredRecord, DnsMessage, QuestionType } from "./propagation-message.js";
import type { NameNetwork } from "./propagation-network.js";
import {
  createZoneFinder,
  isReferral,
  type PublicZone,
  valuesOf,
  type ZoneFinder,
} from "./propagation-zone.js";
import type { DnsRecordType } from "./traffic.js";

/** What a name has to be answered with. */
export interface WantedAnswer {
  readonly name: string;
  readonly type: DnsRecordType;
  /** Absent: not known yet, so that it cannot be compared. */
  readonly values?: readonly string[];
  /**
   * How it is served: as it is held; `flattened`, as the addresses of the host name it leads to; `edge`, as addresses
   * of the vendor's own, which may change at any time.
   */
  readonly served: "plain" | "flattened" | "edge";
}

/** How a server answers for a zone. */
export interface ServerState {
  readonly server: string;
  readonly address: string;
  /**
   * `lame`: it is named as a server of the zone and does not answer for it; `silent`: nothing comes back;
   * `unreachable`: this machine has no way there, IPv6 mostly, so that nothing is held against it.
   */
  readonly state: "answers" | "lame" | "silent" | "unreachable";
  /** Of the zone, as this server has it. */
  readonly serial?: number;
  /** In one clause. */
  readonly reason?: string;
}

/** What one server says about one record. */
export interface ServerAnswer {
  readonly server: string;
  readonly address: string;
  /** `behind`: it says something else, and has an older serial than others; `delegated`: it sends elsewhere, below the zone. */
  readonly state:
    | "agrees"
    | "behind"
    | "differs"
    | "missing"
    | "delegated"
    | "lame"
    | "silent"
    | "unreachable";
  /** As they are compared: normalised, sorted. Untrusted. */
  readonly values: readonly string[];
  /** Seconds. */
  readonly ttl?: number;
  readonly reason?: string;
}

/** How far a record has come. */
export interface RecordPropagation {
  readonly name: string;
  readonly type: DnsRecordType;
  /** What is wanted, as it is compared; of a flattened record the addresses of its target. */
  readonly values?: readonly string[];
  readonly zone?: string;
  readonly servers: readonly ServerAnswer[];
  /** Reachable servers that agree, and all reachable ones. */
  readonly agree: number;
  readonly of: number;
  readonly state: "everywhere" | "partly" | "nowhere" | "unknown";
  /** Why it is not known. */
  readonly reason?: string;
}

/** A zone with the state of each of its servers. */
export interface ZonePropagation extends PublicZone {
  readonly states: readonly ServerState[];
}

/** Asks authoritative servers, each for itself. */
export interface Propagation {
  readonly finder: ZoneFinder;
  /** The zone of a host with all its servers; or why it cannot be told. */
  zone(host: string): Promise<ZonePropagation | { readonly problem: string }>;
  /** Compares what every server answers with what is wanted. */
  record(wanted: WantedAnswer): Promise<RecordPropagation>;
  /** A new round: the delegations stay, everything else is asked again. */
  again(): Propagation;
}

/** Looks at names from outside; `patience` is for each question. */
export function createPropagation(
  context: Pick<Context, "signal">,
  network: NameNetwork,
  patience: Patience = {},
  finder: ZoneFinder = createZoneFinder(context, network, patience),
): Propagation {
  const zones = new Map<string, Promise<readonly ServerState[]>>();
  const put = (address: string, name: string, type: QuestionType): Promise<Reply> =>
    ask(context, { address, port: network.port }, { name, type }, patience);

  async function zone(host: string): Promise<ZonePropagation | { problem: string }> {
    const found = await finder.zoneOf(host);
    if ("problem" in found) return found;
    const known = zones.get(found.zone);
    const states = known ?? Promise.all(placesOf(found).map((place) => stateOf(place, found.zone)));
    zones.set(found.zone, states);
    return { ...found, states: await states };
  }

  async function stateOf({ server, address }: Place, name: string): Promise<ServerState> {
    if (address === undefined) {
      return { server, address: "", state: "lame", reason: "its name leads to no address" };
    }
    const reply = await put(address, name, "SOA");
    const fault = faultOf(reply);
    if (fault !== undefined) return { server, address, ...fault };
    const soa = ("message" in reply ? reply.message.answers : []).find((one) => one.type === "SOA");
    if (soa === undefined || soa.name !== name) {
      return { server, address, state: "lame", reason: `it does not hold ${name}` };
    }
    return { server, address, state: "answers", serial: Number(soa.value) };
  }

  async function record(wanted: WantedAnswer): Promise<RecordPropagation> {
    const { type } = wanted;
    const name = normaliseName(wanted.name);
    const unknown = (reason: string): RecordPropagation => ({
      ...{ name, type, servers: [], agree: 0, of: 0, state: "unknown", reason },
    });
    const found = await zone(name);
    if ("problem" in found) return unknown(found.problem);
    const expected = await expectedOf(wanted, finder);
    if (expected === undefined) return { ...unknown("what it will say is not known yet"), zone: found.zone };
    if (wanted.served === "flattened" && expected.length === 0) {
      return { ...unknown(`${wanted.values?.join(", ")} has no address at present`), zone: found.zone };
    }
    const newest = newestSerial(found.states);
    const servers = await Promise.all(
      found.states.map(async (state): Promise<ServerAnswer> => {
        const { server, address } = state;
        if (state.state !== "answers") return { ...state, state: state.state, values: [] };
        const answer = await answerOf(address, name, wanted);
        if (answer.state !== "compare") return { server, address, ...answer, state: answer.state };
        const { values, ttl } = answer;
        const said = { server, address, values, ...(ttl === undefined ? {} : { ttl }) };
        if (agrees(wanted, expected, values)) return { ...said, state: "agrees" };
        const behind = newest !== undefined && isOlder(state.serial, newest);
        if (behind) {
          return { ...said, state: "behind", reason: `serial ${state.serial}, others have ${newest}` };
        }
        return { ...said, state: values.length === 0 ? "missing" : "differs" };
      }),
    );
    const reachable = servers.filter((one) => one.state !== "unreachable");
    const agree = reachable.filter((one) => one.state === "agrees").length;
    return {
      name,
      type,
      zone: found.zone,
      values: expected,
      servers,
      agree,
      of: reachable.length,
      state:
        reachable.length === 0
          ? "unknown"
          : agree === reachable.length
            ? "everywhere"
            : agree > 0
              ? "partly"
              : "nowhere",
    };
  }

  async function answerOf(
    address: string,
    name: string,
    wanted: WantedAnswer,
  ): Promise<
    | { state: "compare"; values: readonly string[]; ttl?: number }
    | { state: "lame" | "silent" | "unreachable" | "delegated"; values: readonly string[]; reason: string }
  > {
    const types: readonly QuestionType[] =
      wanted.served === "plain" ? [questionType(wanted.type)] : ["A", "AAAA"];
    const answers: AnsweredRecord[] = [];
    for (const type of types) {
      const reply = await put(address, name, type);
      if ("message" in reply && isReferral(reply.message)) {
        const below = reply.message.authority.find((one) => one.type === "NS");
        return { state: "delegated", values: [], reason: `it delegates ${below?.name} to ${below?.value}` };
      }
      const fault = faultOf(reply);
      if (fault !== undefined) return { ...fault, values: [] };
      if ("message" in reply) answers.push(...reply.message.answers.filter((one) => one.name === name));
    }
    const ofTypes = answers.filter((one) => types.includes(one.type));
    const alias =
      wanted.type === "CNAME" && wanted.served === "plain"
        ? undefined
        : answers.find((one) => one.type === "CNAME");
    if (ofTypes.length === 0 && alias !== undefined) {
      return { state: "compare", values: [`CNAME ${alias.value}`], ttl: alias.ttl };
    }
    const values = types.flatMap((type) => (type === "SOA" ? [] : valuesOf(ofTypes, type)));
    return { state: "compare", values, ...(ofTypes[0] === undefined ? {} : { ttl: ofTypes[0].ttl }) };
  }

  return {
    finder,
    zone,
    record,
    again: () => createPropagation(context, network, patience, finder),
  };
}

interface Place {
  readonly server: string;
  readonly address?: string;
}

function placesOf({ servers }: PublicZone): readonly Place[] {
  return servers.flatMap(({ name, addresses }) =>
    addresses.length === 0 ? [{ server: name }] : addresses.map((address) => ({ server: name, address })),
  );
}

/** Why a reply says nothing about the zone; undefined where it does. */
function faultOf(
  reply: Reply,
): { readonly state: "lame" | "silent" | "unreachable"; readonly reason: string } | undefined {
  if (!("message" in reply)) {
    return { state: reply.failure === "broken" ? "lame" : reply.failure, reason: reply.reason };
  }
  const { code, authoritative } = reply.message;
  if (code !== "NOERROR" && code !== "NXDOMAIN") return { state: "lame", reason: `it answers ${code}` };
  if (!authoritative) return { state: "lame", reason: lameness(reply.message) };
  return undefined;
}

function lameness(message: DnsMessage): string {
  return isReferral(message)
    ? "it knows nothing of the zone, and names others"
    : "its answers are not authoritative";
}

function questionType(type: DnsRecordType): QuestionType {
  return type === "ALIAS" ? "A" : type;
}

/** What servers should say; undefined while that is not known. */
async function expectedOf(wanted: WantedAnswer, finder: ZoneFinder): Promise<readonly string[] | undefined> {
  if (wanted.values === undefined) return undefined;
  if (wanted.served === "edge") return [];
  if (wanted.served === "plain") return normaliseValues(wanted.type, wanted.values);
  const addresses = await Promise.all(wanted.values.map((host) => finder.addressesOf(host)));
  return addresses.flat().sort();
}

/**
 * A flattened name agrees with one address of its target: vendors flatten from where they are, and a large target
 * answers everybody with a few of many. Texts of others may stand beside ours.
 */
function agrees(wanted: WantedAnswer, expected: readonly string[], values: readonly string[]): boolean {
  if (wanted.served === "edge") return values.some((value) => !value.startsWith("CNAME "));
  if (wanted.served === "flattened") return values.some((value) => expected.includes(value));
  if (wanted.type === "TXT") return expected.every((value) => values.includes(value));
  return values.length === expected.length && values.every((value, index) => value === expected[index]);
}

/** Serials go round: one is older when the way up to the other is the shorter one (RFC 1982). */
function isOlder(serial: number | undefined, than: number): boolean {
  if (serial === undefined || serial === than) return false;
  return (than - serial + 2 ** 32) % 2 ** 32 < 2 ** 31;
}

function newestSerial(states: readonly ServerState[]): number | undefined {
  const serials = states.flatMap(({ serial }) => serial ?? []);
  return serials.reduce<number | undefined>(
    (newest, serial) => (newest === undefined || isOlder(newest, serial) ? serial : newest),
    undefined,
  );
}

import type { DnsRecordSet, DnsRecordType } from "@deploy/core";
import type { Fault } from "../chaos/fault.js";
import { createFaultProxy, type FaultProxy, type FaultProxyOptions } from "../chaos/fault-proxy.js";
import { type Clients, startClients } from "./clients.js";
import type { Order, Outcome } from "./messages.js";
import { type Dice, dice, diceOf, type ForeignRecord, foreignSet, type Scene, type Wish } from "./random.js";

/** One record as the vendor holds it, with whatever the vendor says of it in `text`. */
export interface HeldRecordLine {
  readonly name: string;
  readonly type: string;
  /** Equal as long as nobody has changed it: its id, its time of change, its comment and so on. */
  readonly text: string;
}

/** A vendor's zone among whose foreign records Deploy is let loose. */
export interface ForeignZone {
  readonly zone: string;
  /** The vendor's API; a proxy that breaks calls is put in front of it. */
  readonly endpoint: URL;
  /** Types of record that others have there. */
  readonly types: readonly DnsRecordType[];
  /** Whether the root of the zone can be led to a host name. */
  readonly apexHost: boolean;
  /** The program that calls `serveForeignClient`, and its arguments. */
  readonly client: readonly [string, ...string[]];
  /** The client's environment, whose calls have to go to `address`. */
  readonly env: (address: URL) => Readonly<Record<string, string | undefined>>;
  /** As of the fault proxy: which calls change something, where the method does not tell. */
  readonly isMutation?: FaultProxyOptions["isMutation"];
  /** Empties the zone. */
  readonly reset: () => Promise<void>;
  /** Makes a record set past the proxy, as another tool does, or as another app of Deploy where it has a marker. */
  readonly plant: (record: DnsRecordSet, marker?: string) => Promise<void>;
  /** Removes a record set past the proxy, as another tool does. */
  readonly uproot: (record: DnsRecordSet) => Promise<void>;
  /** Everything the zone holds, past the proxy. */
  readonly holds: () => Promise<readonly HeldRecordLine[]>;
  /**
   * What the vendor allows to be promised: that nothing of others is changed; or, where it replaces zones as a whole
   * and has no transaction, that what gets lost is said and can be put back.
   */
  readonly promise: "untouched" | "restorable";
  /**
   * Another tool writes back the zone as it was a while ago, without a record set that it has not seen: only where zones
   * are replaced as a whole. What it loses has to be said, and to be in a copy.
   */
  readonly overwrite?: (record: DnsRecordSet) => Promise<void>;
}

/** How the runs are made. */
export interface ForeignRunsOptions {
  readonly runs: number;
  readonly seed: number;
  /** The first run, to have a red one again. Default 1. */
  readonly from?: number;
  /** Gets a line for each run that was not as it should be, and one for each hundred. */
  readonly progress?: (line: string) => void;
}

/** What came of the runs. */
export interface ForeignReport {
  readonly runs: number;
  /** Orders given, those repeated after a disturbance included. */
  readonly orders: number;
  readonly kills: number;
  /** Edits by the other writer while an order was under way. */
  readonly edits: number;
  /** Answers that were lost or refused. */
  readonly losses: number;
  /** Orders that were refused since a record of somebody else stood in the way. */
  readonly obstacles: number;
  /** Foreign records that were lost, said to be lost, and put back; always 0 where `promise` is `untouched`. */
  readonly restored: number;
  /**
   * What another writer wrote after our last read and before our write, and lost by it: nothing at a vendor without
   * transactions can tell of it, neither before nor after. Always 0 where `promise` is `untouched`.
   */
  readonly unseen: number;
  /** Runs in which something was wrong, with what; the number is that of the run. */
  readonly wrong: readonly { readonly run: number; readonly what: string }[];
  readonly seconds: number;
}

/**
 * Runs an app in zones full of records of others, disturbs it, and looks after each step at what others have.
 *
 * In each run the zone, the app's wishes, and who disturbs them are diced from the seed: the client is killed (kill -9)
 * at a call, an answer gets lost, another writer edits the zone between two calls. Each order is then given again until
 * it is done; a plan of the same has to be empty; whatever others had, and have written meanwhile, has to be as it was.
 * At the end everything of ours is removed, and the zone holds what others have and nothing else.
 */
export async function runAmongForeign(
  zone: ForeignZone,
  { runs, seed, from = 1, progress = () => undefined }: ForeignRunsOptions,
): Promise<ForeignReport> {
  const began = performance.now();
  const proxy = await createFaultProxy({
    target: zone.endpoint,
    ...(zone.isMutation === undefined ? {} : { isMutation: zone.isMutation }),
  });
  const clients = startClients(zone.client, zone.env(proxy.address as URL));
  const tally = { orders: 0, kills: 0, edits: 0, losses: 0, obstacles: 0, restored: 0, unseen: 0 };
  const wrong: ForeignReport["wrong"][number][] = [];
  try {
    for (let run = from; run < from + runs; run += 1) {
      try {
        await oneRun({ zone, proxy, clients, tally, one: diceOf(seed, run) });
      } catch (thrown) {
        const what = thrown instanceof Error ? thrown.message : String(thrown);
        wrong.push({ run, what });
        progress(`run ${run} of seed ${seed}: ${what}`);
        // Whatever it was about to do belongs to this run.
        clients.kill();
        proxy.reset();
      }
      if ((run - from + 1) % 100 === 0) progress(`${run - from + 1} runs, ${JSON.stringify(tally)}`);
    }
  } finally {
    clients.close();
    await proxy.close();
  }
  return { runs, ...tally, wrong, seconds: (performance.now() - began) / 1000 };
}

interface Run {
  readonly zone: ForeignZone;
  readonly proxy: FaultProxy;
  readonly clients: Clients;
  readonly tally: {
    -readonly [Key in "orders" | "kills" | "edits" | "losses" | "obstacles" | "restored" | "unseen"]: number;
  };
  readonly one: Dice;
}

/** What others have, as the vendor holds it: what must be there, and what was done to it last. */
interface Others {
  expected: HeldRecordLine[];
  /** Record sets that the other writer may still change or remove. */
  free: DnsRecordSet[];
  /** Written between our last read and our write, where the vendor has no transaction. */
  inTheWindow: Set<string>;
}

async function oneRun(run: Run): Promise<void> {
  const { zone, one } = run;
  const scene = dice(one, zone.zone, zone.types, zone.apexHost);
  await zone.reset();
  const others: Others = { expected: [...(await zone.holds())], free: [], inTheWindow: new Set() };
  for (const foreign of scene.foreign) await plant(zone, others, foreign);
  if (scene.obstacle !== undefined) await refuse(run, scene, others, scene.obstacle);
  let last: Wish | undefined;
  for (const wish of scene.wishes) {
    const order = orderOf(wish);
    const edits = run.tally.edits;
    await untilDone(run, scene, order, others);
    let plan = await run.clients.obey({ verb: "plan", of: order });
    if (run.tally.edits > edits && plan?.changes?.length !== 0) {
      await finish(run, order, others);
      plan = await run.clients.obey({ verb: "plan", of: order });
    }
    if (plan?.ok !== true || plan.changes?.length !== 0) {
      throw new Error(`after ${order.verb} there is still something to do: ${JSON.stringify(plan)}`);
    }
    last = wish;
  }
  const order: Order = last?.kind === "records" ? { verb: "apply", records: [] } : { verb: "down" };
  const edits = run.tally.edits;
  await untilDone(run, scene, order, others);
  if (run.tally.edits > edits) await finish(run, order, others);
  const left = await zone.holds();
  const texts = (lines: readonly HeldRecordLine[]): string =>
    lines
      .map(({ text }) => text)
      .sort()
      .join("\n");
  if (texts(left) !== texts(others.expected)) {
    const more = left.filter(({ text }) => !others.expected.some((other) => other.text === text));
    throw new Error(`after everything was removed there is left: ${texts(more) || "less than others had"}`);
  }
}

/**
 * Gives an order once more, undisturbed: a zone that is listed page by page while another writer shortens it can hide a
 * record of ours from us, and the next run has to see it.
 */
async function finish({ clients, zone, tally }: Run, order: Order, others: Others): Promise<void> {
  tally.orders += 1;
  const outcome = await clients.obey(order);
  if (outcome?.ok !== true) throw new Error(`${order.verb}, given again: ${JSON.stringify(outcome)}`);
  const missing = missingOf(others.expected, await zone.holds());
  if (missing.length > 0) throw new Error(`${order.verb}, given again, has lost ${JSON.stringify(missing)}`);
}

function orderOf(wish: Wish): Extract<Order, { verb: "up" | "apply" }> {
  return wish.kind === "domains"
    ? { verb: "up", domains: wish.domains }
    : { verb: "apply", records: wish.records };
}

/** A record of somebody else stands in the way: the order has to be refused, and nothing may change. */
async function refuse(run: Run, scene: Scene, others: Others, obstacle: DnsRecordSet): Promise<void> {
  const { zone, clients, tally } = run;
  await plant(zone, others, { record: obstacle });
  const before = await zone.holds();
  const order = orderOf(scene.wishes[0]!);
  tally.orders += 1;
  const outcome = await clients.obey(order);
  if (outcome?.ok !== false || !/foreign|conflict|blocked/.test(outcome.code ?? "")) {
    throw new Error(`over ${obstacle.name} ${obstacle.type} of somebody else: ${JSON.stringify(outcome)}`);
  }
  if (!outcome.said.includes(obstacle.name))
    throw new Error(`it does not name ${obstacle.name}: ${outcome.said}`);
  assertStill(before, await zone.holds(), "although it was refused");
  tally.obstacles += 1;
  await uproot(zone, others, obstacle);
}

/** Gives an order, disturbs it, and gives it again until it is done. */
async function untilDone(run: Run, scene: Scene, order: Order, others: Others): Promise<void> {
  const { clients, proxy, tally } = run;
  proxy.reset();
  disturb(run, scene, others);
  const outcomes: string[] = [];
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    tally.orders += 1;
    const outcome = await clients.obey(order);
    if (outcome === undefined) tally.kills += 1;
    proxy.reset();
    await keepPromise(run, others, outcome);
    if (outcome?.ok === true) return;
    outcomes.push(outcome === undefined ? "killed" : `${outcome.code}: ${outcome.said}`);
  }
  throw new Error(`${order.verb} does not come to an end: ${outcomes.join(" | ")}`);
}

/** Plans what goes wrong with the order that comes next. */
function disturb(run: Run, scene: Scene, others: Others): void {
  const { one, proxy, clients, tally, zone } = run;
  const where = (): { readonly call: number } | { readonly mutation: number } =>
    one.chance(0.6) ? { mutation: one.between(1, 4) } : { call: one.between(1, 14) };
  const plan = (fault: Fault): void => proxy.plan({ at: where(), fault });
  if (zone.overwrite !== undefined && others.free.length > 0 && one.chance(0.3)) {
    planOverwrite(run, others, zone.overwrite);
    return;
  }
  if (one.chance(0.5)) {
    const edited = one.between(1, 3);
    plan({
      kind: "meanwhile",
      act: async () => {
        const before = new Set(others.expected);
        for (let left = edited; left > 0; left -= 1) await edit(zone, scene, others, one);
        tally.edits += edited;
        if (zone.promise === "untouched" || proxy.calls.at(-1)?.mutation === undefined) return;
        for (const line of others.expected) if (!before.has(line)) others.inTheWindow.add(line.text);
      },
    });
  }
  if (one.chance(0.55)) {
    plan({ kind: "kill", when: one.pick(["before", "during", "after"]), kill: () => clients.kill() });
  } else if (one.chance(0.4)) {
    tally.losses += 1;
    plan(
      one.pick<Fault>([
        { kind: "reset", when: "before" },
        { kind: "reset", when: "after" },
        { kind: "status", status: 503, when: "before" },
        { kind: "status", status: 502, when: "after" },
        { kind: "truncate" },
      ]),
    );
  }
}

/** After our write, and before we look at what came of it, an older zone is written back over it. */
function planOverwrite(
  { one, proxy, tally }: Run,
  others: Others,
  overwrite: NonNullable<ForeignZone["overwrite"]>,
): void {
  let written = false;
  const record = one.pick(others.free);
  proxy.plan({
    at: ({ mutation }) => {
      if (mutation !== undefined) written = true;
      return written && mutation === undefined;
    },
    fault: {
      kind: "meanwhile",
      act: async () => {
        tally.edits += 1;
        await overwrite(record);
      },
    },
  });
}

/** What the other writer does: a record more, a record less, or another value. */
async function edit(zone: ForeignZone, scene: Scene, others: Others, one: Dice): Promise<void> {
  const { record, isNew } = editOf(zone, scene, others, one);
  if (record === undefined) return;
  // Where zones are replaced as a whole, what was taken away in the wrong moment would come back, and look like ours.
  if (!isNew && zone.promise === "restorable") return;
  if (!isNew) await uproot(zone, others, record);
  if (isNew || one.chance(0.5)) {
    const ttl = (record.ttl ?? 300) + 60;
    await plant(zone, others, { record: isNew ? record : { ...record, ttl } });
  }
}

function editOf(
  zone: ForeignZone,
  scene: Scene,
  others: Others,
  one: Dice,
): { readonly record: DnsRecordSet | undefined; readonly isNew: boolean } {
  if (others.free.length > 0 && one.chance(0.5)) return { record: one.pick(others.free), isNew: false };
  const at = (label: string): string => (label === "@" ? zone.zone : `${label}.${zone.zone}`);
  const record = foreignSet(one, zone.zone, at, zone.types, true);
  const names = new Set([
    ...others.expected.map(({ name }) => name),
    ...scene.wishes.flatMap((wish) =>
      wish.kind === "domains" ? Object.keys(wish.domains) : wish.records.map(({ name }) => name),
    ),
  ]);
  return { record: names.has(record.name) ? undefined : record, isNew: true };
}

async function plant(zone: ForeignZone, others: Others, { record, marker }: ForeignRecord): Promise<void> {
  const before = new Set((await zone.holds()).map(({ text }) => text));
  await zone.plant(record, marker);
  // Our own client is held at its call meanwhile: all that is new is of whoever has planted it.
  const made = (await zone.holds()).filter(({ text }) => !before.has(text));
  others.expected.push(...made);
  if (marker === undefined) others.free.push(record);
}

async function uproot(zone: ForeignZone, others: Others, record: DnsRecordSet): Promise<void> {
  await zone.uproot(record);
  others.expected = others.expected.filter(({ name, type }) => name !== record.name || type !== record.type);
  others.free = others.free.filter((one) => one.name !== record.name || one.type !== record.type);
}

/** What was promised of records of others, after each attempt. */
async function keepPromise(run: Run, others: Others, outcome: Outcome | undefined): Promise<void> {
  const { zone, clients, tally } = run;
  const missing = missingOf(others.expected, await zone.holds());
  if (missing.length === 0) return;
  const texts = missing.map(({ text }) => text).join("\n");
  if (zone.promise === "untouched") throw new Error(`changed although they are of others:\n${texts}`);
  const unseen = missing.filter(({ text }) => others.inTheWindow.has(text));
  others.expected = others.expected.filter((line) => !unseen.includes(line));
  tally.unseen += unseen.length;
  const lost = missing.filter((line) => !unseen.includes(line));
  if (lost.length === 0) return;
  // As a vendor writes it: the name below the zone, `@` for the zone itself.
  const short = (name: string): string => (name === zone.zone ? "@" : name.slice(0, -zone.zone.length - 1));
  const unsaid = lost.filter(({ name }) => outcome?.said.includes(short(name)) !== true);
  if (unsaid.length > 0) {
    const words = unsaid.map(({ text }) => text).join("\n");
    throw new Error(`lost without a word:\n${words}\nsaid: ${outcome?.said ?? "nothing, as it was killed"}`);
  }
  // The copy that the error names, as whoever reads it would take.
  const copy = /"copy":"([^"]+)"/.exec(outcome?.said ?? "")?.[1];
  if (copy === undefined) throw new Error(`said without the copy to restore: ${outcome?.said}`);
  const restored = await clients.obey({ verb: "restore", zone: zone.zone, copy });
  const still = missingOf(others.expected, await zone.holds());
  if (still.length > 0) {
    throw new Error(`said, and not put back by restore (${JSON.stringify(restored)}):\n${texts}`);
  }
  tally.restored += lost.length;
}

function missingOf(
  expected: readonly HeldRecordLine[],
  held: readonly HeldRecordLine[],
): readonly HeldRecordLine[] {
  const texts = new Set(held.map(({ text }) => text));
  return expected.filter(({ text }) => !texts.has(text));
}

function assertStill(
  before: readonly HeldRecordLine[],
  after: readonly HeldRecordLine[],
  when: string,
): void {
  const changed = [...missingOf(before, after), ...missingOf(after, before)];
  if (changed.length > 0)
    throw new Error(`${when}, it changed:\n${changed.map(({ text }) => text).join("\n")}`);
}

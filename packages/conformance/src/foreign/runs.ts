import type { DnsRecordSet } from "@deploy/core";
import { createFaultProxy } from "../chaos/fault-proxy.js";
import { startClients } from "./clients.js";
import { disturb } from "./disturb.js";
import type { Order } from "./messages.js";
import { assertStill, keepPromise, missingOf } from "./promise.js";
import { dice, diceOf, type Scene, type Wish } from "./random.js";
import { type Others, plant, type Run, uproot } from "./run.js";
import type { ForeignZone, HeldRecordLine } from "./zone.js";

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

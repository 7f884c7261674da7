import { setTimeout as sleep } from "node:timers/promises";
import { type Call, labelOf } from "./call.js";
import type { ClientEnd } from "./client-process.js";
import { type CrashReport, describePoint, type PointResult } from "./crash-report.js";
import { differences } from "./differences.js";
import type { Endpoint } from "./endpoint.js";
import type { FaultProxy } from "./fault-proxy.js";
import { faultOf, matcher, type Point, type PointFault, pointsOf } from "./points.js";
import { sample } from "./sample.js";

/** What a crash test is made of. */
export interface CrashOptions<Picture> {
  /** Stands in front of the vendor; nobody else may use it meanwhile. */
  readonly proxy: FaultProxy;
  /**
   * Runs the client against the endpoint, as a process of its own, until it ends; see `runClient`.
   *
   * `killed` is aborted to kill it with SIGKILL, as nothing less is a crash.
   */
  readonly start: (endpoint: Endpoint, killed: AbortSignal) => Promise<ClientEnd>;
  /** The vendor's state as JSON data, without what is another every time (times, random ids). */
  readonly observe: () => Promise<Picture>;
  /** Brings the vendor back to where every run begins. */
  readonly reset: () => Promise<void>;
  /** A picture of what the client has no business with; it must be the same before and after. */
  readonly observeForeign?: () => Promise<unknown>;
  /** Takes out of a picture what may differ between two good runs. Default: nothing. */
  readonly normalise?: (picture: Picture) => unknown;
  /** Default: `kill-before` and `kill-after`. */
  readonly faults?: readonly PointFault[];
  /** Names a call so that it has the same name in every run. Default: method and path, ids masked. */
  readonly label?: (call: Call) => string;
  /** Undisturbed runs that a point may take until one succeeds. Default 3. */
  readonly attempts?: number;
  /** Milliseconds that one run may take; after it the client is killed. Default 120,000. */
  readonly timeoutMs?: number;
  /** Milliseconds that the vendor may take to come to rest after a run. Default 5,000. */
  readonly settleMs?: number;
  /** Tries so many points only, chosen by the seed. Default: all. */
  readonly sample?: { readonly count: number; readonly seed: number };
  /** Gets one line for each step. Default: nobody. */
  readonly progress?: (line: string) => void;
}

/**
 * Disturbs a client at every mutating call, runs it again, and compares what it leaves with an undisturbed run.
 *
 * @example
 * ```ts
 * const proxy = await createFaultProxy({ target: new URL(vendor.url) });
 * const report = await crashEveryPoint({
 *   proxy,
 *   start: (endpoint, killed) =>
 *     runClient(["deploy", "up"], { cwd: app, env: { ...process.env, VENDOR_URL: String(endpoint) }, killed }),
 *   observe: () => vendor.list({ tag: "deploy:app=shop" }),
 *   observeForeign: () => vendor.list({ tag: "!deploy:app=shop" }),
 *   reset: () => vendor.restore(before),
 *   progress: console.error,
 * });
 * if (!report.ok) throw new Error(describeReport(report));
 * ```
 * @throws Error when the undisturbed client does not succeed, or changes nothing: then there is nothing to compare.
 */
export async function crashEveryPoint<Picture>(options: CrashOptions<Picture>): Promise<CrashReport> {
  const { proxy, label = labelOf, progress = () => {} } = options;
  const began = performance.now();
  const undisturbed = await recordRun(options);
  const all = pointsOf(undisturbed.calls, label, options.faults ?? ["kill-before", "kill-after"]);
  const mutations = undisturbed.calls.filter((call) => call.mutation !== undefined).map(label);
  if (all.length === 0)
    throw new Error("The undisturbed run made no mutating call: nothing can be disturbed.");
  progress(`undisturbed: ${mutations.length} mutating calls: ${mutations.join(", ")}`);

  proxy.reset();
  succeeded(await run(options), "The second undisturbed run");
  const repeatDifferences = await settledDifferences(options, undisturbed.picture);
  if (repeatDifferences.length > 0) progress("a second undisturbed run changed something");

  const chosen = options.sample === undefined ? all : sample(all, options.sample.count, options.sample.seed);
  const points: PointResult[] = [];
  for (const point of chosen) {
    const result = await tryPoint(options, point, undisturbed.picture);
    points.push(result);
    progress(`${points.length}/${chosen.length} ${describePoint(result)}`);
  }
  const converged = points.filter((point) => point.converged).length;
  return {
    ok: converged === points.length && repeatDifferences.length === 0,
    mutations,
    known: all.length,
    points,
    converged,
    repeatDifferences,
    seconds: (performance.now() - began) / 1000,
  };
}

/** The undisturbed run: what it calls, and what it leaves once that has come to rest. */
async function recordRun<Picture>(
  options: CrashOptions<Picture>,
): Promise<{ readonly calls: readonly Call[]; readonly picture: unknown }> {
  const { proxy, reset } = options;
  await reset();
  proxy.reset();
  succeeded(await run(options), "The undisturbed run");
  const calls = proxy.calls;
  let picture = await look(options);
  // A picture of something that still moves would make every point diverge.
  for (let waited = 0; waited < (options.settleMs ?? 5000); waited += 250) {
    await sleep(250);
    const next = await look(options);
    if (differences(picture, next).length === 0) break;
    picture = next;
  }
  return { calls, picture };
}

async function tryPoint<Picture>(
  options: CrashOptions<Picture>,
  point: Point,
  undisturbed: unknown,
): Promise<PointResult> {
  const { proxy, reset, observeForeign, label = labelOf, attempts = 3 } = options;
  const began = performance.now();
  await reset();
  proxy.reset();
  const foreignBefore = await observeForeign?.();
  const victim = new AbortController();
  const fault = faultOf(point.fault, () => victim.abort());
  const isPoint = matcher(point, label);
  // Not by what happened to the calls: a proxy may do other things to them, which are no faults of ours.
  let reached = false;
  proxy.plan({
    at(call) {
      const isIt = isPoint(call);
      reached ||= isIt;
      return isIt;
    },
    fault,
  });
  let end = await run(options, victim);
  // 137 is what a shell around the client makes of its being killed.
  const survived = victim.signal.aborted && end.code !== null && end.code !== 137;
  const exitCode = end.code;
  proxy.reset();
  let reruns = 0;
  while (end.code !== 0 && reruns < attempts) {
    reruns += 1;
    end = await run(options);
  }
  const found = await settledDifferences(options, undisturbed);
  const foreign = differences(foreignBefore, await observeForeign?.());
  return {
    ...point,
    reached,
    exitCode,
    reruns,
    converged: reached && !survived && end.code === 0 && found.length === 0 && foreign.length === 0,
    differences: found,
    foreignDifferences: foreign,
    ...(end.code === 0 ? {} : { problem: `it never succeeded again: ${lastLines(end.output)}` }),
    ...(survived ? { problem: "it was to be killed and was not: `start` has to honour its signal" } : {}),
    seconds: (performance.now() - began) / 1000,
  };
}

/** One run of the client; one that is not over in time is killed, and has failed. */
async function run<Picture>(
  options: CrashOptions<Picture>,
  victim = new AbortController(),
): Promise<ClientEnd> {
  const { timeoutMs = 120_000 } = options;
  const late = new AbortController();
  const killed = AbortSignal.any([victim.signal, late.signal]);
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const end = await options.start(options.proxy.address, killed);
    if (!late.signal.aborted) return end;
    return { code: null, output: `${end.output}\nkilled: it was not over after ${timeoutMs / 1000} s` };
  } finally {
    clearTimeout(timer);
  }
}

function succeeded(end: ClientEnd, what: string): void {
  if (end.code === 0) return;
  throw new Error(`${what} failed (exit ${end.code}): ${lastLines(end.output)}`);
}

async function look<Picture>({
  observe,
  normalise = (picture) => picture,
}: CrashOptions<Picture>): Promise<unknown> {
  return normalise(await observe());
}

/** Looks until nothing differs any more, or the vendor has had its time. */
async function settledDifferences<Picture>(
  options: CrashOptions<Picture>,
  wanted: unknown,
): Promise<string[]> {
  const end = Date.now() + (options.settleMs ?? 5000);
  for (;;) {
    const found = differences(wanted, await look(options));
    if (found.length === 0 || Date.now() > end) return found;
    await sleep(200);
  }
}

function lastLines(output: string): string {
  return output.trim().split("\n").slice(-8).join(" | ");
}

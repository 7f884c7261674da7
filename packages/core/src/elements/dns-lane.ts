import type { Context } from "../context.js";
import { isTransient } from "../engine/retry.js";
import { DeployError, toDeployError } from "../errors.js";
import { draftZone, type ZoneDraft } from "./dns-diff.js";
import type { Dns, ObservedRecordSet } from "./traffic.js";

/** One change of a zone that waits for its turn. */
interface Job {
  readonly context: Context;
  readonly decide: (draft: ZoneDraft) => unknown;
  /** Resolves when it is to run the next batch itself. */
  readonly lead: Deferred<void>;
  readonly outcome: Deferred<unknown>;
  value: unknown;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

interface Lane {
  readonly waiting: Job[];
  /** A change leads a batch, or is about to. */
  busy: boolean;
  /** A listing that has not begun yet: whoever asks now may have its answer. */
  nextList: { readonly asker: AbortSignal; readonly list: Promise<readonly ObservedRecordSet[]> } | undefined;
  lastList: Promise<unknown>;
}

// Keyed by the plugin's own object, so that two deployers with one provider share its lanes and nothing outlives it.
const lanes = new WeakMap<Dns, Map<string, Lane>>();

function laneOf(dns: Dns, zone: string): Lane {
  const ofProvider = lanes.get(dns) ?? new Map<string, Lane>();
  lanes.set(dns, ofProvider);
  const lane = ofProvider.get(zone) ?? {
    waiting: [],
    busy: false,
    nextList: undefined,
    lastList: Promise.resolve(),
  };
  ofProvider.set(zone, lane);
  return lane;
}

/** How many single changes may be refused for one and the same reason before the rest is not tried any more. */
const sameRefusals = 3;

/**
 * Changes a zone after everything else that was started for it: some vendors replace a zone as a whole, and two changes
 * at a time would undo each other. All that wait meanwhile are listed for once and applied at once; where the vendor
 * refuses such a batch it is halved until the one that is at fault has failed alone.
 *
 * @param decide writes what it wants into a draft of the zone as it is then, or throws before it has. It may be asked
 * again, with another draft.
 * @returns what `decide` answered, once it is applied.
 */
export async function changeZone<T>(
  context: Context,
  dns: Dns,
  zone: string,
  decide: (draft: ZoneDraft) => T,
): Promise<T> {
  const lane = laneOf(dns, zone);
  const job: Job = { context, decide, lead: deferred(), outcome: deferred(), value: undefined };
  // Whoever leads looks at its own outcome only after the batch.
  job.outcome.promise.catch(() => undefined);
  lane.waiting.push(job);
  if (lane.busy) {
    const settled = job.outcome.promise.then(() => true);
    const wait = Promise.race([settled, job.lead.promise.then(() => false)]);
    if (await (context.idle?.(wait) ?? wait)) return job.value as T;
  } else lane.busy = true;
  try {
    await runBatch(lane, dns, zone, job);
  } finally {
    const next = lane.waiting[0];
    if (next === undefined) lane.busy = false;
    else next.lead.resolve();
  }
  await job.outcome.promise;
  return job.value as T;
}

async function runBatch(lane: Lane, dns: Dns, zone: string, leader: Job): Promise<void> {
  const call = callForAll(leader, lane.waiting);
  let jobs: readonly Job[] = [];
  try {
    const records = await dns.list(call.context, zone);
    await whileMoreCome(lane);
    // Those that came while it was listed see nothing else: no other change of ours was on its way.
    jobs = lane.waiting.splice(0);
    call.join(jobs);
    await attempt({ dns, zone, context: call.context, refused: { code: "", count: 0 } }, jobs, records);
  } catch (error) {
    for (const job of [...jobs, ...lane.waiting.splice(0)]) job.outcome.reject(error);
  } finally {
    call.release();
  }
}

/** Of thousands that are ready at once, a few begin at each turn of the event loop: none of them is left behind. */
async function whileMoreCome(lane: Lane): Promise<void> {
  for (let before = -1; before < lane.waiting.length; ) {
    before = lane.waiting.length;
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Batch {
  readonly dns: Dns;
  readonly zone: string;
  readonly context: Context;
  /** What single changes were refused for, the last ones in a row. */
  readonly refused: { code: string; count: number };
}

async function attempt(
  batch: Batch,
  jobs: readonly Job[],
  records: readonly ObservedRecordSet[],
): Promise<void> {
  const { dns, zone, context, refused } = batch;
  const draft = draftZone(records);
  const decided = jobs.filter((job) => decideInto(draft, job));
  const changes = draft.changes();
  try {
    if (changes.length > 0) await dns.apply(context, zone, changes);
    if (changes.length > 0) refused.count = 0;
    for (const job of decided) job.outcome.resolve(undefined);
  } catch (error) {
    // Whether it has been done is not known, or it is nobody's fault: each of them is read again, and tried again. That
    // somebody else has written the zone meanwhile is about no record of ours: in halves it would succeed, and be unsaid.
    if (isTransient(error) || context.signal.aborted || isConcurrentChange(error))
      for (const job of decided) job.outcome.reject(error);
    else if (decided.length === 1) {
      const { code } = toDeployError(error);
      refused.count = refused.code === code ? refused.count + 1 : 1;
      refused.code = code;
      decided[0]!.outcome.reject(error);
    } else {
      const middle = Math.ceil(decided.length / 2);
      for (const half of [decided.slice(0, middle), decided.slice(middle)]) {
        if (refused.count >= sameRefusals) for (const job of half) job.outcome.reject(error);
        else await attempt(batch, half, await dns.list(context, zone));
      }
    }
  }
}

function isConcurrentChange(error: unknown): boolean {
  return DeployError.is(error) && error.code === "dns.concurrent-change";
}

/** Lets a job write into the draft; one that cannot, or that nobody waits for any more, is settled with its reason. */
function decideInto(draft: ZoneDraft, job: Job): boolean {
  try {
    job.context.signal.throwIfAborted();
    job.value = job.decide(draft);
    return true;
  } catch (error) {
    job.outcome.reject(error);
    return false;
  }
}

/**
 * Everything in the zone as it is now, in one call for all that ask before it begins: an answer that was on its way
 * already may be older than what the caller has just changed.
 */
export async function listNow(
  context: Context,
  dns: Dns,
  zone: string,
): Promise<readonly ObservedRecordSet[]> {
  const lane = laneOf(dns, zone);
  if (lane.nextList !== undefined) {
    const { asker, list } = lane.nextList;
    try {
      return await (context.idle?.(list) ?? list);
    } catch (error) {
      if (!asker.aborted || context.signal.aborted) throw error;
      return dns.list(context, zone);
    }
  }
  const list = lane.lastList.then(() => {
    lane.nextList = undefined;
    return dns.list(context, zone);
  });
  lane.nextList = { asker: context.signal, list };
  lane.lastList = list.catch(() => undefined);
  return list;
}

/** A context for a call that several wait for, or will: aborted once all of them are, and not before. */
function callForAll(
  leader: Job,
  waiting: readonly Job[],
): { readonly context: Context; join(jobs: readonly Job[]): void; release(): void } {
  const controller = new AbortController();
  const signals = new Set<AbortSignal>();
  const onAbort = (): void => {
    for (const signal of signals) if (!signal.aborted) return;
    if (waiting.every(({ context }) => context.signal.aborted))
      controller.abort(leader.context.signal.reason);
  };
  const join = (jobs: readonly Job[]): void => {
    for (const { context } of jobs) {
      if (signals.has(context.signal)) continue;
      signals.add(context.signal);
      context.signal.addEventListener("abort", onAbort, { once: true });
    }
    onAbort();
  };
  join([leader]);
  return {
    context: { ...leader.context, signal: controller.signal },
    join,
    release: () => {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    },
  };
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

import { DeployError } from "../errors.js";
import { sameData } from "./compare.js";
import { differences } from "./decide.js";
import { retryEvent } from "./read-wave.js";
import { type AnyResource, isForeign } from "./resource.js";
import { isBlockedForLong, isTransient, pauseAfter, retry } from "./retry.js";
import type { Run, Step } from "./run-state.js";

/** How often a write is tried, when each time it was seen to have changed nothing. */
const writeAttempts = 5;

/** Reads a resource while applying; repeated when it fails for the moment. */
export function readNow(run: Run, step: Step, resource: AnyResource, quick = false): Promise<unknown> {
  return retry(
    { clock: run.context.clock, signal: step.controller.signal },
    () => call(run, step, () => resource.read(step.context)),
    {
      attempts: quick ? 1 : 5,
      onRetry: (_error, attempt, delayMs) => announceRetry(run, step, attempt, delayMs),
    },
  );
}

/** Makes one call within the provider's limits; the step begins with the first. */
function call<T>(run: Run, step: Step, make: () => Promise<T>): Promise<T> {
  // Once it has begun, a step goes on even while the run stops: only waiting in the queue is cut short.
  const signal = step.startedAt === undefined ? run.stopping : step.controller.signal;
  return step.limiter.run(
    (place) => {
      step.place = place;
      begin(run, step);
      return untilAborted(make(), step.controller.signal);
    },
    { priority: step.subject.priority, signal },
  );
}

/** Makes a call that changes something: asked right before it whether this run still may. */
export function callToChange<T>(run: Run, step: Step, make: () => Promise<T>): Promise<T> {
  return call(run, step, async () => {
    await run.check();
    return make();
  });
}

/** Says that a step begins, once. */
export function begin(run: Run, step: Step): void {
  if (step.startedAt !== undefined) return;
  step.startedAt = run.context.clock.now();
  step.saidAt = step.startedAt;
  const { id, label, verb, action } = step.subject;
  const time = new Date(step.startedAt).toISOString();
  run.emit({ type: "started", time, id, label, action, message: `${verb} ${label}` });
}

/**
 * Makes a write, which is never replayed blindly.
 *
 * When the answer was lost or the vendor was overloaded, the resource is read: if it is as desired, the write has
 * succeeded; if it is as before, the write is repeated; anything else fails.
 */
export async function write(
  run: Run,
  step: Step,
  resource: AnyResource,
  desired: unknown,
  before: unknown,
  make: () => Promise<unknown>,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await callToChange(run, step, make);
    } catch (error) {
      const stopped = step.controller.signal.aborted || step.startedAt === undefined || run.stopping.aborted;
      if (attempt >= writeAttempts || stopped || !isTransient(error) || isBlockedForLong(error)) throw error;
      const delayMs = pauseAfter(error, attempt);
      announceRetry(run, step, attempt, delayMs);
      await run.context.clock.sleep(delayMs, run.stopping).catch(() => {
        throw error;
      });
      const now = await readNow(run, step, resource);
      if (isDone(resource, desired, now)) return now;
      if (!isAsBefore(resource, desired, before, now)) throw uncertainError(resource, error);
      if (run.stopping.aborted) throw error;
    }
  }
}

function isDone(resource: AnyResource, desired: unknown, now: unknown): boolean {
  return now !== undefined && !isForeign(now) && differences(resource, desired, now).length === 0;
}

function isAsBefore(resource: AnyResource, desired: unknown, before: unknown, now: unknown): boolean {
  if (before === undefined) return now === undefined;
  if (isForeign(before) || isForeign(now)) return isForeign(before) && isForeign(now);
  if (now === undefined) return false;
  return sameData(differences(resource, desired, before), differences(resource, desired, now));
}

function uncertainError(resource: AnyResource, cause: unknown): DeployError {
  return new DeployError({
    code: "run.uncertain",
    message: `An answer about ${resource.label} was lost, and now it is neither as it was nor as it should be.`,
    hint: "Run again: a new plan shows what is left to do.",
    cause,
    details: { id: resource.id },
  });
}

function announceRetry(run: Run, step: Step, attempt: number, delayMs: number): void {
  step.saidAt = run.context.clock.now();
  run.emit(retryEvent(run.context, step.subject, attempt, delayMs));
}

/** Rejects when `signal` is aborted, even where a provider does not look at it. */
function untilAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    running.catch(() => undefined);
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    running.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

import { DeployError } from "../errors.js";
import { differences, immutableError, isGate, type NodeState } from "./decide.js";
import { hasUnknown, resolveLate } from "./late.js";
import type { Look } from "./out.js";
import { type AnyResource, isForeign } from "./resource.js";
import { isThrottled } from "./retry.js";
import type { Run, Step } from "./run-state.js";
import { begin, callToChange, readNow, write } from "./write.js";

/** How often to look while something is pending, milliseconds; and at most, when the vendor is overloaded. */
const defaultPoll = 2_000;
const slowestPoll = 15_000;

/** Thrown where a step stops waiting because the run stops: it has not failed. */
export const stoppedWaiting: unique symbol = Symbol("stopped waiting");

/** Brings one resource to its desired state, and answers with it once it can be used. */
export async function applyResource(
  run: Run,
  step: Step,
  resource: AnyResource,
  state: NodeState,
  look: Look,
): Promise<unknown> {
  const desired = resolveLate(resource.desired, look);
  if (hasUnknown(desired)) throw unresolvedError(resource);
  run.preparation.scrubber.learn(desired);
  const reached = await reach(run, step, resource, state, desired);
  return settle(run, step, resource, desired, reached);
}

async function reach(
  run: Run,
  step: Step,
  resource: AnyResource,
  state: NodeState,
  desired: unknown,
): Promise<unknown> {
  switch (state.action) {
    case "create": {
      const born = resource.implicit === true ? await readNow(run, step, resource) : undefined;
      if (isForeign(born)) throw foreignError(resource, born.description);
      if (born !== undefined) return change(run, step, resource, desired, born);
      return write(run, step, resource, desired, undefined, () => resource.create!(step.context, desired));
    }
    case "update":
      return change(run, step, resource, desired, state.observed, !state.unknown);
    case "adopt": {
      const before = { foreign: true, description: "" };
      const ours = await write(run, step, resource, desired, before, () => resource.adopt!(step.context));
      return change(run, step, resource, desired, ours);
    }
    default:
      // A wait for something that was only compared in part: now everything it is made of is known.
      if (state.fields.length === 0 || isGate(resource)) return undefined;
      return change(run, step, resource, desired, state.observed);
  }
}

/** Updates it where it differs; what was unknown while planning may turn out to be as it should be. */
async function change(
  run: Run,
  step: Step,
  resource: AnyResource,
  desired: unknown,
  before: unknown,
  certain = false,
): Promise<unknown> {
  const fields = certain ? undefined : differences(resource, desired, before);
  if (fields?.length === 0) {
    begin(run, step);
    return before;
  }
  if (resource.update === undefined) throw immutableError(resource, fields ?? []);
  return write(run, step, resource, desired, before, () => resource.update!(step.context, desired, before));
}

/** Looks until it can be used. Without a state to begin with (a gate, something that is pending) looks at once. */
async function settle(
  run: Run,
  step: Step,
  resource: AnyResource,
  desired: unknown,
  reached: unknown,
): Promise<unknown> {
  let observed = reached;
  let pause = 0;
  for (let looked = reached !== undefined; ; looked = true) {
    if (looked) {
      const waiting = await whyWaitingOrFailed(run, step, resource, desired, observed);
      if (waiting === undefined) return observed;
      step.waitingFor = waiting;
      pause = Math.max(pause, resource.pollEvery ?? defaultPoll);
      await waitFor(run, step, pause * (0.95 + Math.random() * 0.1));
    }
    try {
      observed = await readNow(run, step, resource, true);
      if (isForeign(observed)) throw foreignError(resource, observed.description);
      pause = 0;
    } catch (error) {
      if (!isThrottled(error)) {
        if (run.stopping.aborted && step.startedAt === undefined) throw error;
        observed = await readAgain(run, step, resource, error);
      } else pause = Math.min(slowestPoll, Math.max(pause, resource.pollEvery ?? defaultPoll) * 2);
    }
  }
}

async function readAgain(run: Run, step: Step, resource: AnyResource, error: unknown): Promise<unknown> {
  if (DeployError.is(error) && !error.retryable) throw error;
  const observed = await readNow(run, step, resource);
  if (isForeign(observed)) throw foreignError(resource, observed.description);
  return observed;
}

async function whyWaitingOrFailed(
  run: Run,
  step: Step,
  resource: AnyResource,
  desired: unknown,
  observed: unknown,
): Promise<string | undefined> {
  try {
    return whyWaiting(resource, desired, observed);
  } catch (error) {
    const { failed } = resource;
    if (failed !== undefined) {
      await callToChange(run, step, () => failed.call(resource, step.context, observed)).catch(
        () => undefined,
      );
    }
    throw error;
  }
}

function whyWaiting(resource: AnyResource, desired: unknown, observed: unknown): string | undefined {
  if (observed === undefined) return isGate(resource) ? "not there yet" : "not visible yet";
  const pending = resource.pending?.(observed);
  if (pending !== undefined) return pending;
  if (!isGate(resource)) return undefined;
  const fields = differences(resource, desired, observed);
  return fields.length === 0
    ? undefined
    : `${fields.map((field) => field.path || "it").join(", ")} not as awaited yet`;
}

async function waitFor(run: Run, step: Step, milliseconds: number): Promise<void> {
  if (run.stopping.aborted) throw stoppedWaiting;
  const either = new AbortController();
  const onStop = (): void => either.abort(stoppedWaiting);
  const onStepAbort = (): void => either.abort(step.controller.signal.reason);
  run.stopping.addEventListener("abort", onStop, { once: true });
  step.controller.signal.addEventListener("abort", onStepAbort, { once: true });
  try {
    step.controller.signal.throwIfAborted();
    await run.context.clock.sleep(milliseconds, either.signal);
  } finally {
    run.stopping.removeEventListener("abort", onStop);
    step.controller.signal.removeEventListener("abort", onStepAbort);
  }
}

function foreignError(resource: AnyResource, description: string): DeployError {
  return new DeployError({
    code: "plan.foreign",
    message: `${resource.label} exists already and is not ours: ${description}.`,
    hint: "Run again: the plan shows what can be done about it.",
    details: { id: resource.id },
  });
}

function unresolvedError(resource: AnyResource): DeployError {
  return new DeployError({
    code: "plan.unresolved",
    message: `${resource.label} is made of something that is still not known after it was made.`,
    hint: "This is a fault of the provider: one of its outputs stays undefined. Please report it.",
    details: { id: resource.id },
  });
}

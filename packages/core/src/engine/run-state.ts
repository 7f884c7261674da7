import { setMaxListeners } from "node:events";
import type { Context } from "../context.js";
import { DeployError, toDeployError } from "../errors.js";
import type { DeployEvent, StepAction } from "./events.js";
import type { ApplyOptions, BaseContext, Preparation } from "./prepared.js";
import type { Limiter, Place } from "./rate-limit.js";
import { timeOf } from "./read-wave.js";
import { createTicker } from "./ticker.js";

/** What a step is about. */
export interface StepSubject {
  readonly id: string;
  readonly label: string;
  readonly provider: string;
  readonly action: StepAction;
  /** What a person reads: `create`, `run`, `wait for`. */
  readonly verb: string;
  readonly priority: number;
  /** Milliseconds, where it may take longer than the run allows others. */
  readonly mayTake?: number;
}

/** One step under way. */
export interface Step {
  readonly subject: StepSubject;
  readonly context: Context;
  readonly limiter: Limiter;
  /** The place that its present call takes up. */
  place: Place | undefined;
  /** Milliseconds, by the run's clock, at which its first call began. */
  startedAt: number | undefined;
  /** When something was last said about it. */
  saidAt: number;
  /** What it is waiting for, while it waits. */
  waitingFor: string | undefined;
  readonly controller: AbortController;
}

/** A whole run under way: what its steps share. */
export interface Run {
  readonly preparation: Preparation;
  readonly context: BaseContext;
  readonly emit: (event: DeployEvent) => void;
  /** Aborted as soon as nothing new may be started and no waiting makes sense any more. */
  readonly stopping: AbortSignal;
  readonly check: () => Promise<void>;
  readonly done: Set<string>;
  readonly removed: Set<string>;
  readonly skipped: Map<string, string>;
  readonly failures: { readonly subject: StepSubject; readonly error: DeployError }[];
  readonly cancelled: () => boolean;
  begin(subject: StepSubject): Step;
  end(step: Step): void;
  fail(step: Step, thrown: unknown): void;
  close(): void;
}

/** How long an answer of `check` holds, milliseconds. */
const checkHolds = 1_000;
const defaultStepTimeout = 30 * 60_000;
const defaultDrain = 10_000;

/** Starts the bookkeeping of a run. */
export function openRun(preparation: Preparation, options: ApplyOptions): Run {
  const context = preparation.input.context;
  const { clock } = context;
  const { scrubber } = preparation;
  const outer = options.signal ?? context.signal;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const closing = new AbortController();
  const steps = new Set<Step>();
  const failures: Run["failures"] = [];
  let cancelled = false;

  const emit = (event: DeployEvent): void => {
    if (options.emit === undefined) return;
    const clean = { ...event, message: scrubber.text(event.message) };
    if (clean.type === "output") options.emit({ ...clean, text: scrubber.text(clean.text) });
    else if (clean.type === "failed") options.emit({ ...clean, error: scrubber.data(clean.error) });
    else options.emit(clean);
  };
  const onCancel = (): void => {
    cancelled = true;
    stopping.abort(cancellation());
    void clock.sleep(options.drainMs ?? defaultDrain, closing.signal).then(
      () => {
        for (const step of steps) step.controller.abort(cancellation());
      },
      () => undefined,
    );
  };
  if (outer.aborted) onCancel();
  else outer.addEventListener("abort", onCancel, { once: true });
  createTicker(context, steps, emit, options.stepTimeoutMs ?? defaultStepTimeout, closing.signal);

  return {
    preparation,
    context,
    emit,
    stopping: stopping.signal,
    check: shareAnswers(options.check, clock),
    done: new Set(),
    removed: new Set(),
    skipped: new Map(),
    failures,
    cancelled: () => cancelled,
    begin: (subject) => {
      // Made when the first call is: of a thousand steps that become ready at once, most wait in a queue for long.
      let controller: AbortController | undefined;
      let own: Context | undefined;
      const step: Step = {
        subject,
        limiter: preparation.limiters.for(subject.provider),
        place: undefined,
        startedAt: undefined,
        saidAt: clock.now(),
        waitingFor: undefined,
        get controller() {
          controller ??= new AbortController();
          return controller;
        },
        get context() {
          own ??= stepContext(context, step, emit);
          return own;
        },
      };
      steps.add(step);
      return step;
    },
    end: (step) => {
      steps.delete(step);
    },
    fail: (step, thrown) => {
      const error = scrubber.error(toDeployError(thrown));
      failures.push({ subject: step.subject, error });
      stopping.abort(error);
      const { id, label } = step.subject;
      emit({
        type: "failed",
        time: timeOf(context),
        id,
        label,
        message: `${label}: ${error.message}`,
        error: error.toJSON(),
      });
    },
    close: () => {
      outer.removeEventListener("abort", onCancel);
      closing.abort();
    },
  };
}

/** What the calls of a step get: what they say becomes events of the step. */
function stepContext(context: BaseContext, step: Step, emit: (event: DeployEvent) => void): Context {
  const { env, fetch, clock, directory } = context;
  const { id, label } = step.subject;
  return {
    env,
    fetch,
    clock,
    directory,
    signal: step.controller.signal,
    log: (message) => {
      step.saidAt = clock.now();
      emit({ type: "progress", time: timeOf(context), id, label, message });
    },
    output: (text, stream) => {
      step.saidAt = clock.now();
      emit({ type: "output", time: timeOf(context), id, label, message: text, text, stream });
    },
    // Nothing is kept while things change: an answer from before a write would be taken for one from after it.
    shared: (_key, load) => load(),
    idle: (wait) => step.place?.idle(wait) ?? wait,
  };
}

/** The error of a run that was cancelled. */
export function cancellation(): DeployError {
  return new DeployError({
    code: "run.cancelled",
    message: "Cancelled.",
    hint: "Run the same again: it continues where this run stopped.",
  });
}

/** Asks once for all that start at about the same time. */
function shareAnswers(
  check: (() => Promise<void>) | undefined,
  clock: Context["clock"],
): () => Promise<void> {
  if (check === undefined) return async () => undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Promise<void> = Promise.resolve();
  return () => {
    if (clock.now() - askedAt >= checkHolds) {
      askedAt = clock.now();
      answer = check();
      answer.catch(() => {
        askedAt = Number.NEGATIVE_INFINITY;
      });
    }
    return answer;
  };
}

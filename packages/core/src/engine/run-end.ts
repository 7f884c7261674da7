import { DeployError } from "../errors.js";
import type { Plan } from "./plan.js";
import { timeOf } from "./read-wave.js";
import { cancellation, type Run } from "./run-state.js";

/** Says of everything that was not done why it was not. */
export function skipRest(run: Run, plan: Plan): void {
  const first = run.failures[0];
  const reason = first === undefined ? "the run was cancelled" : `${first.subject.label} failed`;
  for (const { id, label } of plan.changes) {
    if (isDone(run, id) || run.failures.some((failure) => failure.subject.id === id)) continue;
    const why = run.skipped.get(id) ?? reason;
    run.emit({
      type: "skipped",
      time: timeOf(run.context),
      id,
      label,
      message: `${label}: not done, ${why}`,
      reason: why,
    });
  }
}

/** The error of a run that ended early: what failed first, or the cancellation, with what was done and what was not. */
export function endedError(run: Run, plan: Plan): DeployError {
  const done = plan.changes.filter(({ id }) => isDone(run, id)).map(({ id }) => id);
  const notDone = plan.changes.filter(({ id }) => !isDone(run, id)).map(({ id }) => id);
  const [first, ...others] = run.failures;
  const alsoFailed = others.map(({ subject, error }) => ({ id: subject.id, ...error.toJSON() }));
  if (run.cancelled() || first === undefined) {
    const base = cancellation();
    const failed = run.failures.map(({ subject, error }) => ({ id: subject.id, ...error.toJSON() }));
    return new DeployError({
      code: base.code,
      message: `Cancelled: ${done.length} of ${plan.changes.length} changes were made.`,
      hint: base.hint!,
      details: { done, notDone, ...(failed.length === 0 ? {} : { alsoFailed: failed }) },
    });
  }
  const { error, subject } = first;
  return new DeployError({
    ...error.toJSON(),
    message: error.message,
    hint: `${sentence(error.hint ?? "Mend what failed")} Run the same again afterwards: it continues where this run stopped.`,
    cause: error,
    details: { ...error.details, id: subject.id, label: subject.label, done, notDone, alsoFailed },
  });
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function isDone(run: Run, id: string): boolean {
  return run.done.has(id) || run.removed.has(id);
}

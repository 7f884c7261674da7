import type { NumberedProgress, RunAction, RunProgress, RunTrouble } from "../../shared/run-types.js";

/** How a step of a run stands. */
export type StepState = "running" | "waiting" | "retrying" | "done" | "failed" | "skipped";

/** A line of a command's output. */
export interface OutputLine {
  /** Counted within the step, from 1; a key that stays. */
  readonly number: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** A step of a run, as far as it has come. */
export interface Step {
  readonly id: string;
  readonly label: string;
  readonly action?: RunAction;
  readonly state: StepState;
  /** What it does or waits for, in one line. */
  readonly detail: string;
  /** By the clock of who runs it. */
  readonly startedAt: number;
  /** How long it took, or has been waiting. */
  readonly seconds?: number;
  readonly attempt?: number;
  readonly error?: RunTrouble;
  /** The last lines, at most {@link MAXIMUM_OUTPUT}. */
  readonly output: readonly OutputLine[];
  /** How many lines lie before them. */
  readonly earlier: number;
}

/** A run as a page shows it. */
export interface Progress {
  /** In the order in which they began. */
  readonly steps: readonly Step[];
  readonly planned?: { readonly changes: number; readonly unchanged: number };
  readonly notes: readonly string[];
  readonly finishedAfter?: number;
  /** The last event's number; 0: there was none. */
  readonly last: number;
}

/** How many lines of a step's output a page holds; all of them are in the logs. */
export const MAXIMUM_OUTPUT = 400;

/** Nothing has happened yet. */
export const NO_PROGRESS: Progress = { steps: [], notes: [], last: 0 };

/** What has become of a run with these events, too; those that it has seen already are passed over. */
export function advance(progress: Progress, events: readonly NumberedProgress[]): Progress {
  const fresh = events.filter((one) => one.number > progress.last).sort((a, b) => a.number - b.number);
  if (fresh.length === 0) return progress;
  const steps = new Map(progress.steps.map((step) => [step.id, step]));
  const lines = new Map<string, OutputLine[]>();
  const notes = [...progress.notes];
  let { planned, finishedAfter, last } = progress;
  for (const { number, event } of fresh) {
    if (number <= last) continue;
    last = number;
    if (event.type === "planned") planned = { changes: event.changes, unchanged: event.unchanged };
    else if (event.type === "note") notes.push(event.message);
    else if (event.type === "finished") finishedAfter = event.seconds;
    else {
      const before = steps.get(event.id) ?? firstSeen(event);
      steps.set(event.id, stepped(before, event));
      if (event.type === "output") {
        const added = lines.get(event.id) ?? [];
        const count = before.earlier + before.output.length + added.length;
        added.push({ number: count + 1, stream: event.stream, text: event.text });
        lines.set(event.id, added);
      }
    }
  }
  for (const [id, added] of lines) {
    const step = steps.get(id);
    if (step !== undefined) steps.set(id, withOutput(step, added));
  }
  return {
    steps: [...steps.values()],
    notes,
    last,
    ...(planned === undefined ? {} : { planned }),
    ...(finishedAfter === undefined ? {} : { finishedAfter }),
  };
}

type StepEvent = Extract<RunProgress, { id: string }>;

function firstSeen(event: StepEvent): Step {
  const startedAt = Date.parse(event.time);
  return {
    id: event.id,
    label: event.label,
    state: "running",
    detail: "",
    startedAt: Number.isNaN(startedAt) ? 0 : startedAt,
    output: [],
    earlier: 0,
  };
}

/** A step that was done and is heard of again runs again: its end is forgotten. */
function stepped(step: Step, event: StepEvent): Step {
  const { seconds: _seconds, error: _error, attempt: _attempt, ...open } = step;
  switch (event.type) {
    case "started":
      return { ...open, label: event.label, action: event.action, state: "running", detail: event.message };
    case "progress":
      return { ...open, state: "running", detail: event.message };
    case "waiting":
      return { ...open, state: "waiting", detail: event.message, seconds: event.seconds };
    case "retry":
      return { ...open, state: "retrying", detail: event.message, attempt: event.attempt };
    case "output":
      return step.state === "waiting" || step.state === "retrying" ? { ...open, state: "running" } : step;
    case "done":
      return { ...open, action: event.action, state: "done", detail: event.message, seconds: event.seconds };
    case "failed":
      return { ...open, state: "failed", detail: event.message, error: event.error };
    case "skipped":
      return { ...open, state: "skipped", detail: event.reason };
  }
}

function withOutput(step: Step, added: readonly OutputLine[]): Step {
  const all = [...step.output, ...added];
  const output = all.slice(-MAXIMUM_OUTPUT);
  return { ...step, output, earlier: step.earlier + all.length - output.length };
}

/** One sentence for a screen reader: what has changed between two states of a run; empty: nothing worth saying. */
export function spoken(before: Progress, after: Progress): string {
  const known = new Map(before.steps.map((step) => [step.id, step.state]));
  const changed = after.steps.filter((step) => known.get(step.id) !== step.state);
  const failed = changed.find((step) => step.state === "failed");
  if (failed !== undefined) return `${failed.label}: failed. ${failed.error?.message ?? failed.detail}`;
  const done = changed.filter((step) => step.state === "done" && step.action !== "read");
  if (done.length > 0) return `Done: ${done.map((step) => step.label).join(", ")}`;
  const running = changed.filter((step) => step.state === "running" || step.state === "waiting").at(-1);
  return running === undefined ? "" : `${running.label}: ${running.detail}`;
}

import type { DeployEvent } from "@deploy/core";

/** A step under way, as the live view knows it. */
export interface RunningStep {
  readonly id: string;
  readonly label: string;
  readonly startedAt: number;
  /** What it is doing or waiting for. */
  detail: string;
  readonly output: StepOutput;
}

/** Output of a step's command: all of it, within bounds. */
export interface StepOutput {
  readonly lines: readonly string[];
  /** Lines that were let go because there were too many. */
  readonly dropped: number;
  add(line: string): void;
}

const MAXIMUM_LINES = 5000;
const MAXIMUM_LINE_LENGTH = 2000;

/** Keeps the last 5,000 lines, each cut at 2,000 characters: a build that prints without end must not fill memory. */
export function createStepOutput(): StepOutput {
  let lines: string[] = [];
  let dropped = 0;
  return {
    get lines() {
      return lines;
    },
    get dropped() {
      return dropped;
    },
    add: (line) => {
      lines.push(line.length > MAXIMUM_LINE_LENGTH ? `${line.slice(0, MAXIMUM_LINE_LENGTH)}…` : line);
      if (lines.length < MAXIMUM_LINES * 2) return;
      dropped += lines.length - MAXIMUM_LINES;
      lines = lines.slice(-MAXIMUM_LINES);
    },
  };
}

/** What happened so far, for the account that is given when a run is cut short. */
export interface RunAccount {
  readonly done: readonly string[];
  readonly skipped: readonly string[];
  readonly failed: readonly string[];
  record(event: DeployEvent): void;
}

/** An account that starts empty. */
export function createRunAccount(): RunAccount {
  const done: string[] = [];
  const skipped: string[] = [];
  const failed: string[] = [];
  return {
    done,
    skipped,
    failed,
    record: (event) => {
      if (event.type === "done" && event.action !== "read") done.push(event.label);
      if (event.type === "skipped") skipped.push(event.label);
      if (event.type === "failed") failed.push(event.label);
    },
  };
}

import type { Point } from "./points.js";

/** What came of one point. */
export interface PointResult extends Point {
  /** The fault has happened; a point that is not reached proves nothing. */
  readonly reached: boolean;
  /** How the disturbed run ended; null when it was killed. */
  readonly exitCode: number | null;
  /** Undisturbed runs until one succeeded; 0 when the fault did not keep the disturbed one from it. */
  readonly reruns: number;
  /** Reached, and the same picture as the undisturbed run's, with nothing foreign touched. */
  readonly converged: boolean;
  /** How the picture differs from the undisturbed one: `path: undisturbed → disturbed`. */
  readonly differences: readonly string[];
  /** How what is not the client's differs from before. */
  readonly foreignDifferences: readonly string[];
  /** Why it could not be carried through; the end of the client's output when it never succeeded. */
  readonly problem?: string;
  readonly seconds: number;
}

/** What came of a crash test. */
export interface CrashReport {
  /** Every point converged, and running the undisturbed client twice changed nothing. */
  readonly ok: boolean;
  /** The mutating calls of the undisturbed run, by label, in their order. */
  readonly mutations: readonly string[];
  /** Points that there are; with a sample, more than were tried. */
  readonly known: number;
  readonly points: readonly PointResult[];
  readonly converged: number;
  /** How the picture changed when the undisturbed client ran a second time; it must not. */
  readonly repeatDifferences: readonly string[];
  readonly seconds: number;
}

/** One line about a point: what was done where, and what came of it. */
export function describePoint(point: PointResult): string {
  const place = `${point.fault} at ${point.label}${point.occurrence > 1 ? ` (no. ${point.occurrence})` : ""}`;
  const exit = point.exitCode === null ? "killed" : `exit ${point.exitCode}`;
  const end = `${exit}, ${point.reruns} more, ${point.seconds.toFixed(1)} s`;
  if (point.converged) return `converged: ${place} (${end})`;
  const reasons = [
    ...(point.reached ? [] : ["never reached: give a `label` that is the same in every run"]),
    ...(point.problem === undefined ? [] : [point.problem]),
    ...point.differences,
    ...point.foreignDifferences.map((line) => `foreign: ${line}`),
  ];
  return [`DIVERGED: ${place} (${end})`, ...reasons.map((line) => `  ${line}`)].join("\n");
}

/** The report as text: the points that failed, and one line of numbers. */
export function describeReport(report: CrashReport): string {
  const failed = report.points.filter((point) => !point.converged).map(describePoint);
  const repeat = report.repeatDifferences.map((line) => `a second undisturbed run changed ${line}`);
  const total = `${report.converged} of ${report.points.length} points converged (${report.known} known, ${report.mutations.length} mutating calls), ${report.seconds.toFixed(0)} s`;
  return [...repeat, ...failed, total].join("\n");
}

import type { LogEntry } from "../../shared/log-types.js";
import type { Fold } from "./tracebacks.js";

/** Lines that were here and have been put away; one tall row until they are loaded again. */
export interface Away {
  readonly kind: "away";
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** How many rows they made. */
  readonly rows: number;
}

/** Lines that were never sent, because they came too fast; one row, with a way to load them. */
export interface Skipped {
  readonly kind: "skipped";
  readonly from: number;
  readonly to: number;
  /** As many as match or may match. */
  readonly count: number;
}

/** What one row shows: a line, a traceback, or lines that are not here. */
export type Row = LogEntry | Fold | Away | Skipped;

/** The number that a row begins with. */
export function seqOf(row: Row): number {
  if (!("kind" in row)) return row.seq;
  return row.kind === "fold" ? row.head.seq : row.from;
}

/** What tells a row from all others. */
export function keyOf(row: Row): number | string {
  if (!("kind" in row)) return row.seq;
  return row.kind === "fold" ? row.head.seq : `${row.kind}-${row.from}`;
}

/** The number that finds a row: it ends with its own; a traceback may end behind rows that follow it. */
export function endOf(row: Row): number {
  if (!("kind" in row)) return row.seq;
  return row.kind === "fold" ? row.head.seq : row.to;
}

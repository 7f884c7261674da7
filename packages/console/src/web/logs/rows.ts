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
function endOf(row: Row): number {
  if (!("kind" in row)) return row.seq;
  return row.kind === "fold" ? row.head.seq : row.to;
}

/** Whether a row shows the line of this number itself, folded or not. */
export function shows(row: Row, seq: number): boolean {
  if (!("kind" in row)) return row.seq === seq;
  return row.kind === "fold" && row.lines.some((line) => line.seq === seq);
}

/** Where the row is that shows this number, or the first behind it; the number of rows when there is none. */
export function rowOf(rows: readonly Row[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(rows[middle]!) < seq) low = middle + 1;
    else high = middle;
  }
  // A traceback's lines may lie among those of others: look whether one just before holds it.
  for (let back = low; back >= 0 && back > low - 200; back--) {
    const row = rows[back];
    if (row !== undefined && "kind" in row && shows(row, seq)) return back;
  }
  return low;
}

/** The numbers of tracebacks by their signature. */
export function alikeIn(rows: readonly Row[]): Map<string, number[]> {
  const alike = new Map<string, number[]>();
  for (const row of rows) {
    if (!("kind" in row) || row.kind !== "fold") continue;
    const seqs = alike.get(row.signature);
    if (seqs === undefined) alike.set(row.signature, [row.head.seq]);
    else seqs.push(row.head.seq);
  }
  return alike;
}

/** What a screen reader says of rows. */
export function spokenOf(rows: readonly Row[]): string {
  return rows
    .map((row) => ("kind" in row ? (row.kind === "fold" ? row.summary : "") : row.text.slice(0, 300)))
    .join("\n");
}

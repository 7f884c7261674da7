import type { LogEntry } from "../../shared/log-types.js";
import type { Away, Skipped } from "./rows.js";
import { type Fold, findFolds } from "./tracebacks.js";

/** Lines that are loaded together. */
export interface Lines {
  readonly kind: "lines";
  readonly lines: LogEntry[];
  characters: number;
  rows: readonly (LogEntry | Fold)[];
}

/** What the window is made of. */
export type Block = Lines | Away | Skipped;

/** Lines before and behind a block that are looked at for tracebacks that cross its edge. */
const EDGE = 400;

/** Lines as blocks of at most `size`. */
export function cutUp(lines: readonly LogEntry[], size: number): Lines[] {
  const made: Lines[] = [];
  for (let at = 0; at < lines.length; at += size) {
    const part = lines.slice(at, at + size);
    made.push({ kind: "lines", lines: part, characters: sum(part), rows: part });
  }
  return made;
}

/** Folds the tracebacks of a block, with a look over both of its edges. */
export function group(blocks: readonly Block[], index: number): void {
  const one = blocks[index];
  if (one?.kind !== "lines") return;
  const before = blocks[index - 1];
  const behind = blocks[index + 1];
  const folds = findFolds([
    ...(before?.kind === "lines" ? before.lines.slice(-EDGE) : []),
    ...one.lines,
    ...(behind?.kind === "lines" ? behind.lines.slice(0, EDGE) : []),
  ]);
  if (folds.size === 0) {
    one.rows = one.lines;
    return;
  }
  const made: (LogEntry | Fold)[] = [];
  for (const line of one.lines) {
    const fold = folds.get(line);
    if (fold === undefined) made.push(line);
    else if (fold.head === line) made.push(fold);
  }
  one.rows = made;
}

/** Whether a traceback may go on in the next block. */
export function openAtEnd(one: Block | undefined): boolean {
  if (one?.kind !== "lines") return false;
  const ends = new Set(one.lines.slice(-50));
  return (
    one.rows.slice(-EDGE).some((row) => "kind" in row && row.lines.some((line) => ends.has(line))) ||
    one.lines.slice(-50).some((line) => /Traceback|Error|Exception/.test(line.text))
  );
}

/** How many lines of the span a block takes. */
export function spanOf(one: Block): number {
  return one.kind === "skipped" ? 1 : one.kind === "away" ? one.count : one.lines.length;
}

/** Two neighbours, the first of them in front, as lines that are not here. */
export function merge(first: Block, second: Block): Skipped {
  const linesOf = (one: Block): number => (one.kind === "lines" ? one.lines.length : one.count);
  const from = first.kind === "lines" ? first.lines[0]!.seq : first.from;
  const to = second.kind === "lines" ? second.lines.at(-1)!.seq : second.to;
  return { kind: "skipped", from, to, count: linesOf(first) + (first === second ? 0 : linesOf(second)) };
}

/** Characters of lines. */
export function sum(lines: readonly LogEntry[]): number {
  let total = 0;
  for (const line of lines) total += line.text.length;
  return total;
}

/**
 * What the browser holds of the history: blocks of lines, in order of their numbers, none twice and none missing
 * without a row that says so. Bounded: what is far from the eye is put away and loaded again when it is scrolled to.
 *
 * @module
 */

import type { LogEntry, LogPage } from "../../shared/log-types.js";
import { type Block, cutUp, group, type Lines, merge, openAtEnd, spanOf, sum } from "./blocks.js";
import { type Away, alikeIn, type Row, rowOf, type Skipped } from "./rows.js";

/** How much is held. */
export interface WindowLimits {
  /** Lines of a block: what is put away and loaded again together. Default 1,000. */
  readonly block?: number;
  /** Lines that are loaded. Default 120,000. */
  readonly loaded?: number;
  /** Characters that are loaded. Default 48 million. */
  readonly characters?: number;
  /** Lines that the window spans, loaded or away. Default 200,000: each change lays all of them out. */
  readonly span?: number;
}

/** The window onto the history. Every change is made by its functions; `version` counts them. */
export interface LogWindow {
  readonly version: number;
  readonly rows: readonly Row[];
  /** Lines that are loaded. */
  readonly loaded: number;
  /** The last number that is known to be in order: where the live stream goes on behind. */
  readonly last: number | undefined;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** Begins anew with a page. */
  reset(page: LogPage): void;
  /** Puts an older page before the rest. */
  prepend(page: LogPage): void;
  /** Puts a newer page behind the rest. */
  extend(page: LogPage): void;
  /** Lines of the live stream; those that are here already are dropped. Answers with how many were new. */
  append(lines: readonly LogEntry[]): number;
  /** The live stream has left something out. */
  skip(from: number, to: number, count: number): void;
  /** All up to this number has been sent. */
  caughtUp(seq: number): void;
  /** Puts lines in the place of a row that stood for them; `complete` false: what is left stays such a row. */
  fill(place: Away | Skipped, lines: readonly LogEntry[], complete: boolean): void;
  /** Puts away what is far from row `index`; the end is kept while `following`. */
  evict(index: number, following: boolean): void;
  /** The row that shows this number, or the first behind it; the number of rows when there is none. */
  rowOf(seq: number): number;
  /** How many alike of each signature are loaded. */
  alike(signature: string): readonly number[];
}

/** An empty window. */
export function createWindow(limits: WindowLimits = {}): LogWindow {
  const block = limits.block ?? 1000;
  const maxLoaded = limits.loaded ?? 120_000;
  const maxCharacters = limits.characters ?? 48_000_000;
  const maxSpan = limits.span ?? 200_000;

  let blocks: Block[] = [];
  let rows: Row[] = [];
  let version = 0;
  let loaded = 0;
  let characters = 0;
  let last: number | undefined;
  let hasOlder = false;
  let hasNewer = false;
  let alike: ReadonlyMap<string, readonly number[]> = new Map();
  let alikeOf = -1;

  const firstSeq = (): number | undefined => {
    const first = blocks[0];
    return first === undefined ? undefined : first.kind === "lines" ? first.lines[0]!.seq : first.from;
  };

  const count = (): void => {
    loaded = 0;
    characters = 0;
    for (const one of blocks) {
      if (one.kind !== "lines") continue;
      loaded += one.lines.length;
      characters += one.characters;
    }
  };

  const flatten = (): void => {
    const flat: Row[] = [];
    for (const one of blocks) {
      if (one.kind === "lines") for (const row of one.rows) flat.push(row);
      else flat.push(one);
    }
    rows = flat;
  };

  const changed = (): void => {
    count();
    flatten();
    version++;
  };

  const touch = (from: number, to: number): void => {
    for (let index = Math.max(0, from); index <= Math.min(blocks.length - 1, to); index++)
      group(blocks, index);
  };

  const behindLast = (lines: readonly LogEntry[]): readonly LogEntry[] => {
    let from = 0;
    const fresh: LogEntry[] = [];
    let highest = last ?? 0;
    for (; from < lines.length; from++) {
      const line = lines[from]!;
      if (line.seq <= highest) continue;
      highest = line.seq;
      fresh.push(line);
    }
    return fresh;
  };

  const push = (lines: readonly LogEntry[]): number => {
    const fresh = behindLast(lines);
    if (fresh.length === 0) return 0;
    const tail = blocks.at(-1);
    let first = blocks.length;
    let rest = fresh;
    let rowsBefore: number | undefined;
    if (tail?.kind === "lines" && tail.lines.length < block) {
      const taken = fresh.slice(0, block - tail.lines.length);
      rowsBefore = rows.length - tail.rows.length;
      // Lines of a new list: who holds the old one must not see it grow.
      for (const line of taken) tail.lines.push(line);
      tail.rows = tail.lines;
      tail.characters += sum(taken);
      rest = fresh.slice(taken.length);
      first--;
    }
    blocks.push(...cutUp(rest, block));
    last = fresh.at(-1)!.seq;
    if (first > 0 && rowsBefore === undefined && openAtEnd(blocks[first - 1])) {
      rowsBefore = rows.length - (blocks[first - 1] as Lines).rows.length;
      first--;
    }
    touch(first, blocks.length);
    // Only what has changed is laid out again: the rest of the rows stay where they are.
    rows.length = rowsBefore ?? rows.length;
    for (const one of blocks.slice(first)) {
      if (one.kind === "lines") for (const row of one.rows) rows.push(row);
    }
    count();
    version++;
    return fresh.length;
  };

  const trim = (index: number, following: boolean): boolean => {
    let span = blocks.reduce((total, one) => total + spanOf(one), 0);
    if (span <= maxSpan) return false;
    // The eye is far back: then the end is left out, to be loaded again, and says so.
    const fromStart = following || index > rows.length / 2;
    // More than needed, so that it is not done again with the next block.
    while (span > maxSpan * 0.9 && blocks.length > 2) {
      if (fromStart) {
        span -= spanOf(blocks.shift()!);
        hasOlder = true;
        continue;
      }
      const final = blocks.pop()!;
      const other =
        final.kind === "skipped" ? blocks.pop()! : blocks.at(-1)!.kind === "skipped" ? blocks.pop()! : final;
      const merged = merge(other, final);
      span -= spanOf(final) + (other === final ? 0 : spanOf(other)) - 1;
      blocks.push(merged);
    }
    return true;
  };

  return {
    get version() {
      return version;
    },
    get rows() {
      return rows;
    },
    get loaded() {
      return loaded;
    },
    get last() {
      return last;
    },
    get hasOlder() {
      return hasOlder;
    },
    get hasNewer() {
      return hasNewer;
    },
    reset(page) {
      blocks = cutUp(page.lines, block);
      hasOlder = page.hasOlder;
      hasNewer = page.hasNewer;
      last = page.lines.at(-1)?.seq ?? page.newestSeq;
      touch(0, blocks.length);
      changed();
    },
    prepend(page) {
      const first = firstSeq();
      const older = first === undefined ? page.lines : page.lines.filter((line) => line.seq < first);
      const made = cutUp(older, block);
      blocks = [...made, ...blocks];
      hasOlder = page.hasOlder;
      last ??= older.at(-1)?.seq;
      touch(0, made.length);
      changed();
    },
    extend(page) {
      push(page.lines);
      hasNewer = page.hasNewer;
      version++;
    },
    append(lines) {
      return push(lines);
    },
    skip(from, to, size) {
      const start = Math.max(from, (last ?? 0) + 1);
      if (to < start) return;
      const tail = blocks.at(-1);
      if (tail?.kind === "skipped" && tail.to + 1 >= start) {
        blocks[blocks.length - 1] = { kind: "skipped", from: tail.from, to, count: tail.count + size };
      } else {
        blocks.push({ kind: "skipped", from: start, to, count: size });
      }
      last = to;
      changed();
    },
    caughtUp(seq) {
      last = Math.max(last ?? 0, seq);
    },
    fill(place, lines, complete) {
      const index = blocks.indexOf(place);
      if (index < 0) return;
      const within = lines.filter((line) => line.seq >= place.from && line.seq <= place.to);
      const made: Block[] = cutUp(within, block);
      const reached = within.at(-1)?.seq;
      if (!complete && reached !== undefined && reached < place.to) {
        const left = Math.max(1, place.count - within.length);
        made.push({ kind: "skipped", from: reached + 1, to: place.to, count: left });
      }
      blocks.splice(index, 1, ...made);
      touch(index - 1, index + made.length);
      changed();
    },
    evict(index, following) {
      const trimmed = trim(index, following);
      if (trimmed) {
        count();
        flatten();
      }
      const full = loaded > maxLoaded || characters > maxCharacters;
      if (full) {
        let row = 0;
        const distances = blocks.map((one, place) => {
          const size = one.kind === "lines" ? one.rows.length : 1;
          const middle = row + size / 2;
          row += size;
          return { place, distance: Math.abs(middle - index) };
        });
        distances.sort((one, other) => other.distance - one.distance);
        for (const { place } of distances) {
          // A little more than needed, so that it is not done again with the next line.
          if (loaded <= maxLoaded * 0.9 && characters <= maxCharacters * 0.9) break;
          const one = blocks[place]!;
          if (one.kind !== "lines" || place === blocks.length - 1) continue;
          blocks[place] = {
            kind: "away",
            from: one.lines[0]!.seq,
            to: one.lines.at(-1)!.seq,
            count: one.lines.length,
            rows: one.rows.length,
          };
          loaded -= one.lines.length;
          characters -= one.characters;
        }
      }
      if (trimmed || full) changed();
    },
    rowOf: (seq) => rowOf(rows, seq),
    alike(signature) {
      if (alikeOf !== version) {
        alike = alikeIn(rows);
        alikeOf = version;
      }
      return alike.get(signature) ?? [];
    },
  };
}

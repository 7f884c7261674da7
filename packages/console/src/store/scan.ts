import type { LogEntry, LogFilter } from "../shared/log-types.js";
import { createFactsMatcher } from "../shared/match.js";
import { type BlockBody, type BlockHeader, type BlockRows, textOf } from "./block.js";
import type { FindBytes } from "./find-bytes.js";
import { needsMet, planSearch, type SearchNeed, type SearchPlan } from "./search-plan.js";

/** Which lines of which blocks are wanted. */
export interface ScanQuery {
  readonly filter: LogFilter;
  /** Numbers greater than this. */
  readonly above: number;
  /** Numbers less than this. */
  readonly below: number;
  readonly backwards: boolean;
  /** At most so many lines. */
  readonly limit: number;
}

/** Finds the lines of one block, in the direction of the query. */
export type BlockScanner = (header: BlockHeader, body: BlockBody, limit: number) => LogEntry[];

/** Prepares a query once, for many blocks. Throws `console.bad-pattern`. */
export function createBlockScanner(query: ScanQuery): BlockScanner {
  const { filter, above, below, backwards } = query;
  const plan = planSearch(filter);
  const wants = createFactsMatcher(filter);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  return (header, body, limit) => {
    const kinds = header.kinds.map((kind) => wants(kind));
    if (!kinds.includes(true)) return [];
    const lazy = lazyBody(body);
    const needs =
      plan === undefined || plan.needs.length === 0 ? undefined : needsMet(plan, () => lazy.filter);
    if (needs?.length === 0 && plan?.invert !== true) return [];
    const candidates =
      plan === undefined || needs === undefined ? undefined : matchingRows(plan, needs, header, lazy);
    const found: LogEntry[] = [];
    const visit = (row: number): void => {
      const seq = header.first + row;
      const { rows } = lazy;
      if (seq <= above || seq >= below || kinds[rows.kinds[row]!] !== true) return;
      const time = rows.times[row]!;
      if (time < since || time >= until) return;
      if (
        plan !== undefined &&
        candidates === undefined &&
        plan.matches(lineText(header, lazy, row)) === plan.invert
      )
        return;
      const text = lineText(header, lazy, row);
      const { process, instance, release, stream, level } = header.kinds[rows.kinds[row]!]!;
      found.push({
        seq,
        time,
        process,
        instance,
        ...(release === undefined ? {} : { release }),
        stream,
        level,
        text,
      });
    };
    const length = candidates?.length ?? header.count;
    for (let index = 0; index < length && found.length < limit; index++) {
      const place = backwards ? length - 1 - index : index;
      visit(candidates === undefined ? place : candidates[place]!);
    }
    return found;
  };
}

/** A body whose parts are unpacked once. */
interface LazyBody {
  readonly filter: Buffer;
  readonly rows: BlockRows;
  readonly text: Buffer;
  readonly odd: ReadonlyMap<number, string>;
}

function lazyBody(body: BlockBody): LazyBody {
  let filter: Buffer | undefined;
  let rows: BlockRows | undefined;
  let text: Buffer | undefined;
  let odd: ReadonlyMap<number, string> | undefined;
  return {
    get filter() {
      filter ??= body.filter();
      return filter;
    },
    get rows() {
      rows ??= body.rows();
      return rows;
    },
    get text() {
      text ??= body.text();
      return text;
    },
    get odd() {
      odd ??= body.odd();
      return odd;
    },
  };
}

const lineText = (header: BlockHeader, body: LazyBody, row: number): string =>
  body.odd.get(row) ?? textOf(header, body.text, body.rows, row);

/** The rows whose text is as the plan wants it, in order. */
function matchingRows(
  plan: SearchPlan,
  needs: readonly SearchNeed[],
  header: BlockHeader,
  body: LazyBody,
): readonly number[] {
  const hits = needs.map(({ find }) => rowsHolding(find, body));
  // Folding by bytes is right for ASCII only, and odd texts are not in the column as they are.
  const doubtful = header.odd.length > 0 || plan.folded ? doubtfulRows(plan, header, body) : [];
  const rows = inOrder(doubtful.length === 0 ? hits : [...hits, doubtful]);
  const sure = plan.exact && doubtful.length === 0;
  const matching = sure ? rows : rows.filter((row) => plan.matches(lineText(header, body, row)));
  if (!plan.invert) return matching;
  const excluded = new Set(matching);
  return Array.from({ length: header.count }, (_, row) => row).filter((row) => !excluded.has(row));
}

const inOrder = (lists: readonly (readonly number[])[]): readonly number[] =>
  lists.length === 1 ? lists[0]! : [...new Set(lists.flat())].sort((a, b) => a - b);

function rowsHolding(find: FindBytes, body: LazyBody): readonly number[] {
  const places = find(body.text);
  if (places.length === 0) return [];
  const { starts } = body.rows;
  const rows: number[] = [];
  let row = 0;
  for (const at of places) {
    row = rowAt(starts, at, row);
    if (rows.at(-1) !== row) rows.push(row);
  }
  return rows;
}

/** The row that a byte lies in, at `from` or behind it. */
function rowAt(starts: Float64Array, at: number, from: number): number {
  let step = 1;
  while (from + step < starts.length - 1 && starts[from + step]! <= at) step *= 2;
  let low = from + (step >> 1);
  let high = Math.min(from + step, starts.length - 1);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle;
  }
  return low;
}

function doubtfulRows(plan: SearchPlan, header: BlockHeader, body: LazyBody): readonly number[] {
  const doubtful = new Set(header.odd.length > 0 ? body.odd.keys() : []);
  if (!plan.folded || header.ascii) return [...doubtful];
  const { text, rows } = body;
  let row = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at]! < 128) continue;
    row = rowAt(rows.starts, at, row);
    doubtful.add(row);
    at = rows.starts[row + 1]! - 1;
  }
  return [...doubtful];
}

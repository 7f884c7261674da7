import { createLevelOf } from "../shared/level-of.js";
import type { HistogramBucket, LogEntry, LogFilter, LogPage, SearchStep } from "../shared/log-types.js";
import { LEVELS } from "../shared/log-types.js";
import { createFactsMatcher, createMatcher } from "../shared/match.js";
import { bucketOf, type CountQuery, leapOfTimes, levelColumn } from "./job.js";
import { type ChunkResult, candidates, chunksOf, runOrdered, tailHits } from "./ordered-scan.js";
import type { ScanPool } from "./pool.js";
import type { ScanQuery } from "./scan.js";
import type { BlockRef, SealedFile } from "./sealed-file.js";
import type { ReadQuery, StoredStream } from "./types.js";

/** What a reader sees: it does not change while it reads. */
export interface Snapshot {
  readonly blocks: readonly BlockRef[];
  /** Lines that are in no block yet. */
  readonly tail: readonly LogEntry[];
}

/** What a reader works with. */
export interface ReaderContext {
  readonly pool: ScanPool;
  snapshot(): Snapshot;
  /** Blocks of a file that are not what was written. */
  onDamaged(file: SealedFile, offsets: readonly number[]): void;
}

/** Everything that reads. */
export type StreamReader = Pick<StoredStream, "read" | "search" | "all" | "histogram">;

const EVERYTHING = { above: Number.NEGATIVE_INFINITY, below: Number.POSITIVE_INFINITY };

/** Reads a stream: blocks in the pool, the tail here. */
export function createReader({ pool, snapshot, onDamaged }: ReaderContext): StreamReader {
  async function* scan(
    blocks: readonly BlockRef[],
    query: ScanQuery,
    options: { readonly largest: number; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<ChunkResult> {
    const chunks = chunksOf(candidates(blocks, query), Math.min(pool.maxBlocks, options.largest));
    for await (const step of runOrdered(pool, chunks, { type: "scan", query }, options.signal)) {
      if (step.result.damaged.length > 0) onDamaged(step.chunk.file, step.result.damaged);
      yield step;
    }
  }

  /** At most `limit` lines, in the direction of the query. */
  async function take({ blocks, tail }: Snapshot, query: ScanQuery): Promise<readonly LogEntry[]> {
    if (query.limit <= 0) return [];
    const hits: LogEntry[] = [];
    const ofTail = (): void => {
      hits.push(
        ...tailHits(tail, createMatcher(query.filter), { ...query, limit: query.limit - hits.length }),
      );
    };
    if (query.backwards) ofTail();
    if (hits.length < query.limit) {
      const rest = { ...query, limit: query.limit - hits.length };
      for await (const { result } of scan(blocks, rest, { largest: 8 })) {
        for (const line of result.lines) if (hits.length < query.limit) hits.push(line);
        if (hits.length >= query.limit) break;
      }
    }
    if (!query.backwards && hits.length < query.limit) ofTail();
    return hits;
  }

  async function read(query: ReadQuery): Promise<LogPage> {
    const view = snapshot();
    const filter = query.filter ?? {};
    createMatcher(filter);
    const limit = Math.max(1, Math.floor(query.limit));
    const before = (below: number, count: number): Promise<readonly LogEntry[]> =>
      take(view, { ...EVERYTHING, filter, below, backwards: true, limit: count });
    const after = (above: number, count: number): Promise<readonly LogEntry[]> =>
      take(view, { ...EVERYTHING, filter, above, backwards: false, limit: count });

    let middle: number;
    let older = 0;
    let newer = 0;
    if (query.around !== undefined) {
      // Between two numbers there is no line, and none is on both sides.
      middle = Math.ceil(query.around);
      older = Math.floor(limit / 2);
      newer = limit - older;
    } else if (query.after !== undefined || query.at !== undefined) {
      middle = query.after !== undefined ? query.after + 1 : await locate(view, query.at ?? 0);
      newer = limit;
    } else {
      middle = query.before ?? Number.POSITIVE_INFINITY;
      older = limit;
    }
    // One more on each side tells whether there is more.
    const [back, forth] = await Promise.all([
      before(middle, older + 1),
      Number.isFinite(middle) ? after(middle - 1, newer + 1) : [],
    ]);
    const lines = [...back.slice(0, older).reverse(), ...forth.slice(0, newer)];
    const oldestSeq = view.blocks[0]?.header.first ?? view.tail[0]?.seq;
    const last = view.blocks.at(-1)?.header;
    const newestSeq = view.tail.at(-1)?.seq ?? (last && last.first + last.count - 1);
    return {
      lines,
      hasOlder: back.length > older,
      hasNewer: forth.length > newer,
      ...(oldestSeq === undefined ? {} : { oldestSeq }),
      ...(newestSeq === undefined ? {} : { newestSeq }),
    };
  }

  /**
   * The number from which on lines are of `at` or later. Clocks jump: it is where the fewest lines are on the wrong side,
   * so that one line with a time far off does not move it.
   */
  async function locate({ blocks, tail }: Snapshot, at: number): Promise<number> {
    const mixed = blocks.filter(({ header }) => header.minTime < at && header.maxTime >= at);
    const leaps = new Map<BlockRef, { readonly sum: number; readonly least: number; readonly row: number }>();
    const chunks = chunksOf(mixed, pool.maxBlocks, pool.maxBlocks);
    for await (const { chunk, result } of runOrdered(pool, chunks, { type: "locate", at })) {
      for (const [index, block] of chunk.blocks.entries()) {
        leaps.set(block, result.leaps[index] ?? { sum: 0, least: 0, row: 0 });
      }
    }
    let sum = 0;
    let least = 0;
    let seq = Number.NEGATIVE_INFINITY;
    const pass = (
      first: number,
      leap: { readonly sum: number; readonly least: number; readonly row: number },
    ): void => {
      if (sum + leap.least < least) {
        least = sum + leap.least;
        seq = first + leap.row;
      }
      sum += leap.sum;
    };
    for (const block of blocks) {
      const { first, count, maxTime } = block.header;
      const whole =
        maxTime < at ? { sum: -count, least: -count, row: count } : { sum: count, least: 0, row: 0 };
      pass(first, leaps.get(block) ?? whole);
    }
    for (const { seq: first, time } of tail) pass(first, leapOfTimes([time], 1, at));
    return seq === Number.NEGATIVE_INFINITY ? Number.MIN_SAFE_INTEGER : seq;
  }

  async function* search(
    filter: LogFilter,
    options: { readonly limit: number; readonly before?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<SearchStep> {
    const { blocks, tail } = snapshot();
    const matches = createMatcher(filter);
    const limit = Math.max(1, Math.floor(options.limit));
    const query = {
      filter,
      above: Number.NEGATIVE_INFINITY,
      below: options.before ?? Number.POSITIVE_INFINITY,
      backwards: true,
    };
    let found = 0;
    let last: number | undefined;
    let scanned = 0;
    const taken = (lines: readonly LogEntry[]): readonly LogEntry[] => {
      const wanted = lines.slice(0, limit - found);
      found += wanted.length;
      last = wanted.at(-1)?.seq ?? last;
      return wanted;
    };
    options.signal?.throwIfAborted();
    const inTail = tail.filter((line) => line.seq < query.below);
    const first = taken(tailHits(inTail, matches, { ...query, limit }));
    scanned += inTail.length;
    if (first.length > 0) yield { type: "hits", lines: first };
    if (inTail[0] !== undefined)
      yield { type: "progress", scanned, seq: inTail[0].seq, time: inTail[0].time };
    const counted = blocks.filter(({ header }) => header.first < query.below);
    let passed = counted.length;
    const scannedTo = (block: BlockRef | undefined): void => {
      while (passed > 0 && (block === undefined || counted[passed - 1]!.header.first >= block.header.first)) {
        scanned += counted[--passed]!.header.count;
      }
    };
    if (found < limit) {
      for await (const { chunk, result } of scan(
        blocks,
        { ...query, limit: limit - found },
        { largest: 8, signal: options.signal },
      )) {
        const lines = taken(result.lines);
        if (lines.length > 0) yield { type: "hits", lines };
        const oldest = chunk.blocks.at(-1)!;
        scannedTo(oldest);
        yield { type: "progress", scanned, seq: oldest.header.first, time: oldest.header.firstTime };
        if (found >= limit) break;
      }
    }
    options.signal?.throwIfAborted();
    const complete = found < limit;
    if (complete) scannedTo(undefined);
    yield { type: "end", complete, scanned, ...(complete || last === undefined ? {} : { seq: last }) };
  }

  async function* all(filter: LogFilter, signal?: AbortSignal): AsyncGenerator<readonly LogEntry[]> {
    const { blocks, tail } = snapshot();
    const matches = createMatcher(filter);
    const query = { ...EVERYTHING, filter, backwards: false, limit: Number.POSITIVE_INFINITY };
    for await (const { result } of scan(blocks, query, { largest: 1, signal })) {
      if (result.lines.length > 0) yield result.lines;
    }
    signal?.throwIfAborted();
    const rest = tailHits(tail, matches, query);
    if (rest.length > 0) yield rest;
  }

  async function histogram(
    query: Parameters<StoredStream["histogram"]>[0],
  ): Promise<readonly HistogramBucket[]> {
    const { since, until, filter = {} } = query;
    const buckets = Math.max(1, Math.floor(query.buckets));
    if (!(until > since)) return [];
    const { blocks, tail } = snapshot();
    const { text: _, ...facts } = filter;
    const counting: CountQuery = { filter: facts, since, until, buckets };
    const counts = new Float64Array(buckets * LEVELS.length);
    const wants = createFactsMatcher(facts);
    const levelOf = createLevelOf(facts);
    const from = Math.max(since, filter.since ?? since);
    const end = Math.min(until, filter.until ?? until);
    const split: BlockRef[] = [];
    for (const block of candidates(blocks, {
      ...EVERYTHING,
      filter: { ...facts, since: from, until: end },
      backwards: false,
    })) {
      const { minTime, maxTime, kinds, counts: ofKinds } = block.header;
      const bucket = bucketOf(minTime, counting);
      if (minTime < from || maxTime >= end || bucketOf(maxTime, counting) !== bucket) {
        split.push(block);
        continue;
      }
      for (const [index, kind] of kinds.entries()) {
        if (wants(kind)) counts[bucket * LEVELS.length + levelColumn(levelOf(kind))]! += ofKinds[index]!;
      }
    }
    const chunks = chunksOf(split, pool.maxBlocks, pool.maxBlocks);
    for await (const { chunk, result } of runOrdered(pool, chunks, { type: "count", query: counting })) {
      if (result.damaged.length > 0) onDamaged(chunk.file, result.damaged);
      for (const [index, count] of result.counts?.entries() ?? []) counts[index]! += count;
    }
    for (const line of tail) {
      if (line.time < from || line.time >= end || !wants(line)) continue;
      counts[bucketOf(line.time, counting) * LEVELS.length + levelColumn(levelOf(line))]!++;
    }
    const edge = (index: number): number => since + ((until - since) * index) / buckets;
    return Array.from({ length: buckets }, (_, index) => ({
      start: edge(index),
      end: edge(index + 1),
      counts: Object.fromEntries(
        LEVELS.flatMap((level, column) => {
          const count = counts[index * LEVELS.length + column]!;
          return count === 0 ? [] : [[level, count] as const];
        }),
      ),
    }));
  }

  return { read, search, all, histogram };
}

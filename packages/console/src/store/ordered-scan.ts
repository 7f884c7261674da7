import type { LogEntry } from "../shared/log-types.js";
import { createFactsMatcher } from "../shared/match.js";
import type { JobResult, Task } from "./job.js";
import type { ScanPool } from "./pool.js";
import type { ScanQuery } from "./scan.js";
import type { BlockRef, SealedFile } from "./sealed-file.js";

/** Blocks of one file that are read together. */
export interface Chunk {
  readonly file: SealedFile;
  readonly blocks: readonly BlockRef[];
}

/** What was found in a chunk. */
export interface ChunkResult {
  readonly chunk: Chunk;
  readonly result: JobResult;
}

/** Blocks that may hold what is wanted, as far as their headers tell, in the direction of the query. */
export function candidates(
  blocks: readonly BlockRef[],
  query: Omit<ScanQuery, "limit">,
): readonly BlockRef[] {
  const { filter, above, below, backwards } = query;
  const wants = createFactsMatcher(filter);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  const kept = blocks.filter(
    ({ header }) =>
      header.first < below &&
      header.first + header.count - 1 > above &&
      header.maxTime >= since &&
      header.minTime < until &&
      header.kinds.some((kind) => wants(kind)),
  );
  return backwards ? kept.reverse() : kept;
}

/** Cuts blocks into chunks that grow, so that the first answer comes soon and later ones cost little. */
export function* chunksOf(blocks: readonly BlockRef[], largest: number, begin = 1): Generator<Chunk> {
  let size = Math.min(begin, largest);
  for (let at = 0; at < blocks.length; ) {
    const { file } = blocks[at]!;
    let end = at + 1;
    while (end < blocks.length && end - at < size && blocks[end]!.file === file) end++;
    yield { file, blocks: blocks.slice(at, end) };
    at = end;
    size = Math.min(largest, size * 2);
  }
}

/** Does one task for chunk after chunk, several at once, and gives what came of it in their order. */
export async function* runOrdered(
  pool: ScanPool,
  chunks: Iterable<Chunk>,
  task: Task,
  signal?: AbortSignal,
): AsyncGenerator<ChunkResult> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const running: Promise<ChunkResult>[] = [];
  const source = chunks[Symbol.iterator]();
  const fill = (): void => {
    while (running.length < pool.size * 2) {
      const next = source.next();
      if (next.done === true) return;
      const chunk = next.value;
      const blocks = chunk.blocks.map(({ offset, headerLength, bodyLength }) => ({
        offset,
        headerLength,
        bodyLength,
      }));
      const started = pool
        .run({ file: chunk.file.path, blocks, task }, either)
        .then((result) => ({ chunk, result }));
      // Awaited below; until then a failure is nobody's.
      started.catch(() => undefined);
      running.push(started);
    }
  };
  try {
    for (fill(); running.length > 0; fill()) yield await running.shift()!;
  } finally {
    stop.abort();
  }
}

/** The lines of a tail that are wanted, in the direction of the query. */
export function tailHits(
  tail: readonly LogEntry[],
  matches: (line: LogEntry) => boolean,
  { above, below, backwards, limit }: Omit<ScanQuery, "filter">,
): LogEntry[] {
  const hits: LogEntry[] = [];
  for (let index = 0; index < tail.length && hits.length < limit; index++) {
    const line = tail[backwards ? tail.length - 1 - index : index]!;
    if (line.seq > above && line.seq < below && matches(line)) hits.push(line);
  }
  return hits;
}

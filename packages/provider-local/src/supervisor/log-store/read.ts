import type { LogLine, LogQuery } from "@deploy/core";
import { type LogPosition, parseCursor } from "./cursor.js";
import { createLineFilter, type LineFilter } from "./filter.js";
import { streamFrames } from "./frame-stream.js";
import { findLastLines } from "./last-lines.js";
import { missingLine } from "./missing-line.js";
import { type LogPaths, type LogScope, listSegments, logPaths } from "./paths.js";
import { streamReleaseOutput } from "./release-reader.js";

/** What to read, and where the store keeps it. */
export interface ReadLogsOptions extends LogScope {
  /** The directory of the store. */
  readonly directory: string;
  /** Default: everything there is, oldest first. */
  readonly query?: LogQuery;
  /** Ends the stream quietly. */
  readonly signal?: AbortSignal;
}

const linesPerBatch = 4096;
/** How much later than `until` a line may be ingested that was printed before it, in milliseconds. */
const untilSlack = 1000;

/**
 * Reads logs straight from the segments, in the reader's own process: a stopped or busy daemon makes no difference.
 *
 * Memory stays bounded, and nothing is read ahead of a slow consumer. Gaps are told by a `system` line.
 *
 * @throws `logs.bad-cursor` when `after` was not made here; `logs.bad-name`.
 */
export async function* readLogs(options: ReadLogsOptions): AsyncGenerator<LogLine, void, void> {
  for await (const batch of readLogBatches(options)) {
    // Not `yield*`, which is several times dearer per line in an async generator.
    for (const line of batch) yield line;
  }
}

/** The same as {@link readLogs}, many lines at a time: for consumers that count or forward millions of them. */
export async function* readLogBatches(
  options: ReadLogsOptions,
): AsyncGenerator<readonly LogLine[], void, void> {
  for await (const lines of readUnbounded(options)) {
    for (let from = 0; from < lines.length; from += linesPerBatch) {
      if (options.signal?.aborted === true) return;
      yield lines.length <= linesPerBatch ? lines : lines.slice(from, from + linesPerBatch);
    }
  }
}

async function* readUnbounded(options: ReadLogsOptions): AsyncGenerator<LogLine[], void, void> {
  const { directory, query = {}, signal } = options;
  const paths = logPaths(directory, options);
  const folder = paths.segments;
  const filter = createLineFilter(query);
  const since = query.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  const until = query.until?.getTime() ?? Number.POSITIVE_INFINITY;
  const after = query.after === undefined ? undefined : parseCursor(query.after);
  let from: LogPosition | undefined =
    after === undefined ? undefined : { epoch: after.epoch, sequence: after.sequence + 1 };
  let limit = Number.POSITIVE_INFINITY;
  let skip = 0;
  let wanted = Number.POSITIVE_INFINITY;
  if (query.last !== undefined) {
    const found = await findLastLines({ folder, filter, last: query.last, from, since, signal });
    if (found !== undefined) {
      from = { epoch: found.epoch, sequence: found.sequence };
      skip = found.skip;
      if (query.follow !== true) limit = found.count;
    }
    wanted = query.last - (found?.count ?? 0);
  }
  yield* readRotatedOutput(paths, query, filter, after, wanted);
  const isOver = (): boolean => Date.now() > until + untilSlack;
  const stream = streamFrames({
    ...{ folder, since, follow: query.follow === true, isOver, signal },
    ...(from === undefined ? {} : { from }),
  });
  for await (const item of stream) {
    if (item.time >= until) return;
    if (item.kind === "missing") {
      yield [missingLine(item)];
      continue;
    }
    let lines = filter.lines(item.frame, item.first, skip, item.epoch);
    if (skip > 0) skip = Math.max(0, skip - filter.count(item.frame, item.first));
    if (lines.length > limit) lines = lines.slice(0, limit);
    limit -= lines.length;
    if (lines.length > 0) yield lines;
    if (limit === 0) return;
  }
}

/** Output of a release that is not in the segments any more, when the query asks for a release. */
async function* readRotatedOutput(
  paths: LogPaths,
  query: LogQuery,
  filter: LineFilter,
  after: LogPosition | undefined,
  wanted: number,
): AsyncGenerator<LogLine[], void, void> {
  if (query.release === undefined || wanted <= 0) return;
  const oldest = (await listSegments(paths.segments))[0];
  if (oldest === undefined) return;
  const lowest = after?.epoch === oldest.epoch ? after.sequence : -1;
  const isOlder = (line: LogLine): boolean => {
    const { sequence } = parseCursor(line.cursor);
    return sequence > lowest && sequence < oldest.sequence;
  };
  const kept: LogLine[] = [];
  for await (const lines of streamReleaseOutput(paths, query.release, filter)) {
    const older = lines.filter(isOlder);
    if (older.length === 0) continue;
    if (wanted === Number.POSITIVE_INFINITY) yield older;
    else kept.push(...older);
  }
  if (kept.length > 0) yield kept.slice(-wanted);
}

/** Whose stored output to read. */
export interface ReadReleaseOutputOptions extends LogScope {
  readonly directory: string;
  readonly release: number;
  /** Only the build's or only the release command's. Default both. */
  readonly command?: "build" | "release";
  readonly signal?: AbortSignal;
}

/** Reads the output of a release's build and release command, also when the segments have rotated since. */
export async function* readReleaseOutput(
  options: ReadReleaseOutputOptions,
): AsyncGenerator<LogLine, void, void> {
  const { directory, release, command, signal } = options;
  const filter = createLineFilter(command === undefined ? {} : { processes: [command] });
  for await (const lines of streamReleaseOutput(logPaths(directory, options), release, filter)) {
    if (signal?.aborted === true) return;
    yield* lines;
  }
}

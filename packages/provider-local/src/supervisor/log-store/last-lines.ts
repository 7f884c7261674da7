import type { LineFilter } from "./filter.js";
import { listSegments } from "./paths.js";
import { openSegment } from "./segment-reader.js";

/** Where to begin so that just the last matching lines come. */
export interface LastLines {
  readonly epoch: string;
  readonly sequence: number;
  /** Matching lines to pass over from there on. */
  readonly skip: number;
  /** How many matching lines follow: fewer than asked for when there are no more. */
  readonly count: number;
}

/** Where and how far to look. */
export interface LastLinesOptions {
  readonly folder: string;
  readonly filter: LineFilter;
  readonly last: number;
  /** Lines before this one do not count. */
  readonly from: { readonly epoch: string; readonly sequence: number } | undefined;
  /** Segments that ended before this need not be read, in milliseconds. */
  readonly since: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the last matching lines, from the newest segment backwards and no further than needed.
 *
 * Of each segment only the number of matches per frame is held; `undefined` when there are no logs.
 */
export async function findLastLines(options: LastLinesOptions): Promise<LastLines | undefined> {
  const { folder, filter, last, from, since, signal } = options;
  const segments = await listSegments(folder);
  const newest = segments.at(-1);
  if (newest === undefined) return undefined;
  const { epoch } = newest;
  const lowest = from?.epoch === epoch ? from.sequence : 0;
  let count = 0;
  // What is written while this looks around must not be taken for old.
  let end: number | undefined;
  let begin = { sequence: Math.max(lowest, segments[0]!.sequence), skip: 0 };
  for (let index = segments.length - 1; index >= 0 && count < last && signal?.aborted !== true; index--) {
    const following = segments[index + 1];
    if (following !== undefined && (following.sequence <= lowest || following.time < since)) break;
    const reader = await openSegment(folder, segments[index]!);
    if (reader === undefined) break;
    const sequences: number[] = [];
    const matches: number[] = [];
    try {
      for (let found = await reader.next(); found !== undefined; found = await reader.next()) {
        const { frame } = found;
        if (following === undefined) end = frame.sequence + frame.lineCount;
        const matching = filter.count(frame, Math.max(0, lowest - frame.sequence));
        if (matching === 0) continue;
        sequences.push(Math.max(lowest, frame.sequence));
        matches.push(matching);
      }
    } finally {
      await reader.close();
    }
    for (let at = matches.length - 1; at >= 0 && count < last; at--) {
      count += matches[at]!;
      begin = { sequence: sequences[at]!, skip: Math.max(0, count - last) };
    }
  }
  if (count === 0)
    return { epoch, sequence: Math.max(lowest, end ?? (await endOf(folder))), skip: 0, count: 0 };
  return { epoch, ...begin, count: Math.min(count, last) };
}

/** Number of the line that will come next. */
async function endOf(folder: string): Promise<number> {
  const newest = (await listSegments(folder)).at(-1);
  const reader = newest === undefined ? undefined : await openSegment(folder, newest);
  let end = newest?.sequence ?? 0;
  if (reader === undefined) return end;
  try {
    for (let found = await reader.next(); found !== undefined; found = await reader.next()) {
      end = found.frame.sequence + found.frame.lineCount;
    }
  } finally {
    await reader.close();
  }
  return end;
}

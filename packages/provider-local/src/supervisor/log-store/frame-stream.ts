import { stat } from "node:fs/promises";
import { join } from "node:path";
import { watchFolder } from "./change-watcher.js";
import type { Frame } from "./frame.js";
import { listSegments, type SegmentName } from "./paths.js";
import { openSegment, type SegmentReader } from "./segment-reader.js";

/** A frame with lines, or the news that some are missing. */
export type StreamItem =
  | {
      readonly kind: "frame";
      readonly frame: Frame;
      readonly time: number;
      readonly first: number;
      readonly epoch: string;
    }
  | {
      readonly kind: "missing";
      /** They were dropped by age or size, were damaged on disk, or belonged to logs that were removed. */
      readonly why: "dropped" | "damaged" | "removed";
      readonly lines: number;
      readonly bytes: number;
      /** Sequence number of the first line behind the gap. */
      readonly next: number;
      readonly time: number;
      readonly epoch: string;
    };

/** What to stream. */
export interface FrameStreamOptions {
  readonly folder: string;
  /** Where to begin: a line's number within an epoch. Absent: the oldest. */
  readonly from?: { readonly epoch: string; readonly sequence: number };
  /** Without `from`: no segment needs to be read that ended before, in milliseconds. */
  readonly since: number;
  readonly follow: boolean;
  /** Called whenever nothing more is there while following; true ends the stream. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal | undefined;
}

/** The segment to begin with. */
function firstSegment(segments: readonly SegmentName[], sequence: number | undefined, since: number): number {
  let index = 0;
  while (index + 1 < segments.length) {
    const following = segments[index + 1]!;
    if (sequence === undefined ? following.time >= since : following.sequence > sequence) break;
    index++;
  }
  return index;
}

/** Streams the frames of an environment in order, across segments; each is void when the next is asked for. */
export async function* streamFrames(options: FrameStreamOptions): AsyncGenerator<StreamItem, void, void> {
  const { folder, since, follow, isOver, signal } = options;
  const watcher = follow ? watchFolder(folder, signal) : undefined;
  const end = follow ? undefined : await presentEnd(folder);
  let epoch = options.from?.epoch;
  let expected = options.from?.sequence;
  let reader: SegmentReader | undefined;
  let last: SegmentName | undefined;
  // Whether the segment at hand directly follows the one before it: then what is missing between them was damaged.
  let adjacent = false;

  /** The segment to read next, if there is one. */
  async function advance(): Promise<SegmentReader | undefined> {
    const segments = await listSegments(folder);
    const behind = last === undefined ? -1 : segments.findIndex((name) => name.file === last?.file);
    adjacent = last !== undefined && behind !== -1;
    if (adjacent) {
      const next = segments[behind + 1];
      return next === undefined ? undefined : openSegment(folder, next);
    }
    const first =
      segments[firstSegment(segments, epoch === segments[0]?.epoch ? expected : undefined, since)];
    return first === undefined ? undefined : openSegment(folder, first);
  }

  /** The gap before a line, when the one that was due is not it. */
  function* gap(sequence: number, time: number, name: SegmentName, bytes: number): Generator<StreamItem> {
    const at = { bytes, next: sequence, time, epoch: name.epoch } as const;
    const removed = epoch !== undefined && epoch !== name.epoch;
    if (removed) yield { kind: "missing", why: "removed", lines: 0, ...at };
    else {
      const lines = expected === undefined ? 0 : Math.max(0, sequence - expected);
      const dropped = bytes === 0 && !adjacent && last?.file !== name.file;
      if (lines > 0 || bytes > 0)
        yield { kind: "missing", why: dropped ? "dropped" : "damaged", lines, ...at };
    }
    if (removed || expected === undefined || sequence > expected) expected = sequence;
    epoch = name.epoch;
  }

  try {
    while (signal?.aborted !== true) {
      const found = await reader?.next();
      if (reader !== undefined && found !== undefined) {
        const { frame, skipped } = found;
        // A damaged stretch before the place to begin at is nobody's concern.
        const anew = expected === undefined || epoch !== reader.name.epoch;
        const relevant = anew || frame.sequence + frame.lineCount >= (expected ?? 0);
        if (relevant) yield* gap(frame.sequence, frame.time, reader.name, skipped);
        last = reader.name;
        const first = Math.max(0, (expected ?? frame.sequence) - frame.sequence);
        if (frame.kind === "lines" && first < frame.lineCount) {
          expected = frame.sequence + frame.lineCount;
          yield { kind: "frame", frame, time: frame.time, first, epoch: reader.name.epoch };
        }
        if (end !== undefined && isBehind(reader, end)) return;
        continue;
      }
      if (reader !== undefined) last = reader.name;
      const following = await advance();
      if (following !== undefined) {
        // Between the last read and the rotation more may have been written to the segment at hand.
        const late = await reader?.next();
        if (reader !== undefined && late !== undefined) {
          await following.close();
          reader = rewound(reader, late);
          continue;
        }
        await reader?.close();
        reader = following;
        continue;
      }
      if (watcher === undefined || isOver()) return;
      await watcher.wait();
    }
  } finally {
    watcher?.close();
    await reader?.close();
  }
}

/** A reader that gives a frame once more which was already taken from it. */
function rewound(reader: SegmentReader, taken: Awaited<ReturnType<SegmentReader["next"]>>): SegmentReader {
  let held = taken;
  return {
    ...reader,
    next: async () => {
      const frame = held;
      held = undefined;
      return frame ?? reader.next();
    },
  };
}

interface End {
  readonly file: string;
  readonly sequence: number;
  readonly size: number;
}

/** Where the logs end now, so that a reader which does not follow comes to an end however fast they grow. */
async function presentEnd(folder: string): Promise<End | undefined> {
  const newest = (await listSegments(folder)).at(-1);
  if (newest === undefined) return undefined;
  const stats = await stat(join(folder, newest.file)).catch(() => undefined);
  return { file: newest.file, sequence: newest.sequence, size: stats?.size ?? 0 };
}

function isBehind(reader: SegmentReader, end: End): boolean {
  if (reader.name.file === end.file) return reader.position() >= end.size;
  return reader.name.sequence > end.sequence;
}

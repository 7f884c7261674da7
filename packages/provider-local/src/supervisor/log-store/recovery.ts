import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { decodeDescription, type Frame } from "./frame.js";
import { createFrameScanner } from "./frame-scanner.js";
import { type SegmentName, sortSegments } from "./paths.js";

/** How far a raw file has been ingested. */
export interface RawPosition {
  /** Where the file is; empty when only frames, and no checkpoint, told of it. */
  readonly path: string;
  readonly inode: number;
  readonly offset: number;
  /** The last line was taken before its newline came. */
  readonly open: boolean;
}

/** A raw file's position as a checkpoint stores it. */
export interface StoredPosition extends RawPosition {
  readonly key: string;
}

/** What the segments say about where to go on. */
export interface Recovered {
  readonly epoch: string;
  readonly nextSequence: number;
  /** Time of the newest line, in milliseconds since 1970; later lines are never older. */
  readonly lastTime: number;
  readonly positions: Map<string, RawPosition>;
  /** The segment to go on writing, and its sound length: what is behind is a torn write. */
  readonly active: { readonly name: SegmentName; readonly length: number } | undefined;
}

/**
 * Reads the end of an environment's segments: the newest, and older ones only while no snapshot of all positions has
 * been found. Every segment begins with one, so this is a few milliseconds of work however much is kept.
 */
export function recover(folder: string, newEpoch: string): Recovered {
  const segments = sortSegments(readdirSync(folder));
  const newest = segments.at(-1);
  let nextSequence = newest?.sequence ?? 0;
  let lastTime = newest?.time ?? 0;
  let length = 0;
  const older: Array<readonly Frame[]> = [];
  for (let index = segments.length - 1; index >= 0; index--) {
    const read = readPositions(join(folder, segments[index]!.file));
    if (index === segments.length - 1) length = read.length;
    nextSequence = Math.max(nextSequence, read.nextSequence);
    lastTime = Math.max(lastTime, read.lastTime);
    older.push(read.frames);
    if (read.complete) break;
  }
  const positions = new Map<string, RawPosition>();
  for (const frames of older.reverse()) for (const frame of frames) applyFrame(positions, frame);
  return {
    epoch: newest?.epoch ?? newEpoch,
    nextSequence,
    lastTime,
    positions,
    active: newest === undefined ? undefined : { name: newest, length },
  };
}

interface SegmentPositions {
  /** Checkpoints and, per raw file, the last frame, in order. */
  readonly frames: readonly Frame[];
  readonly complete: boolean;
  readonly length: number;
  readonly nextSequence: number;
  readonly lastTime: number;
}

function readPositions(path: string): SegmentPositions {
  const frames: Frame[] = [];
  let complete = false;
  let nextSequence = 0;
  let lastTime = 0;
  const scanner = createFrameScanner();
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const room = scanner.room();
      const length = readSync(descriptor, room, 0, room.length, scanner.position());
      if (length === 0) break;
      scanner.fill(length);
      for (let found = scanner.next(); found !== undefined; found = scanner.next()) {
        const { frame } = found;
        nextSequence = Math.max(nextSequence, frame.sequence + frame.lineCount);
        lastTime = Math.max(lastTime, frame.time);
        if (frame.kind === "lines") {
          const previous = frames.at(-1);
          if (previous?.kind === "lines" && previous.description === frame.description) frames.pop();
          frames.push({ ...frame, body: frame.body.subarray(0, 0) });
        } else {
          complete ||= frame.kind === "snapshot";
          frames.push({ ...frame, body: Buffer.from(frame.body) });
        }
      }
    }
  } finally {
    closeSync(descriptor);
  }
  return { frames, complete, length: scanner.soundEnd(), nextSequence, lastTime };
}

function applyFrame(positions: Map<string, RawPosition>, frame: Frame): void {
  if (frame.kind === "lines") {
    const { raw, inode } = decodeDescription(frame.description);
    const path = positions.get(raw)?.path ?? "";
    if (raw !== "") positions.set(raw, { path, inode, offset: frame.rawTo, open: frame.open });
    return;
  }
  if (frame.kind === "snapshot") positions.clear();
  const stored = JSON.parse(frame.body.toString("utf8")) as readonly StoredPosition[];
  for (const { key, ...position } of stored) positions.set(key, position);
}

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { type FileOperations, syncAndClose, syncData } from "./file-operations.js";
import { encodeDescription, encodeHeader, type Frame, type FrameDescription } from "./frame.js";
import type { LogLimits } from "./limits.js";
import { type LogPaths, type SegmentName, segmentFile, sortSegments } from "./paths.js";
import { type RawPosition, recover, type StoredPosition } from "./recovery.js";

/** Lines to append, and the range of the raw file that they came from. */
export interface Batch {
  readonly description: FrameDescription;
  /** Where the raw file is; absent for lines that were appended by a call. */
  readonly path?: string;
  /** Every line ended by a newline. */
  readonly body: Buffer;
  readonly lineCount: number;
  readonly rawFrom: number;
  readonly rawTo: number;
  readonly open: boolean;
}

/** The one writer of an environment's segments. */
export interface EnvironmentLog {
  readonly paths: LogPaths;
  readonly epoch: string;
  /** How far a raw file has been ingested, as the segments say. */
  position(key: string): RawPosition | undefined;
  /** Makes a raw file known, so that its position is kept through rotation. */
  track(key: string, position: RawPosition): void;
  /** Drops a raw file that is gone from what rotation carries on. */
  forget(key: string): void;
  /** Appends one frame in one write; throws the file system's error, and then nothing has changed. */
  append(batch: Batch): Frame;
  /** Drops what is over the bounds; called at every rotation, and now and then for quiet environments. */
  prune(): void;
  /** Resolves when all that was appended before is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What a writer needs to work with. */
export interface EnvironmentLogOptions {
  readonly paths: LogPaths;
  readonly limits: LogLimits;
  readonly files: FileOperations;
  readonly now: () => number;
}

const noBytes: Buffer = Buffer.alloc(0);
const day = 24 * 3600 * 1000;

function newEpoch(time: number): string {
  return time.toString(36) + randomBytes(3).readUIntBE(0, 3).toString(36);
}

/** Opens an environment's segments behind the last sound frame. Throws the file system's error. */
export function openEnvironmentLog(options: EnvironmentLogOptions): EnvironmentLog {
  const { paths, limits, files, now } = options;
  files.makeFolder(paths.segments);
  const start = recover(paths.segments, newEpoch(now()));
  const { epoch, positions } = start;
  const closing = new Set<Promise<void>>();
  let { nextSequence, lastTime } = start;
  let active = start.active?.name;
  let length = start.active?.length ?? 0;
  let descriptor: number | undefined;
  // A write may have been torn, by a crash or by a full disk; it is cut off before the next one.
  let torn = true;
  let dirty = false;

  function frameNow(kind: Frame["kind"], part: Partial<Frame>): Frame {
    lastTime = Math.max(lastTime, now());
    return {
      ...{ kind, open: false, lineCount: 0, rawFrom: 0, rawTo: 0, description: "", body: noBytes },
      ...{ sequence: nextSequence, time: lastTime },
      ...part,
    };
  }

  function write(frame: Frame): void {
    if (descriptor === undefined) throw new Error("no segment is open");
    if (torn) files.truncate(descriptor, length);
    torn = true;
    const header = encodeHeader(frame);
    files.write(descriptor, [header, frame.body], length);
    torn = false;
    dirty = true;
    length += header.length + frame.body.length;
    nextSequence += frame.lineCount;
  }

  function writePositions(kind: "checkpoint" | "snapshot", keys: Iterable<string>): void {
    const stored: StoredPosition[] = [];
    for (const key of keys) stored.push({ key, ...positions.get(key)! });
    write(frameNow(kind, { body: Buffer.from(JSON.stringify(stored), "utf8") }));
  }

  /** Makes sure that a segment is open which begins with a snapshot and has room. */
  function prepare(): void {
    if (active !== undefined && isFull(active)) seal();
    if (active === undefined) {
      lastTime = Math.max(lastTime, now());
      active = {
        file: segmentFile(nextSequence, lastTime, epoch),
        sequence: nextSequence,
        time: lastTime,
        epoch,
      };
      length = 0;
      torn = true;
    }
    if (descriptor === undefined) {
      files.makeFolder(paths.segments);
      descriptor = files.open(join(paths.segments, active.file));
    }
    if (length > 0) return;
    forgetVanished();
    writePositions("snapshot", positions.keys());
    prune();
  }

  function isFull(segment: SegmentName): boolean {
    if (length >= limits.segmentSize) return true;
    // Only whole segments are dropped, so a quiet environment's are sealed by age too.
    return nextSequence > segment.sequence && now() - segment.time > Math.min(day, limits.age / 2);
  }

  function seal(): void {
    active = undefined;
    if (descriptor === undefined) return;
    const done = syncAndClose(descriptor).then(() => {
      closing.delete(done);
    });
    closing.add(done);
    descriptor = undefined;
    dirty = false;
  }

  /** Raw files of instances that ended are gone; without this their positions would be carried on for ever. */
  function forgetVanished(): void {
    for (const [key, position] of positions) {
      // A position without a path was saved out of a damaged segment: its file may well be there.
      if (position.path === "") continue;
      if (statSync(position.path, { throwIfNoEntry: false }) === undefined) positions.delete(key);
    }
  }

  function prune(): void {
    const segments = sortSegments(readdirSync(paths.segments)).map((name) => {
      const path = join(paths.segments, name.file);
      return { name, path, size: statSync(path, { throwIfNoEntry: false })?.size ?? 0 };
    });
    let total = segments.reduce((sum, segment) => sum + segment.size, 0);
    for (const [index, segment] of segments.entries()) {
      const following = segments[index + 1];
      if (following === undefined || segment.name.file === active?.file) break;
      if (total <= limits.totalSize && now() - following.name.time <= limits.age) break;
      unlinkSync(segment.path);
      total -= segment.size;
    }
  }

  function track(key: string, position: RawPosition): void {
    const before = positions.get(key);
    prepare();
    positions.set(key, position);
    try {
      writePositions("checkpoint", [key]);
    } catch (error) {
      if (before === undefined) positions.delete(key);
      else positions.set(key, before);
      throw error;
    }
  }

  function append(batch: Batch): Frame {
    const { description, path, body, lineCount, rawFrom, rawTo, open } = batch;
    prepare();
    const frame = frameNow("lines", {
      ...{ body, lineCount, rawFrom, rawTo, open },
      description: encodeDescription(description),
    });
    write(frame);
    if (path !== undefined) {
      positions.set(description.raw, { path, inode: description.inode, offset: rawTo, open });
    }
    return frame;
  }

  async function sync(): Promise<void> {
    if (dirty && descriptor !== undefined) {
      dirty = false;
      await syncData(descriptor);
    }
    await Promise.all(closing);
  }

  return {
    paths,
    epoch,
    position: (key) => positions.get(key),
    track,
    forget: (key) => {
      positions.delete(key);
    },
    append,
    prune,
    sync,
    close: () => {
      seal();
      return Promise.all(closing).then(() => undefined);
    },
  };
}

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { createLevelOf } from "../shared/level-of.js";
import { LEVELS, type Level, type LogEntry, type LogFilter } from "../shared/log-types.js";
import { createFactsMatcher } from "../shared/match.js";
import {
  type BlockBody,
  type BlockHeader,
  type BlockPlace,
  DamagedBlock,
  encodeBlock,
  openBody,
  PREFIX,
  readHeader,
} from "./block.js";
import { scanRecords } from "./record.js";
import { createBlockScanner, type ScanQuery } from "./scan.js";
import { pieces } from "./segment.js";

/** Something to be done with blocks of one file: in a worker thread, or between two turns of the event loop. */
export interface Job {
  readonly file: string;
  /** In the order in which they are wanted. */
  readonly blocks: readonly BlockPlace[];
  readonly task: Task;
}

/** What is to be done. */
export type Task =
  | { readonly type: "scan"; readonly query: ScanQuery }
  | { readonly type: "count"; readonly query: CountQuery }
  | { readonly type: "locate"; readonly at: number }
  | { readonly type: "verify" }
  | SealTask;

/** Makes blocks of an open segment, which is the job's file. */
export interface SealTask {
  readonly type: "seal";
  /** Bytes of the file that count. */
  readonly length: number;
  /** Lines with greater numbers. */
  readonly above: number;
  readonly storedAt: number;
  readonly checkpoints: Readonly<Record<string, string>>;
}

/** Lines are counted by bucket of time and level. */
export interface CountQuery {
  readonly filter: LogFilter;
  readonly since: number;
  readonly until: number;
  readonly buckets: number;
}

/** What came of a job. */
export interface JobResult {
  readonly lines: LogEntry[];
  /** By bucket, then by level in the order of `LEVELS`. */
  readonly counts?: Float64Array;
  /** By block. */
  readonly leaps: readonly Leap[];
  /** Offsets of blocks that are not what was written. */
  readonly damaged: readonly number[];
  /** How many lines have been put in which blocks. */
  readonly sealed?: { readonly lines: number; readonly blocks: readonly Uint8Array[] };
}

/**
 * How a block lies about a moment. `sum` counts its lines, those before the moment as −1, others as 1; `least` is the
 * least such sum on the way, and `row` where that is.
 */
export interface Leap {
  readonly sum: number;
  readonly least: number;
  readonly row: number;
}

/** Does a job. A file that retention has removed has no lines. Throws what the file system throws otherwise. */
export function runJob({ file, blocks, task }: Job): JobResult {
  if (task.type === "seal") return { lines: [], leaps: [], damaged: [], sealed: seal(file, task) };
  const lines: LogEntry[] = [];
  const leaps: Leap[] = [];
  const damaged: number[] = [];
  const counts = task.type === "count" ? new Float64Array(task.query.buckets * LEVELS.length) : undefined;
  const scanner = task.type === "scan" ? createBlockScanner(task.query) : undefined;
  withFile(file, (descriptor) => {
    for (const place of blocks) {
      try {
        const { header, body } = openBlock(descriptor, place);
        if (task.type === "scan" && scanner !== undefined) {
          const room = task.query.limit - lines.length;
          for (const line of scanner(header, body, room)) lines.push(line);
          if (lines.length >= task.query.limit) return;
        } else if (task.type === "count" && counts !== undefined)
          countLines(header, body, task.query, counts);
        else if (task.type === "locate") leaps.push(leapOf(header, body, task.at));
        else verify(body);
      } catch (error) {
        if (!(error instanceof DamagedBlock)) throw error;
        damaged.push(place.offset);
        leaps.push({ sum: 0, least: 0, row: 0 });
      }
    }
  });
  return { lines, leaps, damaged, ...(counts === undefined ? {} : { counts }) };
}

function seal(
  file: string,
  { length, above, storedAt, checkpoints }: SealTask,
): NonNullable<JobResult["sealed"]> {
  const { records } = scanRecords(readFileSync(file).subarray(0, length));
  const lines = records.flatMap((record) => record.lines).filter(({ seq }) => seq > above);
  return {
    lines: lines.length,
    blocks: [...pieces(lines)].map((piece) => encodeBlock(piece, storedAt, checkpoints)),
  };
}

function withFile(path: string, use: (descriptor: number) => void): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openBlock(
  descriptor: number,
  { offset, headerLength, bodyLength }: BlockPlace,
): { readonly header: BlockHeader; readonly body: BlockBody } {
  const read = (from: number, length: number): Buffer => {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, from));
  };
  const front = read(offset, PREFIX + headerLength);
  if (front.length < PREFIX + headerLength) throw new DamagedBlock();
  const header = readHeader(front.subarray(0, PREFIX), front.subarray(PREFIX));
  if (header === undefined) throw new DamagedBlock();
  const bodyAt = offset + PREFIX + headerLength;
  return {
    header,
    body: openBody(header, (from, length) => read(bodyAt + from, Math.min(length, bodyLength - from))),
  };
}

function countLines(header: BlockHeader, body: BlockBody, query: CountQuery, counts: Float64Array): void {
  const { filter, since, until } = query;
  const wants = createFactsMatcher(filter);
  const from = Math.max(since, filter.since ?? Number.NEGATIVE_INFINITY);
  const end = Math.min(until, filter.until ?? Number.POSITIVE_INFINITY);
  const levelOf = createLevelOf(filter);
  const columns = header.kinds.map((kind) => (wants(kind) ? levelColumn(levelOf(kind)) : -1));
  if (columns.every((column) => column === -1)) return;
  const { kinds, times } = body.rows();
  for (let row = 0; row < header.count; row++) {
    const column = columns[kinds[row]!]!;
    const time = times[row]!;
    if (column === -1 || time < from || time >= end) continue;
    counts[bucketOf(time, query) * LEVELS.length + column]!++;
  }
}

/** Which bucket a time belongs to. */
export function bucketOf(time: number, { since, until, buckets }: Omit<CountQuery, "filter">): number {
  return Math.min(buckets - 1, Math.floor(((time - since) / (until - since)) * buckets));
}

/** Which of the counts of a bucket is that of a level. */
export const levelColumn = (level: Level): number => LEVELS.indexOf(level);

function leapOf(header: BlockHeader, body: BlockBody, at: number): Leap {
  return leapOfTimes(body.rows().times, header.count, at);
}

/** The {@link Leap} of times that follow each other. */
export function leapOfTimes(times: ArrayLike<number>, count: number, at: number): Leap {
  let sum = 0;
  let least = 0;
  let row = 0;
  for (let index = 0; index < count; index++) {
    sum += times[index]! < at ? -1 : 1;
    if (sum < least) {
      least = sum;
      row = index + 1;
    }
  }
  return { sum, least, row };
}

function verify(body: BlockBody): void {
  body.filter();
  body.rows();
  body.text();
  body.odd();
}

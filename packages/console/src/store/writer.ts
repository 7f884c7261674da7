import { DeployError } from "@deploy/core";
import type { LogEntry } from "../shared/log-types.js";
import { hasCode, type StoreFiles } from "./files.js";
import { type Health, problemOf } from "./health.js";
import { encodeRecord, soundLine } from "./record.js";
import { freshSegment } from "./recover.js";
import type { Sealer } from "./sealer.js";
import { addLine, SEGMENT_LINES, SEGMENT_TEXT, type Segment, type StreamContent } from "./segment.js";
import type { Checkpoint, NewLine } from "./types.js";

/** Appends that come while others are written wait, and are then written together: up to so much text at once. */
const BATCH_TEXT = 8 * 1024 * 1024;
/** Full segments that may wait to be sealed; what comes then waits too, so that memory is bounded. */
const MAX_SEALING = 3;
/** How often it is tried whether a disk that failed takes something again. */
const RETRY_MS = 1000;
/** A disk counts as full as long as there is less room than this. */
const MIN_FREE = 1024 * 1024;

/** The one writer of a stream. */
export interface StreamWriter {
  append(lines: readonly NewLine[], checkpoint: Checkpoint | undefined): Promise<number>;
  /** Runs `work` while nothing is sealed. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Seals the segments that wait for it. */
  seal(): Promise<void>;
  /** Ends the open segment, and resolves once all that is stored is in blocks. */
  sealAll(): Promise<void>;
  close(): Promise<void>;
}

/** What a writer works with. */
export interface WriterContext {
  readonly content: StreamContent;
  readonly directory: string;
  readonly files: StoreFiles;
  readonly sealer: Sealer;
  readonly health: Health;
  /** Names the stream among the problems. */
  readonly piece: string;
  now(): number;
  /** Called behind each sealed segment. */
  onSealed(): void;
}

interface Pending {
  readonly lines: readonly NewLine[];
  readonly checkpoint: Checkpoint | undefined;
  resolve(first: number): void;
  reject(error: unknown): void;
}

/**
 * Writes records, syncs, and only then says so.
 *
 * When writing fails the file is cut back to what was acknowledged before anything else is written, and the stream takes
 * nothing until that has worked and a record can be written again, which is tried every second.
 */
export function createWriter(context: WriterContext): StreamWriter {
  const { content, directory, files, sealer, health } = context;
  const [writing, sealing, damage] = ["writing", "sealing", "damage"].map(
    (part) => `${context.piece} ${part}`,
  ) as [string, string, string];
  const queue: Pending[] = [];
  let draining: Promise<void> | undefined;
  let exclusive: Promise<unknown> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  let wasFull = false;
  let closed = false;

  function refusal(): DeployError | undefined {
    const problem = closed
      ? { reason: "The console has been closed.", hint: "Start it again." }
      : (health.of(damage) ?? health.of(writing) ?? health.of(sealing));
    if (problem === undefined) return undefined;
    return new DeployError({
      code: "console.store-read-only",
      message: problem.reason,
      hint: problem.hint,
      retryable: !closed,
    });
  }

  function append(lines: readonly NewLine[], checkpoint: Checkpoint | undefined): Promise<number> {
    const refused = refusal();
    if (refused !== undefined) return Promise.reject(refused);
    if (lines.length === 0 && checkpoint === undefined) return Promise.resolve(content.next);
    return new Promise((resolve, reject) => {
      queue.push({ lines, checkpoint, resolve, reject });
      draining ??= drain().finally(() => {
        draining = undefined;
      });
    });
  }

  async function drain(): Promise<void> {
    // Whoever appends in the same turn comes along.
    await Promise.resolve();
    while (queue.length > 0) {
      const refused = refusal();
      if (refused !== undefined) {
        for (const { reject } of queue.splice(0)) reject(refused);
        return;
      }
      await writeBatch(takeBatch());
      if (isFull(content.open)) await rotate().catch((error) => fail(error, "no new file could be begun"));
      while (content.sealing.length > MAX_SEALING && health.of(sealing) === undefined) await exclusive;
    }
  }

  function takeBatch(): readonly Pending[] {
    let text = 0;
    let count = 0;
    while (count < queue.length && (count === 0 || text < BATCH_TEXT)) {
      for (const line of queue[count]!.lines) text += line.text.length;
      count++;
    }
    return queue.splice(0, count);
  }

  async function writeBatch(batch: readonly Pending[]): Promise<void> {
    const storedAt = context.now();
    let { next } = content;
    const records = batch.map(({ lines, checkpoint }) => {
      const first = next;
      next += lines.length;
      const entries = lines.map((line, index) => soundLine(first + index, line, storedAt));
      const checkpoints = checkpoint === undefined ? {} : { [checkpoint.source]: checkpoint.cursor };
      return { first, storedAt, lines: entries, checkpoints };
    });
    const { open } = content;
    try {
      if (open.file === undefined) await begin(open);
      const bytes = Buffer.concat(records.map(encodeRecord));
      await open.file!.write(bytes, open.length);
      await open.file!.sync();
      open.length += bytes.length;
    } catch (error) {
      fail(error, "lines could not be stored");
      const refused = refusal();
      for (const { reject } of batch) reject(refused);
      return;
    }
    for (const { lines, checkpoints } of records) {
      for (const line of lines as readonly LogEntry[]) addLine(open, line);
      content.checkpoints = { ...content.checkpoints, ...checkpoints };
    }
    open.checkpoints = content.checkpoints;
    open.storedAt = storedAt;
    content.next = next;
    for (const [index, { resolve }] of batch.entries()) resolve(records[index]!.first);
  }

  /** A segment begins with all cursors, since those before it may be gone, and with its number, should it stay empty. */
  async function begin(segment: Segment): Promise<void> {
    segment.file ??= await files.open(segment.path);
    await segment.file.truncate(segment.length);
    if (segment.length > 0) return;
    const bytes = beginning();
    await segment.file.write(bytes, 0);
    await segment.file.sync();
    await files.syncDirectory(directory);
    segment.length = bytes.length;
  }

  const beginning = (): Buffer =>
    encodeRecord({
      ...{ first: content.next, storedAt: context.now(), lines: [], checkpoints: content.checkpoints },
    });

  async function rotate(): Promise<void> {
    const fresh = freshSegment(directory, content.next, content.checkpoints);
    try {
      await begin(fresh);
    } catch (error) {
      await fresh.file?.close().catch(() => undefined);
      throw error;
    }
    content.sealing = [...content.sealing, content.open];
    content.open = fresh;
    void seal();
  }

  function alone<T>(work: () => Promise<T>): Promise<T> {
    const done = exclusive.then(work);
    exclusive = done.catch(() => undefined);
    return done;
  }

  /** Seals what waits; a failure stops the stream from taking more, since memory would not hold it. */
  function seal(): Promise<void> {
    return alone(async () => {
      while (content.sealing.length > 0) {
        try {
          await sealer.sealNext();
          health.set(sealing, undefined);
          context.onSealed();
        } catch (error) {
          wasFull = hasCode(error, "ENOSPC", "EDQUOT");
          health.set(sealing, problemOf(error, "lines could not be compressed"));
          tryLater();
          return;
        }
      }
    });
  }

  function fail(error: unknown, what: string): void {
    wasFull = hasCode(error, "ENOSPC", "EDQUOT");
    health.set(writing, problemOf(error, what));
    tryLater();
  }

  function tryLater(): void {
    if (closed || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      void heal();
    }, RETRY_MS).unref();
  }

  async function heal(): Promise<void> {
    try {
      if (wasFull && (await files.free(directory)) < MIN_FREE) return tryLater();
      if (health.of(writing) !== undefined) {
        const { open } = content;
        await begin(open);
        const probe = beginning();
        await open.file!.write(probe, open.length);
        await open.file!.sync();
        open.length += probe.length;
        health.set(writing, undefined);
      }
      await seal();
    } catch (error) {
      fail(error, "it has been tried again");
    }
    if (health.of(sealing) !== undefined) tryLater();
  }

  return {
    append,
    alone,
    seal,
    async sealAll() {
      while (draining !== undefined) await draining;
      if (content.open.lines.length > 0 && refusal() === undefined) await rotate();
      await seal();
    },
    async close() {
      while (draining !== undefined) await draining;
      closed = true;
      clearTimeout(retry);
      await exclusive;
      for (const segment of [...content.sealing, content.open]) await segment.file?.close();
      await sealer.close();
    },
  };
}

const isFull = ({ lines, textBytes }: Segment): boolean =>
  lines.length >= SEGMENT_LINES || textBytes >= SEGMENT_TEXT;

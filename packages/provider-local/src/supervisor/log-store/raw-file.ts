import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync, unlinkSync } from "node:fs";
import type { EnvironmentLog } from "./environment-log.js";
import { chunkSize } from "./limits.js";
import { cutLines, type TailPolicy } from "./lines.js";
import type { LogSource } from "./source.js";

/** One file that a process writes to, and how far it has been ingested. */
export interface RawFile {
  readonly key: string;
  readonly path: string;
  /** Bytes that are in the segments. */
  offset(): number;
  /** Moves one chunk into the segments. Says whether there is more to do at once, something to wait for, or nothing. */
  ingest(tail: Exclude<TailPolicy, "take">): "more" | "waiting" | "drained";
  /** Whether the file has bytes that were not ingested. */
  hasMore(): boolean;
  /** The number of the device it is on, or `undefined` when the file is not there. */
  device(): number | undefined;
  /** Empties the file if every byte of it is in the segments: how space is given back where holes cannot be made. */
  emptyIfDrained(): void;
  close(): void;
  /** Deletes the file and what was remembered of it. */
  remove(): void;
}

/** What a raw file needs to be ingested. */
export interface RawFileOptions {
  readonly source: LogSource;
  readonly stream: "stdout" | "stderr";
  readonly log: EnvironmentLog;
  readonly quiet: number;
  readonly now: () => number;
}

// Nothing of a chunk outlives the call that read it, so all files share one.
const chunk: Buffer = Buffer.allocUnsafe(chunkSize);

/** Takes up a raw file where the segments say that it was left. It need not exist yet. */
export function createRawFile(options: RawFileOptions): RawFile {
  const { source, stream, log, quiet, now } = options;
  const path = source[stream];
  const key = `${source.id}:${stream}`;
  const { process, instance, release } = source;
  let descriptor: number | undefined;
  let inode = 0;
  let offset = 0;
  let open = false;
  let heldBytes = 0;
  let heldSince = 0;

  function ready(): number | undefined {
    if (descriptor !== undefined) return descriptor;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    const known = log.position(key);
    const same = known?.inode === stats.ino;
    if (!same || known.path !== path) {
      log.track(key, { path, inode: stats.ino, offset: same ? known.offset : 0, open: same && known.open });
    }
    inode = stats.ino;
    offset = same ? known.offset : 0;
    open = same && known.open;
    descriptor = openSync(path, "r");
    return descriptor;
  }

  function ingest(tail: Exclude<TailPolicy, "take">): "more" | "waiting" | "drained" {
    const file = ready();
    if (file === undefined) return tail === "end" ? "drained" : "waiting";
    const length = readSync(file, chunk, 0, chunk.length, offset);
    if (length === 0) {
      heldBytes = 0;
      if (fstatSync(file).size >= offset) return "drained";
      // Somebody emptied the file: what is in it now is new.
      log.track(key, { path, inode, offset: 0, open: false });
      offset = 0;
      open = false;
      return "more";
    }
    const bytes = chunk.subarray(0, length);
    const cut = cutLines(bytes, open, length === chunk.length ? "keep" : policy(tail, length));
    if (cut.consumed === 0) return "waiting";
    log.append({
      ...{ path, rawFrom: offset, rawTo: offset + cut.consumed },
      ...{ body: cut.body, lineCount: cut.lineCount, open: cut.open },
      description: { process, instance, release, stream, raw: key, inode, line: 0 },
    });
    offset += cut.consumed;
    open = cut.open;
    heldBytes = 0;
    if (length === chunk.length) return "more";
    return cut.consumed < length ? "waiting" : "drained";
  }

  /** A last line without newline is taken when nothing has come for a while. */
  function policy(tail: Exclude<TailPolicy, "take">, length: number): TailPolicy {
    if (tail === "end") return "end";
    if (heldBytes !== length) {
      heldBytes = length;
      heldSince = now();
      return "keep";
    }
    return now() - heldSince >= quiet ? "take" : "keep";
  }

  function close(): void {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  }

  return {
    key,
    path,
    offset: () => offset,
    ingest,
    hasMore: () => {
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      return size !== undefined && (descriptor === undefined || size !== offset);
    },
    device: () => statSync(path, { throwIfNoEntry: false })?.dev,
    emptyIfDrained: () => {
      if (descriptor === undefined || fstatSync(descriptor).size !== offset) return;
      truncateSync(path, 0);
      offset = 0;
      log.track(key, { path, inode, offset, open });
    },
    close,
    remove: () => {
      close();
      try {
        unlinkSync(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
      log.forget(key);
    },
  };
}

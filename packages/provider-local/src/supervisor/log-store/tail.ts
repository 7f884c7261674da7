import { type FSWatcher, watch } from "node:fs";
import type { Environment } from "./environments.js";
import type { LogLimits } from "./limits.js";
import { createRawFile, type RawFile } from "./raw-file.js";
import type { Reclaimer } from "./reclaim.js";
import type { LogSource } from "./source.js";

/** One raw file being followed. */
export interface Tail {
  readonly source: LogSource;
  readonly environment: Environment;
  /** Ingests for a short while. True when there is more to do at once. */
  work(): boolean;
  /** Ingests all there is now. */
  drain(): void;
  /** Nothing has come for a while, and nothing is held back: looking again can wait for a watcher. */
  isIdle(): boolean;
  hasMore(): boolean;
  /** Calls back once when the file changes. False when it cannot be watched. */
  arm(wake: () => void): boolean;
  disarm(): void;
  /** From now on the end of the file is the end; resolves when all of it is stored and the file is removed. */
  end(): Promise<void>;
  isEnding(): boolean;
  /** Removes the file without storing the rest of it. */
  discard(): void;
  close(): void;
}

/** What a tail needs beside its source. */
export interface TailOptions {
  readonly environment: Environment;
  readonly source: LogSource;
  readonly stream: "stdout" | "stderr";
  readonly limits: LogLimits;
  readonly reclaimer: Reclaimer;
  readonly now: () => number;
}

const chunksPerTurn = 4;
const idleAfter = 2000;

/** Follows one raw file; its segments are opened at the first work. */
export function createTail(options: TailOptions): Tail {
  const { environment, source, stream, limits, reclaimer, now } = options;
  let raw: RawFile | undefined;
  let watcher: FSWatcher | undefined;
  let ending: { promise: Promise<void>; resolve: () => void } | undefined;
  let finishing = false;
  let waiting = false;
  let lastProgress = performance.now();
  let reclaimed = 0;
  let reclaiming = false;

  function step(): "more" | "waiting" | "drained" {
    raw ??= createRawFile({ source, stream, log: environment.log(), quiet: limits.quiet, now });
    const before = raw.offset();
    const result = raw.ingest(ending === undefined ? "keep" : "end");
    if (raw.offset() !== before) lastProgress = performance.now();
    waiting = result === "waiting";
    if (raw.offset() < reclaimed) reclaimed = 0;
    if (raw.offset() - reclaimed >= limits.reclaimSize && !reclaiming) void reclaim(raw);
    return result;
  }

  /** Runs `steps` until nothing more is to be done at once; a failure pauses the environment. */
  function run(steps: number): "more" | "waiting" | "drained" {
    let result: "more" | "waiting" | "drained" = "waiting";
    if (finishing) return result;
    waiting = true;
    if (environment.paused()) return result;
    try {
      for (let index = 0; index < steps; index++) {
        result = step();
        if (result !== "more") break;
      }
      environment.succeeded();
    } catch (error) {
      environment.failed(error);
      return "waiting";
    }
    if (result === "drained" && ending !== undefined) void finish();
    return result;
  }

  /** What is given back must be safe elsewhere first, even from a power loss. */
  async function reclaim(file: RawFile): Promise<void> {
    reclaiming = true;
    try {
      const to = file.offset();
      const device = file.device();
      await environment.log().sync();
      if (device === undefined || finishing) return;
      const end = await reclaimer.reclaim(file.path, device, reclaimed, to);
      if (end !== undefined) reclaimed = end;
      else file.emptyIfDrained();
    } catch (error) {
      environment.failed(error);
    } finally {
      reclaiming = false;
    }
  }

  async function finish(): Promise<void> {
    finishing = true;
    try {
      await environment.log().sync();
      if (raw?.hasMore() === true) {
        finishing = false;
        return;
      }
      raw?.remove();
      disarm();
      ending?.resolve();
    } catch (error) {
      environment.failed(error);
      finishing = false;
    }
  }

  function disarm(): void {
    watcher?.close();
    watcher = undefined;
  }

  return {
    source,
    environment,
    work: () => run(chunksPerTurn) === "more",
    drain: () => {
      while (run(chunksPerTurn) === "more");
    },
    isIdle: () => !waiting && ending === undefined && performance.now() - lastProgress > idleAfter,
    hasMore: () => raw === undefined || raw.hasMore(),
    arm: (wake) => {
      try {
        watcher = watch(source[stream], { persistent: false }, () => {
          disarm();
          wake();
        });
        watcher.on("error", () => {
          disarm();
          wake();
        });
        return true;
      } catch {
        // No such file yet, or no watches left: it goes on being looked at.
        return false;
      }
    },
    disarm,
    end: () => {
      if (ending === undefined) {
        let resolve = (): void => undefined;
        const promise = new Promise<void>((done) => {
          resolve = done;
        });
        ending = { promise, resolve };
      }
      return ending.promise;
    },
    isEnding: () => ending !== undefined,
    discard: () => {
      finishing = true;
      disarm();
      raw?.remove();
      ending?.resolve();
    },
    close: () => {
      finishing = true;
      disarm();
      raw?.close();
    },
  };
}

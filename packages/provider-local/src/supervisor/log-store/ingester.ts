import { Buffer } from "node:buffer";
import { rmSync } from "node:fs";
import { DeployError } from "@deploy/core";
import { createEnvironment, type Environment } from "./environments.js";
import { type FileOperations, nodeFileOperations } from "./file-operations.js";
import type { Frame } from "./frame.js";
import { chunkSize, defaultLimits, type LogLimits } from "./limits.js";
import { cutLines } from "./lines.js";
import type { LogScope } from "./paths.js";
import { type LogProblem, problemError } from "./problems.js";
import { createReclaimer, type Reclaimer } from "./reclaim.js";
import type { AppendedLine, LogSource, ReleaseOutput, ReleaseScope } from "./source.js";
import { createTail, type Tail } from "./tail.js";

/** Everything that is done with logs where they are written: in the worker, or in tests in the thread itself. */
export interface Ingester {
  attach(source: LogSource): Promise<void>;
  detach(source: LogSource): Promise<void>;
  append(line: AppendedLine): Promise<void>;
  appendReleaseOutput(output: ReleaseOutput): Promise<void>;
  flush(): Promise<void>;
  removeLogs(scope: LogScope): Promise<void>;
  removeRelease(scope: ReleaseScope): Promise<void>;
  close(): Promise<void>;
}

/** What an ingester works with; the last three are replaced in tests. */
export interface IngesterOptions {
  readonly directory: string;
  readonly limits?: Partial<LogLimits>;
  readonly onProblem?: (problem: LogProblem) => void;
  readonly files?: FileOperations;
  readonly now?: () => number;
  readonly reclaimer?: Reclaimer;
}

const hour = 3600 * 1000;

/** Starts an ingester. It is the only one that may write to its directory. */
export function createIngester(options: IngesterOptions): Ingester {
  const limits = { ...defaultLimits, ...options.limits };
  const now = options.now ?? Date.now;
  const reclaimer = options.reclaimer ?? createReclaimer();
  const shared = {
    ...{ directory: options.directory, limits, now },
    files: options.files ?? nodeFileOperations,
    onProblem: options.onProblem ?? ((): void => undefined),
  };
  const environments = new Map<string, Environment>();
  const tails = new Map<string, Tail>();
  const active = new Set<Tail>();
  let turn: NodeJS.Timeout | undefined;
  let lastPrune = performance.now();
  let closed = false;

  function environmentOf(scope: LogScope): Environment {
    const key = `${scope.app}\0${scope.environment}`;
    let environment = environments.get(key);
    if (environment === undefined) {
      environment = createEnvironment(shared, { app: scope.app, environment: scope.environment });
      environments.set(key, environment);
    }
    return environment;
  }

  function schedule(delay: number): void {
    if (turn !== undefined || closed || active.size === 0) return;
    turn = setTimeout(takeTurn, delay);
  }

  function takeTurn(): void {
    turn = undefined;
    let backlog = false;
    for (const tail of active) {
      backlog = tail.work() || backlog;
      if (tail.isIdle() && tail.arm(() => wake(tail))) {
        active.delete(tail);
        // What was written before the watcher stood would otherwise wait for the next change.
        if (tail.hasMore()) wake(tail);
      }
    }
    schedule(backlog ? 0 : limits.interval);
  }

  function wake(tail: Tail): void {
    if (closed) return;
    tail.disarm();
    active.add(tail);
    schedule(0);
  }

  /** Once a second: data to disk, files whose watcher kept silent, and once an hour what is too old. */
  const regular = setInterval(() => {
    for (const tail of tails.values()) if (!active.has(tail) && tail.hasMore()) wake(tail);
    const pruning = performance.now() - lastPrune > hour;
    if (pruning) lastPrune = performance.now();
    for (const environment of environments.values()) {
      const log = environment.opened();
      void log?.sync();
      if (pruning && log !== undefined) attempt(environment, () => log.prune());
    }
  }, limits.sync);
  regular.unref();

  function attempt<Result>(environment: Environment, action: () => Result): Result | DeployError {
    try {
      const result = action();
      environment.succeeded();
      return result;
    } catch (error) {
      return problemError(environment.failed(error), error);
    }
  }

  function tailsOf(source: LogSource): Tail[] {
    const environment = environmentOf(source);
    return (["stdout", "stderr"] as const).map((stream) => {
      const key = `${source.app}\0${source.environment}\0${source.id}\0${stream}`;
      let tail = tails.get(key);
      if (tail === undefined) {
        const created = createTail({ environment, source, stream, limits, reclaimer, now });
        tail = created;
        tails.set(key, created);
        wake(created);
      }
      return tail;
    });
  }

  function dropTail(dropped: Tail): void {
    active.delete(dropped);
    for (const [key, tail] of tails) if (tail === dropped) tails.delete(key);
  }

  async function end(tail: Tail): Promise<void> {
    const ended = tail.end();
    wake(tail);
    await ended;
    dropTail(tail);
  }

  /** Appends text, one frame per 256 KB. @throws the problem that kept it from being stored. */
  function appendText(line: AppendedLine, stored: (frame: Frame) => void): void {
    const environment = environmentOf(line);
    const { process, instance, release, stream = "system" } = line;
    const description = { process, instance, release, stream, raw: "", inode: 0, line: 0 };
    const bytes = Buffer.from(line.text === "" ? "\n" : line.text, "utf8");
    const result = attempt(environment, () => {
      const log = environment.log();
      for (let from = 0, open = false; from < bytes.length; ) {
        const end = Math.min(bytes.length, from + chunkSize);
        const cut = cutLines(bytes.subarray(from, end), open, end === bytes.length ? "end" : "keep");
        const { body, lineCount } = cut;
        if (lineCount > 0)
          stored(log.append({ description, body, lineCount, rawFrom: 0, rawTo: 0, open: false }));
        open = cut.open;
        from += cut.consumed;
      }
    });
    if (DeployError.is(result)) throw result;
  }

  return {
    attach: async (source) => {
      tailsOf(source);
    },
    detach: async (source) => {
      await Promise.all(tailsOf(source).map(end));
    },
    append: async (line) => appendText(line, () => undefined),
    appendReleaseOutput: async (output) => {
      const { command, release, stream = "stdout" } = output;
      const { releases } = environmentOf(output);
      const line = { ...output, process: command, instance: command, stream };
      appendText(line, (frame) => releases.append(release, frame));
    },
    flush: async () => {
      for (const tail of tails.values()) tail.drain();
      for (const environment of environments.values()) await environment.opened()?.sync();
    },
    removeLogs: async (scope) => {
      const environment = environmentOf(scope);
      for (const tail of tails.values()) {
        if (tail.environment !== environment) continue;
        for (const path of [tail.source.stdout, tail.source.stderr]) rmSync(path, { force: true });
        tail.discard();
        dropTail(tail);
      }
      await environment.remove();
      environments.delete(`${scope.app}\0${scope.environment}`);
    },
    removeRelease: async (scope) => environmentOf(scope).releases.remove(scope.release),
    close: async () => {
      closed = true;
      clearTimeout(turn);
      clearInterval(regular);
      for (const tail of tails.values()) tail.close();
      for (const environment of environments.values()) await environment.opened()?.close();
    },
  };
}

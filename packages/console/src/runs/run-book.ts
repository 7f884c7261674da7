import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DeployError, isSupported } from "@deploy/core";
import type { AppRegistry } from "../apps/types.js";
import type { Feed } from "../feed/types.js";
import { cleanEvent } from "./parse-event.js";
import {
  appendRecords,
  listRuns,
  type RunEndRecord,
  readRun,
  removeRun,
  runDirectory,
  type StoredRun,
} from "./run-file.js";
import { outputLines } from "./run-output.js";
import type { Run, RunBook, RunEvent } from "./types.js";

/** What a book of runs is made with. */
export interface RunBookOptions {
  /** Directory of its own, made when it is not there. */
  readonly directory: string;
  readonly apps: Pick<AppRegistry, "find">;
  /** Takes secrets out, and takes output in. */
  readonly feed: Pick<Feed, "clean" | "ingest">;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs that are kept for each environment. Default 200. */
  readonly mostRuns?: number;
  /** Days after which a run is forgotten. Default 90. */
  readonly days?: number;
  /** Silence after which a run is lost, in milliseconds. Default one minute. */
  readonly lostAfterMs?: number;
}

/** A run's file holds so much at most, in bytes; beyond, only its end is told. */
const mostBytes = 16 * 1024 * 1024;

/** A run in memory; its events stay on disk. */
interface Entry {
  readonly run: StoredRun["run"];
  readonly path: string;
  end?: RunEndRecord;
  /** The last event's number. */
  last: number;
  size: number;
  heardAt: number;
  /** Writes of one run follow each other. */
  queue: Promise<unknown>;
  timer?: NodeJS.Timeout;
}

/**
 * Opens the runs below a directory: one file per run, written to disk before it is acknowledged.
 *
 * A run of which nothing is heard for a minute is lost, until it is heard of again.
 */
export async function createRunBook(options: RunBookOptions): Promise<RunBook> {
  const { directory, apps, feed, now } = options;
  const { mostRuns = 200, days = 90, lostAfterMs = 60_000 } = options;
  const entries = new Map<string, Entry>();
  const listeners = new Set<(run: Run, events: readonly RunEvent[]) => void>();

  const viewOf = ({ run, end, heardAt }: Entry): Run => {
    if (end !== undefined) return { ...run, ...end };
    return { ...run, state: now() - heardAt >= lostAfterMs ? "lost" : "running" };
  };

  const tell = (entry: Entry, events: readonly RunEvent[]): void => {
    const view = viewOf(entry);
    for (const listener of listeners) {
      try {
        listener(view, events);
      } catch {
        // It concerns nobody but the listener.
      }
    }
  };

  /** Tells whoever watches when the silence has become too long. */
  const awaitWord = (entry: Entry): void => {
    clearTimeout(entry.timer);
    if (entry.end !== undefined) return;
    // A clock that was set back must not make it wait for longer than for one that was heard of just now.
    const left = Math.min(lostAfterMs, Math.max(0, entry.heardAt + lostAfterMs - now()));
    entry.timer = setTimeout(() => tell(entry, []), left + 1);
    entry.timer.unref();
  };

  const heard = (entry: Entry): void => {
    entry.heardAt = now();
    awaitWord(entry);
  };

  const inTurn = <T>(entry: Entry, work: () => Promise<T>): Promise<T> => {
    const done = entry.queue.then(work);
    entry.queue = done.catch(() => undefined);
    return done;
  };

  const require = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry !== undefined) return entry;
    throw new DeployError({
      code: "console.not-found",
      message: "There is no such run.",
      hint: "It may have been so long ago that it was removed.",
    });
  };

  const inOrder = (app: string, environment: string): Entry[] =>
    [...entries.values()]
      .filter(({ run }) => run.app === app && run.environment === environment)
      .sort((one, other) => other.run.startedAt - one.run.startedAt || (other.run.id < one.run.id ? -1 : 1));

  const prune = async (app: string, environment: string): Promise<void> => {
    const oldest = now() - days * 24 * 3600 * 1000;
    for (const [index, entry] of inOrder(app, environment).entries()) {
      const isOver = viewOf(entry).state !== "running";
      if ((index < mostRuns && entry.run.startedAt >= oldest) || !isOver) continue;
      clearTimeout(entry.timer);
      entries.delete(entry.run.id);
      await inTurn(entry, () => removeRun(entry.path)).catch(() => undefined);
    }
  };

  /** Where the provider keeps no output of builds, the logs get what the run told. */
  const keepOutput = async ({ path, run, last }: Entry, release: number | undefined): Promise<void> => {
    const provider = apps.find(run.app, run.environment)?.deployer.environment.providers.logs;
    if (provider === undefined || isSupported(provider.logs?.capabilities.releaseOutput)) return;
    const lines = outputLines((await readRun(path))?.events ?? [], release);
    const checkpoint = { source: `run ${run.id}`, cursor: String(last) };
    if (lines.length > 0) await feed.ingest(run, lines, checkpoint);
  };

  for (const path of await listRuns(directory)) {
    const stored = await readRun(path);
    if (stored === undefined) continue;
    const entry: Entry = {
      ...{ run: stored.run, path, size: stored.size, queue: Promise.resolve() },
      ...(stored.end === undefined ? {} : { end: stored.end }),
      last: stored.events.at(-1)?.number ?? 0,
      heardAt: (await stat(path)).mtimeMs,
    };
    entries.set(stored.run.id, entry);
    // It was under way when the console was stopped: killed meanwhile, it would be so for ever.
    awaitWord(entry);
  }

  return {
    start: async ({ app, environment, operation, by }) => {
      const startedAt = now();
      const id = `${startedAt.toString(36)}-${randomBytes(9).toString("base64url")}`;
      const run = {
        id,
        app,
        environment,
        operation,
        by: feed.clean({ app, environment }, `run ${id} by`, by),
        startedAt,
      };
      const path = join(runDirectory(directory, app, environment), `${id}.ndjson`);
      const size = await appendRecords(path, 0, [{ run }]);
      const entry: Entry = { run, path, size, last: 0, heardAt: startedAt, queue: Promise.resolve() };
      entries.set(id, entry);
      heard(entry);
      tell(entry, []);
      await prune(app, environment);
      return viewOf(entry);
    },
    append: async (id, events) => {
      const entry = require(id);
      await inTurn(entry, async () => {
        const fresh: RunEvent[] = [];
        let last = entry.last;
        for (const { number, event } of events) {
          if (number <= last || entry.end !== undefined) continue;
          last = number;
          fresh.push({
            number,
            event: cleanEvent(event, (part, text) =>
              feed.clean(entry.run, `run ${id} ${"id" in event ? event.id : ""} ${part}`, text),
            ),
          });
        }
        if (fresh.length > 0) {
          if (entry.size < mostBytes) entry.size = await appendRecords(entry.path, entry.size, fresh);
          entry.last = last;
        }
        heard(entry);
        if (fresh.length > 0) tell(entry, fresh);
      });
    },
    end: async (id, { state, release }) => {
      const entry = require(id);
      await inTurn(entry, async () => {
        // Told again because the answer was lost.
        if (entry.end !== undefined) return;
        await keepOutput(entry, release).catch((thrown: unknown) => {
          // The run has its own copy; a store that is full must not leave it without an end.
          if (!DeployError.is(thrown)) throw thrown;
        });
        const end = { state, endedAt: now(), ...(release === undefined ? {} : { release }) };
        entry.size = await appendRecords(entry.path, entry.size, [{ end }]);
        entry.end = end;
        heard(entry);
        tell(entry, []);
      });
    },
    get: async (id) => {
      const entry = entries.get(id);
      return entry === undefined ? undefined : viewOf(entry);
    },
    list: async (app, environment, limit) => inOrder(app, environment).slice(0, limit).map(viewOf),
    events: async (id, after = 0) => {
      const entry = require(id);
      await entry.queue;
      const stored = await readRun(entry.path);
      return (stored?.events ?? []).filter(({ number }) => number > after);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      listeners.clear();
      for (const entry of entries.values()) {
        clearTimeout(entry.timer);
        await entry.queue;
      }
    },
  };
}

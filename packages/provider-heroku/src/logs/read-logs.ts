import { type Context, DeployError, type LogLine, type LogQuery, type Logs, type Scope } from "@deploy/core";
import { readOurMarker } from "../reads.js";
import type { Surroundings } from "../surroundings.js";
import { cursorOf, linesBehind, parseCursor } from "./cursor.js";
import { type HerokuLine, placeOf } from "./parse-line.js";
import { createSeenLines, fingerprint } from "./seen-lines.js";
import { readSession, type SessionFilter } from "./sessions.js";
import { storedOutput } from "./stored-output.js";

/** Lines that Heroku keeps of an app, and the most that a session gives (Dev Center, "Logging"). */
const keptLines = 1_500;

/** Pauses before a session that ended is made anew, milliseconds; it grows while nothing comes. */
const renewMs = { shortest: 250, longest: 15_000 };

/** Element four: Heroku's log sessions, and the stored output of builds and release commands. */
export function createLogs(own: Surroundings): Logs {
  return {
    capabilities: {
      follow: true,
      history: true,
      releaseOutput: true,
      releaseOutputApart: ["build"],
      resume: true,
      retention:
        "Heroku keeps the last 1,500 lines of an app, for a week at most; the output of builds and release commands as long as the release.",
    },
    read: (context, scope, query) => readLogs(own, context, scope, query),
  };
}

async function* readLogs(
  own: Surroundings,
  context: Context,
  scope: Scope,
  query: LogQuery,
): AsyncGenerator<LogLine, void, undefined> {
  const cursor = query.after === undefined ? undefined : parseCursor(query.after);
  context.signal.throwIfAborted();
  if (query.last === 0 && query.follow !== true) return;
  // An app that is not ours shows its lines to nobody, and there may be none at all.
  if ((await readOurMarker(own, context, scope)) === undefined) {
    if (query.follow === true) await untilAborted(context.signal);
    return;
  }
  if (query.release !== undefined) {
    yield* storedOutput(own, context, scope, query);
    return;
  }
  const filter = filterOf(query);
  const wants = wantedBy(query);
  const seen = createSeenLines();
  const counts = new Map<string, number>();
  const show = (line: HerokuLine): LogLine => {
    const key = fingerprint(line);
    const count = (counts.get(key) ?? 0) + 1;
    if (counts.size > keptLines * 4) counts.clear();
    counts.set(key, count);
    const { process, instance, stream } = placeOf(line);
    const time = new Date(line.at).toISOString();
    return { time, process, instance, stream, text: line.text, cursor: cursorOf(line, count) };
  };

  const backlog: HerokuLine[] = [];
  for await (const line of readSession(own, context, scope, { ...filter, lines: keptLines, tail: false })) {
    seen.add(line);
    backlog.push(line);
  }
  const behind = cursor === undefined ? backlog : linesBehind(backlog, cursor).lines;
  // Counted from the first line on, so that a cursor says which of several equal lines it means.
  const shown = backlog.map((line) => ({ line, entry: show(line) }));
  const wanted = shown.slice(shown.length - behind.length).filter(({ line }) => wants(line));
  const entries = cursor === undefined || behind.length === 0 ? wanted : chosen(shown, behind, wants);
  yield* query.last === undefined ? only(entries) : only(query.last === 0 ? [] : entries.slice(-query.last));
  if (query.follow !== true) return;
  let pause = renewMs.shortest;
  for (;;) {
    if (context.signal.aborted || isOver(query, context)) return;
    seen.replay();
    let came = false;
    try {
      for await (const line of readSession(own, context, scope, {
        ...filter,
        lines: keptLines,
        tail: true,
      })) {
        if (!seen.isNew(line)) continue;
        came = true;
        const entry = show(line);
        if (wants(line)) yield entry;
      }
    } catch (error) {
      if (context.signal.aborted) return;
      if (!DeployError.is(error) || !error.retryable) throw error;
    }
    pause = came ? renewMs.shortest : Math.min(pause * 2, renewMs.longest);
    await context.clock.sleep(pause, context.signal).catch(() => undefined);
  }
}

interface Shown {
  readonly line: HerokuLine;
  readonly entry: LogLine;
}

function chosen(
  shown: readonly Shown[],
  behind: readonly HerokuLine[],
  wants: (line: HerokuLine) => boolean,
): readonly Shown[] {
  const kept = new Set(behind);
  return shown.filter(({ line }) => kept.has(line) && wants(line));
}

function* only(entries: readonly Shown[]): Generator<LogLine> {
  for (const { entry } of entries) yield entry;
}

/** What Heroku can leave out by itself. A dyno's own lines come from two sources: what it says, and what is said of it. */
function filterOf({ instance }: LogQuery): SessionFilter {
  return instance === undefined || !/^[-\w]+\.\d+$/.test(instance) ? {} : { dyno: instance };
}

function wantedBy(query: LogQuery): (line: HerokuLine) => boolean {
  const { processes, instance, since, until } = query;
  const contains = query.contains?.toLowerCase();
  return (line) => {
    const place = placeOf(line);
    if (processes !== undefined && !processes.includes(place.process)) return false;
    if (instance !== undefined && place.instance !== instance) return false;
    if (since !== undefined && line.at < since.getTime()) return false;
    if (until !== undefined && line.at >= until.getTime()) return false;
    return contains === undefined || line.text.toLowerCase().includes(contains);
  };
}

/** Nothing that comes from now on can be wanted any more. */
function isOver({ until }: LogQuery, context: Context): boolean {
  return until !== undefined && context.clock.now() >= until.getTime();
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

import { type Context, DeployError, type LogLine, type LogQuery, type Scope } from "@deploy/core";
import type { Output } from "../clients/modules.js";
import { logGroupOf } from "../containers/families.js";
import { isAwsError } from "../errors.js";
import type { Parts } from "../parts.js";
import { type BuildReleases, createBuildReleases } from "./build-streams.js";
import { isBehind, isLater, type Place, readCursor, writeCursor } from "./cursor.js";
import { createInstanceNames, type InstanceNames } from "./instances.js";
import { readStream, type StreamName, streamPrefixOf } from "./streams.js";

type Event = NonNullable<Output<"logs", "FilterLogEvents">["events"]>[number];

/** Between two looks while following, milliseconds. */
const followMs = 1_500;
/** Lines may arrive so much later than they were written, milliseconds: so far back is read again and again. */
const overlapMs = 10_000;
/** How far back the last lines are looked for, step by step, milliseconds; then everything. */
const lookBacks = [1, 10, 60, 6 * 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60].map((minutes) => minutes * 60_000);

/**
 * Lines of a scope, oldest first, by FilterLogEvents: page by page, and only when the reader asks for more.
 *
 * While following the last ten seconds are read again each time, because lines arrive late, and what was shown is
 * known by its id. The limit of 5 calls a second of an account is kept to by the clients.
 */
export async function* readLogs(
  parts: Parts,
  context: Context,
  scope: Scope,
  query: LogQuery,
): AsyncGenerator<LogLine> {
  context.signal.throwIfAborted();
  const after = query.after === undefined ? undefined : readCursor(query.after);
  const source: Source = {
    parts,
    context,
    scope,
    query,
    names: createInstanceNames(parts, scope),
    builds: createBuildReleases(parts, scope),
  };
  const began = context.clock.now();
  const from = Math.max(query.since?.getTime() ?? 0, after === undefined ? 0 : after.time - overlapMs);
  const until = query.until?.getTime();
  const seen = createSeen();
  let place: Place | undefined = after;

  const show = (line: Matched): LogLine => {
    place = { ...line.place, arrived: Math.max(place?.arrived ?? 0, line.place.arrived) };
    return { ...line.line, cursor: writeCursor(place) };
  };

  if (query.last !== undefined) {
    for (const line of await lastLines(source, { from, until, now: began, count: query.last, after, seen })) {
      yield show(line);
    }
  } else {
    for await (const line of matches(source, from, until, after)) {
      seen.add(line.place);
      yield show(line);
    }
  }
  if (query.follow !== true) return;
  // With `last: 0` nothing that is there already comes.
  let newest = Math.max(place?.time ?? 0, query.last === undefined ? from : began - overlapMs);
  while (until === undefined || context.clock.now() < until + overlapMs) {
    await context.clock.sleep(followMs, context.signal);
    for await (const line of matches(source, Math.max(from, newest - overlapMs), until, after)) {
      if (!seen.add(line.place)) continue;
      newest = Math.max(newest, line.place.time);
      yield show(line);
    }
    seen.forget(newest - 3 * overlapMs);
  }
}

interface Source {
  readonly parts: Parts;
  readonly context: Context;
  readonly scope: Scope;
  readonly query: LogQuery;
  readonly names: InstanceNames;
  readonly builds: BuildReleases;
}

interface Matched {
  readonly place: Place;
  readonly line: Omit<LogLine, "cursor">;
}

/** Ids of lines that were shown, for as long as they may come again. */
function createSeen(): { add(place: Place): boolean; forget(before: number): void } {
  const times = new Map<string, number>();
  return {
    add({ id, time }) {
      if (times.has(id)) return false;
      times.set(id, time);
      return true;
    },
    forget(before) {
      for (const [id, time] of times) if (time < before) times.delete(id);
    },
  };
}

/** The last lines that match, found by looking further and further back; everything up to now counts as seen. */
async function lastLines(
  source: Source,
  range: {
    readonly from: number;
    readonly until: number | undefined;
    readonly now: number;
    readonly count: number;
    readonly after: Place | undefined;
    readonly seen: ReturnType<typeof createSeen>;
  },
): Promise<readonly Matched[]> {
  const end = range.until ?? range.now + overlapMs;
  let lines: Matched[] = [];
  let upTo = end;
  if (range.count === 0) {
    for await (const line of matches(
      source,
      Math.max(range.from, range.now - 2 * overlapMs),
      range.until,
      range.after,
    )) {
      range.seen.add(line.place);
    }
    return [];
  }
  for (const lookBack of [...lookBacks, Number.POSITIVE_INFINITY]) {
    const from = Math.max(range.from, end - lookBack, 0);
    const older: Matched[] = [];
    for await (const line of matches(source, from, upTo, range.after)) {
      range.seen.add(line.place);
      older.push(line);
      // Only the last ones can be wanted: memory stays bounded.
      if (older.length > 2 * range.count + 1_000) older.splice(0, older.length - range.count);
    }
    lines = [...older, ...lines].slice(-range.count);
    if (lines.length >= range.count || from <= range.from) break;
    upTo = from;
  }
  return lines;
}

/** Lines of a span of time that match the query, in order; `until` is left out, as the contract says. */
async function* matches(
  source: Source,
  from: number,
  until: number | undefined,
  after: Place | undefined,
): AsyncGenerator<Matched> {
  const { query, names, context } = source;
  const wanted = query.contains?.toLowerCase();
  for await (const event of events(source, from, until)) {
    const place: Place = {
      time: event.timestamp ?? 0,
      id: event.eventId ?? `${event.logStreamName} ${event.timestamp} ${event.message}`,
      arrived: event.ingestionTime ?? event.timestamp ?? 0,
    };
    if (after !== undefined && !isBehind(after, place)) continue;
    const text = (event.message ?? "").replace(/\r?\n$/, "");
    if (wanted !== undefined && !text.toLowerCase().includes(wanted)) continue;
    const stream = readStream(event.logStreamName ?? "");
    if (query.processes !== undefined && !query.processes.includes(stream.process)) continue;
    const release = await releaseOf(source, stream, event.logStreamName ?? "");
    if (query.release !== undefined && release !== query.release) continue;
    const instance = await names.of(context, stream);
    if (query.instance !== undefined && query.instance !== instance) continue;
    yield {
      place,
      line: {
        time: new Date(place.time).toISOString(),
        process: stream.process,
        instance,
        ...(release === undefined ? {} : { release }),
        // The log driver joins both outputs.
        stream: "stdout",
        text,
      },
    };
  }
}

/** The release that a line is of; a build's is the one that is asked for where it is of its image, else the first. */
async function releaseOf(
  { context, query, builds }: Source,
  stream: StreamName,
  name: string,
): Promise<number | undefined> {
  if (stream.source !== "build" || stream.release !== undefined) return stream.release;
  const releases = await builds.of(context, name);
  return releases.find((number) => number === query.release) ?? releases[0];
}

/** Events of a span of time as CloudWatch has them, page by page; none where there is no group yet. */
async function* events(source: Source, from: number, until: number | undefined): AsyncGenerator<Event> {
  const { parts, context, scope, query } = source;
  if (until !== undefined && until <= from) return;
  const prefix = streamPrefixOf(query);
  const input = {
    logGroupName: logGroupOf(scope),
    ...(from > 0 ? { startTime: Math.floor(from) } : {}),
    // CloudWatch's end belongs to the span.
    ...(until === undefined ? {} : { endTime: Math.floor(until) - 1 }),
    ...(prefix === undefined ? {} : { logStreamNamePrefix: prefix }),
  };
  try {
    for await (const page of parts.clients.pages(context, "logs", "FilterLogEvents", input)) {
      yield* [...(page.events ?? [])].sort((one, other) => (isLater(orderOf(one), orderOf(other)) ? 1 : -1));
    }
  } catch (error) {
    if (isAwsError(error, "ResourceNotFoundException")) return;
    if (DeployError.is(error) && error.code.startsWith("logs.") && error.code !== "logs.forbidden") {
      throw new DeployError({
        code: "logs.unavailable",
        message: `The logs cannot be read: ${error.message}`,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        retryable: error.retryable,
        cause: error,
      });
    }
    throw error;
  }
}

function orderOf(event: Event): Pick<Place, "time" | "id"> {
  return { time: event.timestamp ?? 0, id: event.eventId ?? "" };
}

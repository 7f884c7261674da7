import type { FeedState, LogEntry, LogFilter } from "../shared/log-types.js";
import type { StoredStream } from "../store/types.js";
import { encode, type GroupMember, type LiveGroup } from "./hub.js";

/** What a viewer's connection must be able to do. */
export interface ViewerSocket {
  send(message: Buffer): void;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
}

/** What a viewer is made with. */
export interface ViewerOptions {
  readonly socket: ViewerSocket;
  readonly stream: StoredStream;
  readonly group: LiveGroup;
  readonly filter: LogFilter;
  /** The last line the viewer has. */
  readonly after: number;
  /** How the feed is now. */
  feedState(): FeedState;
  readonly signal: AbortSignal;
}

/** More than this may not wait for a viewer: what comes then is told of instead of sent, bytes. */
const FULL = 1024 * 1024;

/** Once no more than this waits, a viewer that was too slow is sent lines again, bytes. */
const DRAINED = 64 * 1024;

/** How often a viewer that is too slow is looked at, milliseconds. */
const LOOK_EVERY = 50;

/** Lines of a page while a viewer catches up, and of the end that one that was too slow is sent. */
const PAGE = 1_000;

/** What one message of them may hold, characters of text. */
const MESSAGE_TEXT = 256 * 1024;

/** Whoever is further behind than this has the rest skipped, and loads it where it is wanted: in lines of the stream. */
const MOST_BEHIND = 50_000;
const KEPT_OF_BEHIND = 5_000;

/** Live lines that are held for a viewer while the store is read for it. */
const MOST_HELD = 5_000;

/** What was not sent to a viewer that was too slow. */
interface Missed {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Sends one viewer what came behind `after`, without gap and without double: first from the store, page by page and no
 * faster than the viewer takes it, then live. Resolves when the signal is aborted; throws what the store throws.
 *
 * The group is joined before the store is read, and what it brings meanwhile is held; when more comes than is held, the
 * store is read again. A viewer that is too slow for live lines is told what it has missed once it has taken what waits,
 * but for the end of it, which it is sent: it shows the newest lines, however fast they came and whatever comes behind.
 */
export async function serveViewer(options: ViewerOptions): Promise<void> {
  const { socket, stream, group, filter, signal } = options;
  let last = options.after;
  let phase: "reading" | "live" | "resuming" = "reading";
  let held: LogEntry[] = [];
  let overflowed = false;
  let missed: Missed | undefined;
  let wake = (): void => {};

  const send = (lines: readonly LogEntry[]): void => {
    if (lines.length > 0) socket.send(encode({ type: "lines", lines }));
  };
  const sendSlowly = async (lines: readonly LogEntry[]): Promise<void> => {
    for (const part of inMessages(lines)) {
      if (signal.aborted) return;
      send(part);
      await drained(socket, signal);
    }
  };
  const miss = (lines: readonly LogEntry[]): void => {
    const from = missed?.from ?? lines[0]!.seq;
    last = lines.at(-1)!.seq;
    missed = { from, to: last, count: (missed?.count ?? 0) + lines.length };
    wake();
  };
  const hold = (lines: readonly LogEntry[]): void => {
    if (overflowed) return;
    if (held.length + lines.length <= MOST_HELD) {
      held.push(...lines);
      return;
    }
    const all = [...held, ...lines];
    held = [];
    if (phase === "resuming") miss(all);
    else overflowed = true;
  };
  const member: GroupMember = {
    batch: (batch) => {
      if (batch.to <= last) return;
      const lines = batch.from > last ? batch.lines : batch.lines.filter(({ seq }) => seq > last);
      if (missed !== undefined) miss(lines);
      else if (phase !== "live") hold(lines);
      else if (socket.bufferedAmount > FULL) miss(lines);
      else {
        // The same bytes for everybody, but for who has a part of them already.
        if (lines === batch.lines) socket.send(batch.message);
        else send(lines);
        last = batch.to;
      }
    },
    feed: (message) => {
      if (missed === undefined) socket.send(message);
    },
  };

  /** Nothing may come between the look at what was held and this: it is called without a pause. */
  const goLive = (): void => {
    const lines = held.filter(({ seq }) => seq > last);
    held = [];
    phase = "live";
    for (const part of inMessages(lines)) send(part);
    last = lines.at(-1)?.seq ?? last;
    socket.send(encode({ type: "caught-up", seq: last }));
  };

  /** Everything behind `last` that is stored, then what was held. */
  const catchUp = async (): Promise<void> => {
    do {
      held = [];
      overflowed = false;
      const { newestSeq = 0 } = stream.bounds();
      if (newestSeq - last > MOST_BEHIND) {
        const to = newestSeq - KEPT_OF_BEHIND;
        socket.send(encode({ type: "skipped", from: last + 1, to, count: to - last }));
        last = to;
      }
      while (!signal.aborted) {
        const { newestSeq: known = 0 } = stream.bounds();
        const page = await stream.read({ filter, limit: PAGE, after: last });
        await sendSlowly(page.lines);
        last = page.lines.at(-1)?.seq ?? last;
        if (page.hasNewer) continue;
        // All that was known before the reading has been looked at, whether it matches or not.
        last = Math.max(last, known);
        break;
      }
      group.flush();
    } while (overflowed && !signal.aborted);
    if (!signal.aborted) goLive();
  };

  /** Tells what was missed, sends the end of it, and again as long as more is missed meanwhile. */
  const resume = async (): Promise<void> => {
    phase = "resuming";
    while (missed !== undefined) {
      await drained(socket, signal);
      if (signal.aborted) return;
      const { from, to, count } = missed;
      missed = undefined;
      const page = await stream.read({ filter, limit: Math.min(PAGE, count), before: to + 1 });
      if (signal.aborted) return;
      const end = page.lines.filter(({ seq }) => seq >= from);
      const left = count - end.length;
      const edge = (end[0]?.seq ?? to + 1) - 1;
      if (left > 0) socket.send(encode({ type: "skipped", from, to: edge, count: left }));
      socket.send(encode({ type: "feed", feed: options.feedState() }));
      await sendSlowly(end);
    }
    if (!signal.aborted) goLive();
  };

  const tooSlow = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (missed !== undefined || signal.aborted) resolve();
    });

  signal.addEventListener(
    "abort",
    () => {
      group.leave(member);
      wake();
    },
    { once: true },
  );
  if (signal.aborted) return;
  group.join(member);
  socket.send(encode({ type: "feed", feed: options.feedState() }));
  await catchUp();
  while (!signal.aborted) {
    await tooSlow();
    await resume();
  }
}

/** Lines in pieces of a size that is sent well. */
function* inMessages(lines: readonly LogEntry[]): Generator<readonly LogEntry[]> {
  let start = 0;
  let text = 0;
  for (const [index, line] of lines.entries()) {
    text += line.text.length;
    if (text < MESSAGE_TEXT) continue;
    yield lines.slice(start, index + 1);
    start = index + 1;
    text = 0;
  }
  if (start < lines.length) yield lines.slice(start);
}

/** Resolves once the connection has taken most of what waits, or was ended. */
async function drained(socket: ViewerSocket, signal: AbortSignal): Promise<void> {
  while (socket.bufferedAmount > DRAINED && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

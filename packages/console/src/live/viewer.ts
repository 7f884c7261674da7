import type { FeedState, LogEntry, LogFilter } from "../shared/log-types.js";
import type { StoredStream } from "../store/types.js";
import { type EncodedBatch, encode, type GroupMember, type LiveGroup } from "./hub.js";

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

/** Lines of a page while a viewer catches up. */
const PAGE = 1_000;

/** What one message of them may hold, characters of text. */
const MESSAGE_TEXT = 256 * 1024;

/** Whoever is further behind than this has the rest skipped, and loads it where it is wanted: in lines of the stream. */
const MOST_BEHIND = 50_000;
const KEPT_OF_BEHIND = 5_000;

/** Live lines that are held for a viewer while its last page is read. */
const MOST_HELD = 5_000;

/**
 * Sends one viewer what came behind `after`, without gap and without double: first from the store, page by page and no
 * faster than the viewer takes it, then live.
 *
 * The group is joined before the store is read, and what it brings meanwhile is held; when more comes than is held, the
 * store is read again. Resolves when the viewer has caught up.
 */
export async function startViewer(options: ViewerOptions): Promise<void> {
  const { socket, stream, group, filter, signal } = options;
  let last = options.after;
  let live = false;
  let held: LogEntry[] = [];
  let overflowed = false;
  let skipped: { from: number; to: number; count: number } | undefined;
  let looking: NodeJS.Timeout | undefined;

  const sendLines = (lines: readonly LogEntry[]): void => {
    const end = lines.at(-1);
    if (end === undefined) return;
    socket.send(encode({ type: "lines", lines }));
    last = end.seq;
  };
  const skip = (from: number, to: number, count: number): void => {
    skipped = { from: skipped?.from ?? from, to, count: (skipped?.count ?? 0) + count };
    last = to;
    looking ??= setInterval(lookAgain, LOOK_EVERY);
  };
  const lookAgain = (): void => {
    if (socket.bufferedAmount > DRAINED || skipped === undefined) return;
    clearInterval(looking);
    looking = undefined;
    socket.send(encode({ type: "skipped", ...skipped }));
    socket.send(encode({ type: "feed", feed: options.feedState() }));
    skipped = undefined;
  };
  const member: GroupMember = {
    batch: (batch) => {
      if (live) sendLive(batch);
      else if (held.length + batch.lines.length > MOST_HELD) {
        overflowed = true;
        held = [];
      } else if (!overflowed) held.push(...batch.lines);
    },
    feed: (message) => {
      if (skipped === undefined) socket.send(message);
    },
  };
  const sendLive = (batch: EncodedBatch): void => {
    if (batch.to <= last) return;
    const lines = batch.from > last ? batch.lines : batch.lines.filter(({ seq }) => seq > last);
    const [first] = lines;
    if (first === undefined) return;
    if (skipped !== undefined || socket.bufferedAmount > FULL) skip(first.seq, batch.to, lines.length);
    // The same bytes for everybody, but for who has a part of them already.
    else if (lines === batch.lines) {
      socket.send(batch.message);
      last = batch.to;
    } else sendLines(lines);
  };

  signal.addEventListener(
    "abort",
    () => {
      group.leave(member);
      clearInterval(looking);
    },
    { once: true },
  );
  if (signal.aborted) return;
  group.join(member);
  socket.send(encode({ type: "feed", feed: options.feedState() }));

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
      for (const lines of inMessages(page.lines)) {
        if (signal.aborted) return;
        sendLines(lines);
        await drained(socket, signal);
      }
      if (page.hasNewer) continue;
      // All that was known before the reading has been looked at, whether it matches or not.
      last = Math.max(last, known);
      break;
    }
    group.flush();
  } while (overflowed && !signal.aborted);
  if (signal.aborted) return;
  for (const lines of inMessages(held.filter(({ seq }) => seq > last))) sendLines(lines);
  held = [];
  live = true;
  socket.send(encode({ type: "caught-up", seq: last }));
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

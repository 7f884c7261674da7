import type { Feed } from "../feed/types.js";
import { filterToQuery } from "../shared/filter-query.js";
import type { FeedState, LiveMessage, LogEntry, LogFilter } from "../shared/log-types.js";
import { createMatcher } from "../shared/match.js";
import type { StreamKey } from "../store/types.js";

/** New lines wait this long at most for others to come with them, milliseconds. */
const BATCH_MS = 50;

/** What one message may hold at most: so many lines, or so many characters of text. */
const BATCH_LINES = 1_000;
const BATCH_TEXT = 256 * 1024;

/** Lines of a group, encoded once for all who are in it. */
export interface EncodedBatch {
  /** A {@link LiveMessage} of type `lines`. */
  readonly message: Buffer;
  readonly lines: readonly LogEntry[];
  readonly from: number;
  readonly to: number;
}

/** Somebody who looks at a group. */
export interface GroupMember {
  batch(batch: EncodedBatch): void;
  /** A {@link LiveMessage} of type `feed`. */
  feed(message: Buffer): void;
}

/** All who look at the same stream through the same filter. */
export interface LiveGroup {
  join(member: GroupMember): void;
  leave(member: GroupMember): void;
  /** Sends what waits: whoever joins behind it has a clean edge. */
  flush(): void;
}

/** The groups of one feed. */
export interface LiveHub {
  /** Throws `console.bad-pattern`. */
  group(key: StreamKey, filter: LogFilter): LiveGroup;
}

/** A message as it is sent. */
export function encode(message: LiveMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}

/** One group per stream and filter: a line is matched and encoded once, however many look at it. */
export function createLiveHub(feed: Feed): LiveHub {
  const groups = new Map<string, LiveGroup>();
  return {
    group: (key, filter) => {
      const name = JSON.stringify([key.app, key.environment, filterToQuery(filter).toString()]);
      const known = groups.get(name);
      if (known !== undefined) return known;
      const made = createGroup(feed, key, filter, () => groups.delete(name));
      groups.set(name, made);
      return made;
    },
  };
}

function createGroup(feed: Feed, key: StreamKey, filter: LogFilter, onEmpty: () => void): LiveGroup {
  const matches = createMatcher(filter);
  const members = new Set<GroupMember>();
  let waiting: LogEntry[] = [];
  let waitingText = 0;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const lines = waiting;
    const [first] = lines;
    const last = lines.at(-1);
    if (first === undefined || last === undefined) return;
    waiting = [];
    waitingText = 0;
    const batch = { message: encode({ type: "lines", lines }), lines, from: first.seq, to: last.seq };
    for (const member of members) member.batch(batch);
  };

  const take = (lines: readonly LogEntry[]): void => {
    for (const line of lines) {
      if (!matches(line)) continue;
      waiting.push(line);
      waitingText += line.text.length;
      if (waiting.length >= BATCH_LINES || waitingText >= BATCH_TEXT) flush();
    }
    if (waiting.length > 0) timer ??= setTimeout(flush, BATCH_MS);
  };

  const start = (): (() => void) => {
    const stopLines = feed.subscribe(key, take);
    const stopState = feed.onState(key, (state: FeedState) => {
      const message = encode({ type: "feed", feed: state });
      for (const member of members) member.feed(message);
    });
    return () => {
      stopLines();
      stopState();
    };
  };

  return {
    join: (member) => {
      stop ??= start();
      members.add(member);
    },
    leave: (member) => {
      if (!members.delete(member) || members.size > 0) return;
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
      waitingText = 0;
      stop?.();
      stop = undefined;
      onEmpty();
    },
    flush,
  };
}

import { expect, test, vi } from "vitest";
import type { Feed } from "../feed/types.js";
import type { LiveMessage, LogEntry, LogFilter } from "../shared/log-types.js";
import { createMatcher } from "../shared/match.js";
import type { StoredStream } from "../store/types.js";
import { createLiveHub } from "./hub.js";
import { serveViewer } from "./viewer.js";

const CAUGHT_UP = { type: "caught-up" };
const key = { app: "shop", environment: "production" };

/** A history and its feed, in memory; a reading takes a while, in which others are stored. */
function world(options: { readonly duringRead?: (append: (count: number) => void) => void } = {}) {
  const stored: LogEntry[] = [];
  const listeners = new Set<(lines: readonly LogEntry[]) => void>();
  let subscriptions = 0;
  const append = (count: number, text = "line"): void => {
    const lines = Array.from({ length: count }, (_, index): LogEntry => {
      const seq = stored.length + index + 1;
      return {
        ...{ seq, time: seq, process: "web", instance: "web.1", stream: "stdout", level: "none" },
        text,
      };
    });
    stored.push(...lines);
    for (const listener of listeners) listener(lines);
  };
  const stream: Pick<StoredStream, "bounds" | "read"> = {
    bounds: () => ({ lines: stored.length, bytes: 0, newestSeq: stored.length }),
    read: async ({ after = 0, before, limit, filter = {} }) => {
      const matches = createMatcher(filter);
      const fitting = stored.slice(after, before === undefined ? undefined : before - 1).filter(matches);
      options.duringRead?.(append);
      await Promise.resolve();
      if (before !== undefined)
        return { lines: fitting.slice(-limit), hasOlder: fitting.length > limit, hasNewer: true };
      return { lines: fitting.slice(0, limit), hasOlder: false, hasNewer: fitting.length > limit };
    },
  };
  const feed: Pick<Feed, "subscribe" | "onState" | "state"> = {
    state: () => ({ state: "following" }),
    subscribe: (_, listener) => {
      subscriptions += 1;
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState: () => () => undefined,
  };
  const hub = createLiveHub(feed as Feed);
  const view = (after: number, filter: LogFilter = {}) => {
    const sent: Buffer[] = [];
    const socket = { bufferedAmount: 0, send: (message: Buffer) => void sent.push(message) };
    const controller = new AbortController();
    const served = serveViewer({
      ...{ socket, filter, after, stream: stream as StoredStream, group: hub.group(key, filter) },
      ...{ feedState: () => ({ state: "following" as const }), signal: controller.signal },
    });
    const messages = (): LiveMessage[] => sent.map((one) => JSON.parse(one.toString()));
    const lines = (): number[] =>
      messages().flatMap((one) => (one.type === "lines" ? one.lines.map(({ seq }) => seq) : []));
    const started = vi.waitFor(() => expect(messages()).toContainEqual(expect.objectContaining(CAUGHT_UP)));
    const stop = (): Promise<void> => {
      controller.abort();
      return served;
    };
    return { sent, socket, started, messages, lines, stop };
  };
  return { append, view, hub, listeners, subscriptions: () => subscriptions };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120));
const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("a viewer that resumes gets what it lacks, then what comes: no gap, no double", async () => {
  const { append, view } = world();
  append(2_500);
  const viewer = view(100);
  append(10);
  await viewer.started;
  append(10);
  await settled();
  expect(viewer.lines()).toEqual(upTo(101, 2_520));
  expect(viewer.messages().map(({ type }) => type)).toContain("caught-up");
});

test("the same under a flood, which goes on while it is read", async () => {
  let flooded = 0;
  const { append, view } = world({
    duringRead: (more) => {
      if (flooded >= 12_000) return;
      flooded += 300;
      more(300);
    },
  });
  append(5_000);
  const viewer = view(0);
  await viewer.started;
  append(1_000);
  await settled();
  const { lines } = viewer;
  expect(lines()).toEqual(upTo(1, lines().length));
  expect(flooded).toBeGreaterThan(1_000);
  expect(lines().length).toBe(5_000 + flooded + 1_000);
});

test("more than is held while a page is read is read again instead", async () => {
  let once = true;
  const { append, view } = world({
    duringRead: (more) => {
      if (once) for (let batch = 0; batch < 12; batch += 1) more(1_000);
      once = false;
    },
  });
  append(10);
  const viewer = view(0);
  await viewer.started;
  append(5);
  await settled();
  expect(viewer.lines()).toEqual(upTo(1, 12_015));
});

test("a filter narrows what was stored and what comes alike", async () => {
  const { append, view } = world();
  append(3, "GET /");
  append(2, "boom");
  const viewer = view(0, { text: "boom" });
  await viewer.started;
  append(3, "GET /");
  append(1, "boom");
  await settled();
  expect(viewer.lines()).toEqual([4, 5, 9]);
});

const FULL = 2 * 1024 * 1024;

test("a viewer that is too slow is told how many it has missed, is sent the end of them, and nothing piles up", async () => {
  const { append, view } = world();
  const slow = view(0);
  const quick = view(0);
  await Promise.all([slow.started, quick.started]);
  append(10);
  await settled();
  slow.socket.bufferedAmount = FULL;
  const before = slow.sent.length;
  for (let round = 0; round < 20; round += 1) append(1_000);
  await settled();
  expect(slow.sent.length).toBe(before);
  slow.socket.bufferedAmount = 0;
  // Nothing comes behind: the newest lines are there all the same.
  await vi.waitFor(() => expect(slow.lines()).toEqual([...upTo(1, 10), ...upTo(19_011, 20_010)]));
  expect(slow.messages()).toContainEqual({ type: "skipped", from: 11, to: 19_010, count: 19_000 });
  append(1);
  await settled();
  expect(slow.lines().at(-1)).toBe(20_011);
  expect(quick.lines()).toEqual(upTo(1, 20_011));
});

test("what a viewer has missed is sent whole where it is not much, and nothing is said", async () => {
  const { append, view } = world();
  const viewer = view(0);
  await viewer.started;
  viewer.socket.bufferedAmount = FULL;
  append(300);
  await settled();
  viewer.socket.bufferedAmount = 0;
  await vi.waitFor(() => expect(viewer.lines()).toEqual(upTo(1, 300)));
  expect(viewer.messages().map(({ type }) => type)).not.toContain("skipped");
});

test("more that comes while the end is read is held, and more than that is missed again: no line twice, each counted once", async () => {
  let rounds = 0;
  const { append, view } = world({
    duringRead: (more) => {
      rounds += 1;
      // The first reading is that of the start.
      if (rounds === 2) more(800);
      if (rounds === 3) for (let batch = 0; batch < 7; batch += 1) more(1_000);
    },
  });
  const viewer = view(0, { text: "line" });
  await viewer.started;
  const fall = async (): Promise<void> => {
    viewer.socket.bufferedAmount = FULL;
    append(5_000);
    append(5, "other");
    await settled();
    viewer.socket.bufferedAmount = 0;
  };
  await fall();
  await vi.waitFor(() => expect(viewer.lines().at(-1)).toBe(5_805));
  await fall();
  await vi.waitFor(() => expect(viewer.lines().at(-1)).toBe(17_810));
  const skipped = viewer.messages().flatMap((one) => (one.type === "skipped" ? [one] : []));
  const counted = skipped.reduce((sum, { count }) => sum + count, 0);
  const lines = viewer.lines();
  expect(lines).toEqual([...new Set(lines)].sort((one, other) => one - other));
  expect(lines.length + counted).toBe(5_000 + 800 + 5_000 + 7_000);
  for (const { from, to } of skipped) expect(lines.some((seq) => seq >= from && seq <= to)).toBe(false);
});

test("who is very far behind has the middle skipped", async () => {
  const { append, view } = world();
  append(60_000);
  const viewer = view(0);
  await viewer.started;
  expect(viewer.messages()).toContainEqual({ type: "skipped", from: 1, to: 55_000, count: 55_000 });
  expect(viewer.lines()).toEqual(upTo(55_001, 60_000));
});

test("200 viewers of one stream: a batch is encoded once, and the same bytes go to all", async () => {
  const { append, view, subscriptions } = world();
  const viewers = Array.from({ length: 200 }, () => view(0));
  await Promise.all(viewers.map(({ started }) => started));
  const [first] = viewers;
  append(500);
  await settled();
  for (const viewer of viewers) {
    expect(viewer.lines()).toEqual(upTo(1, 500));
    expect(viewer.sent.at(-1)).toBe(first?.sent.at(-1));
  }
  expect(subscriptions()).toBe(1);
});

test("who leaves is forgotten, and with the last one the subscription ends", async () => {
  const { view, listeners } = world();
  const one = view(0);
  const other = view(0);
  await Promise.all([one.started, other.started]);
  await one.stop();
  expect(listeners.size).toBe(1);
  await other.stop();
  expect(listeners.size).toBe(0);
});

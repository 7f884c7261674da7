import { setTimeout as wait } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import { afterEach, describe, expect, it } from "vitest";
import type { FeedState, LogEntry } from "../shared/log-types.js";
import { createFeed } from "./create-feed.js";
import type { FeedPace } from "./follower.js";
import { createFakeLogs, createFakeRegistry, type FakeLogs } from "./testing/fake-logs.js";
import { createMemoryStore, type MemoryStore } from "./testing/memory-store.js";
import type { Feed } from "./types.js";

const key = { app: "shop", environment: "local" };
const pace: FeedPace = {
  pollMs: 20,
  overlapMs: 1_000,
  renewMs: 60_000,
  renewEmptyMs: 60_000,
  secretsMs: 60_000,
  settleMs: 20,
  releasesMs: 20,
};
const open: Feed[] = [];

afterEach(async () => {
  for (const feed of open.splice(0)) await feed.close();
});

function feedOf(store: MemoryStore, fakes: readonly FakeLogs[], changed: Partial<FeedPace> = {}): Feed {
  const apps = createFakeRegistry(fakes.map(({ deployer }) => deployer));
  const feed = createFeed({ store, apps, now: Date.now, pace: { ...pace, ...changed } });
  open.push(feed);
  return feed;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (isSo()) return;
    await wait(10);
  }
  throw new Error(`never: ${what}`);
}

const texts = (store: MemoryStore, of = key): string[] => store.lines(of).map(({ text }) => text);

describe("following", () => {
  it("takes in what is there already, and then what comes, and publishes only what is stored", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("one", "two");
    let release: () => void = () => undefined;
    store.gate = new Promise((resolve) => {
      release = resolve;
    });
    const feed = feedOf(store, [logs]);
    const heard: LogEntry[] = [];
    feed.subscribe(key, (lines) => heard.push(...lines));
    await until("both were taken", () => logs.taken() === 2);
    await wait(60);
    expect(heard).toEqual([]);
    release();
    await until("heard", () => heard.length === 2);
    logs.print({ text: "ERROR three", release: 4, stream: "stderr" });
    await until("the third", () => heard.length === 3);
    expect(heard).toEqual(store.lines(key));
    expect(heard[2]).toEqual({
      ...{ seq: 3, time: 1_000_002, process: "web", instance: "web.1", release: 4 },
      ...{ stream: "stderr", level: "error", text: "ERROR three" },
    });
  });

  it("goes on behind the cursor after a restart: no gap, no double", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("one", "two");
    const first = feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length === 2);
    await first.close();
    logs.print("three");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length >= 3);
    expect(texts(store)).toEqual(["one", "two", "three"]);
    expect(logs.queries.at(-1)?.after).toBe("1:1");
  });

  it("a refused cursor costs neither lines nor doubles", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("one", "same", "same");
    const first = feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length === 3);
    await first.close();
    logs.refuseCursors();
    logs.print("same", "four");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length >= 5);
    await wait(50);
    expect(texts(store)).toEqual(["one", "same", "same", "same", "four"]);
    logs.print("five");
    await until("stored", () => store.lines(key).length >= 6);
    expect(texts(store).at(-1)).toBe("five");
  });

  it.each([
    { follow: false, resume: true },
    { follow: true, resume: false },
    { follow: false, resume: false },
  ])("without all powers: %o", async (powers) => {
    const store = createMemoryStore();
    const logs = createFakeLogs(powers);
    logs.print("one", "two");
    const first = feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length === 2);
    logs.print("three");
    await until("stored", () => store.lines(key).length === 3);
    await first.close();
    logs.print("four");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length >= 4);
    await wait(80);
    expect(texts(store)).toEqual(["one", "two", "three", "four"]);
  });

  it("back-pressure reaches the provider: what cannot be stored is not read", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    let release: () => void = () => undefined;
    store.gate = new Promise((resolve) => {
      release = resolve;
    });
    logs.print(...Array.from({ length: 50_000 }, (_, index) => `line ${index}`));
    feedOf(store, [logs]);
    await until("some were taken", () => logs.taken() > 1_000);
    await wait(100);
    expect(logs.taken()).toBeLessThan(10_000);
    release();
    await until("all are stored", () => store.lines(key).length === 50_000);
    expect(texts(store).every((text, index) => text === `line ${index}`)).toBe(true);
  });

  it("two that flood do not starve a third", async () => {
    const store = createMemoryStore();
    const floods = [createFakeLogs({ app: "one" }), createFakeLogs({ app: "two" })];
    const many = Array.from({ length: 50_000 }, () => "x".repeat(100));
    for (const logs of floods) for (let times = 0; times < 4; times++) logs.print(...many);
    const quiet = createFakeLogs();
    feedOf(store, [...floods, quiet]);
    await wait(0);
    quiet.print("here I am");
    await until("stored", () => store.lines(key).length === 1);
    expect(floods.every((logs) => logs.taken() < 200_000)).toBe(true);
  });

  it("what was gathered when it is closed is stored", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs({ resume: false });
    const feed = feedOf(store, [logs]);
    await until("it follows", () => logs.queries.length === 1);
    logs.print("last words");
    await until("it was taken", () => logs.taken() === 1);
    await feed.close();
    expect(texts(store)).toEqual(["last words"]);
  });

  it("a silent stream is opened again behind its last line", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("one");
    feedOf(store, [logs], { renewMs: 40, renewEmptyMs: 40 });
    await until("opened again", () => logs.queries.length > 2);
    logs.print("two");
    await until("stored", () => store.lines(key).length >= 2);
    expect(texts(store)).toEqual(["one", "two"]);
  });
});

describe("trouble", () => {
  it("one that cannot be reached says so with its next try, holds up no other, and goes on", async () => {
    const store = createMemoryStore();
    const bad = createFakeLogs({ app: "bad" });
    const good = createFakeLogs();
    bad.failure = new DeployError({
      code: "logs.unavailable",
      message: "The vendor is away.",
      hint: "Look at its page.",
      retryable: true,
    });
    good.print("fine");
    bad.print("later");
    const feed = feedOf(store, [bad, good]);
    const states: FeedState[] = [];
    const badKey = { app: "bad", environment: "local" };
    feed.onState(badKey, (state) => states.push(state));
    await until("the good one", () => store.lines(key).length === 1);
    await until("the bad one waits", () => feed.state(badKey).state === "retrying");
    const state = feed.state(badKey);
    expect(state.problem).toBe("The vendor is away. Look at its page.");
    expect(state.nextTry).toBeGreaterThan(Date.now() - 1);
    expect(feed.state(key)).toEqual({ state: "following" });
    bad.failure = undefined;
    await until("it goes on", () => store.lines(badKey).length === 1);
    await until("it follows", () => feed.state(badKey).state === "following");
    expect(states.some((one) => one.state === "retrying")).toBe(true);
  });

  it("a read-only store: reading stops, the cursor stays, and it goes on without loss", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    const feed = feedOf(store, [logs]);
    logs.print("one");
    await until("stored", () => store.lines(key).length === 1);
    store.setState({ state: "read-only", reason: "The disk is full.", hint: "Make room." });
    logs.print("two", "three");
    await until("it stopped", () => feed.state(key).state === "stopped");
    expect(feed.state(key).problem).toBe("Nothing is stored: The disk is full. Make room.");
    const taken = logs.taken();
    logs.print("four");
    await wait(100);
    expect(logs.taken()).toBe(taken);
    store.setState({ state: "writable" });
    await until("all are there", () => store.lines(key).length >= 4);
    expect(texts(store)).toEqual(["one", "two", "three", "four"]);
    expect(feed.state(key)).toEqual({ state: "following" });
  });

  it("environments come and go with the configuration", async () => {
    const store = createMemoryStore();
    const one = createFakeLogs({ app: "one" });
    const two = createFakeLogs({ app: "two" });
    const apps = createFakeRegistry([one.deployer]);
    const feed = createFeed({ store, apps, now: Date.now, pace });
    open.push(feed);
    const [oneKey, twoKey] = ["one", "two"].map((app) => ({ app, environment: "local" }));
    one.print("a");
    two.print("b");
    await until("one", () => store.lines(oneKey!).length === 1);
    expect(feed.state(twoKey!).state).toBe("stopped");
    apps.change([two.deployer]);
    await until("two", () => store.lines(twoKey!).length === 1);
    await until("one stopped", () => feed.state(oneKey!).state === "stopped");
    one.print("unheard");
    await wait(50);
    expect(store.lines(oneKey!)).toHaveLength(1);
  });
});

describe("output that is only had by release", () => {
  it("is fetched once for each release, oldest first, without secrets, over restarts", async () => {
    const store = createMemoryStore();
    const builds = new Map([
      [2, "second build, password=abc"],
      [1, "first build"],
    ]);
    const logs = createFakeLogs({ builds });
    const first = feedOf(store, [logs]);
    await until("both are there", () => store.lines(key).length === 2);
    await first.close();
    builds.set(3, "third build");
    feedOf(store, [logs]);
    await until("the third", () => store.lines(key).length === 3);
    await wait(80);
    expect(store.lines(key).map(({ process, release, text }) => [process, release, text])).toEqual([
      ["build", 1, "first build"],
      ["build", 2, "second build, password=<redacted>"],
      ["build", 3, "third build"],
    ]);
  });
});

describe("secrets", () => {
  it("known values never reach the store, nor do those of a release that comes", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.secrets.set("KEY", "hunter2hunter2");
    logs.print("key hunter2hunter2 and postgres://u:pw@db");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length === 1);
    logs.secrets.set("KEY", "another-value");
    logs.print({ text: "now another-value, not hunter2hunter2", release: 2 });
    await until("stored", () => store.lines(key).length === 2);
    expect(texts(store)).toEqual([
      "key <redacted> and postgres://u:<redacted>@db",
      "now <redacted>, not <redacted>",
    ]);
  });

  it("lines that come another way pass through the same, in one order", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.secrets.set("KEY", "hunter2hunter2");
    logs.print("one");
    const feed = feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length === 1);
    const heard: LogEntry[] = [];
    feed.subscribe(key, (lines) => heard.push(...lines));
    const line = { process: "build", instance: "build.1", stream: "stdout", release: 2 } as const;
    await feed.ingest(key, [{ ...line, time: 5, text: "ARG KEY=hunter2hunter2" }]);
    expect(heard).toEqual([{ ...line, seq: 2, time: 5, level: "none", text: "ARG KEY=<redacted>" }]);
  });

  it("a line over 1 MB is cut with a mark, within no character", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("ü€😀".repeat(200_000), "x".repeat(3_000_000));
    feedOf(store, [logs]);
    await until("stored", () => store.lines(key).length === 2);
    for (const text of texts(store)) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
      expect(Buffer.byteLength(text)).toBeGreaterThan(1024 * 1024 - 16);
      expect(text).not.toContain("\ufffd");
      expect(text).toMatch(/… \[cut here: the line has \d+ (?:bytes|characters)\]$/);
    }
  });
});

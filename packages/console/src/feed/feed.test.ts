import { setTimeout as wait } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FeedState, LogEntry } from "../shared/log-types.js";
import { createFeed } from "./create-feed.js";
import { createFakeLogs, createFakeRegistry } from "./testing/fake-logs.js";
import { createMemoryStore } from "./testing/memory-store.js";
import { feedOf, KEY, PACE, texts, until } from "./testing/open-feed.js";

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
    feed.subscribe(KEY, (lines) => heard.push(...lines));
    await until("both were taken", () => logs.taken() === 2);
    await wait(60);
    expect(heard).toEqual([]);
    release();
    await until("heard", () => heard.length === 2);
    logs.print({ text: "ERROR three", release: 4, stream: "stderr" });
    await until("the third", () => heard.length === 3);
    expect(heard).toEqual(store.lines(KEY));
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
    await until("stored", () => store.lines(KEY).length === 2);
    await first.close();
    logs.print("three");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length >= 3);
    expect(texts(store)).toEqual(["one", "two", "three"]);
    expect(logs.queries.at(-1)?.after).toBe("1:1");
  });

  it("a refused cursor costs neither lines nor doubles", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("one", "same", "same");
    const first = feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length === 3);
    await first.close();
    logs.refuseCursors();
    logs.print("same", "four");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length >= 5);
    await wait(50);
    expect(texts(store)).toEqual(["one", "same", "same", "same", "four"]);
    logs.print("five");
    await until("stored", () => store.lines(KEY).length >= 6);
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
    await until("stored", () => store.lines(KEY).length === 2);
    logs.print("three");
    await until("stored", () => store.lines(KEY).length === 3);
    await first.close();
    logs.print("four");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length >= 4);
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
    await until("all are stored", () => store.lines(KEY).length === 50_000);
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
    await until("stored", () => store.lines(KEY).length === 1);
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
    await until("stored", () => store.lines(KEY).length >= 2);
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
    await until("the good one", () => store.lines(KEY).length === 1);
    await until("the bad one waits", () => feed.state(badKey).state === "retrying");
    const state = feed.state(badKey);
    expect(state.problem).toBe("The vendor is away. Look at its page.");
    expect(state.nextTry).toBeGreaterThan(Date.now() - 1);
    expect(feed.state(KEY)).toEqual({ state: "following" });
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
    await until("stored", () => store.lines(KEY).length === 1);
    store.setState({ state: "read-only", reason: "The disk is full.", hint: "Make room." });
    logs.print("two", "three");
    await until("it stopped", () => feed.state(KEY).state === "stopped");
    expect(feed.state(KEY).problem).toBe("Nothing is stored: The disk is full. Make room.");
    const taken = logs.taken();
    logs.print("four");
    await wait(100);
    expect(logs.taken()).toBe(taken);
    store.setState({ state: "writable" });
    await until("all are there", () => store.lines(KEY).length >= 4);
    expect(texts(store)).toEqual(["one", "two", "three", "four"]);
    expect(feed.state(KEY)).toEqual({ state: "following" });
  });

  it("environments come and go with the configuration", async () => {
    const store = createMemoryStore();
    const one = createFakeLogs({ app: "one" });
    const two = createFakeLogs({ app: "two" });
    const apps = createFakeRegistry([one.deployer]);
    const feed = createFeed({ store, apps, now: Date.now, pace: PACE });
    onTestFinished(() => feed.close());
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

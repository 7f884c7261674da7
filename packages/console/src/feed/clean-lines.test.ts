import { setTimeout as wait } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../shared/log-types.js";
import { createFakeLogs } from "./testing/fake-logs.js";
import { createMemoryStore } from "./testing/memory-store.js";
import { feedOf, KEY, texts, until } from "./testing/open-feed.js";

describe("output that is only had by release", () => {
  it("is fetched once for each release, oldest first, without secrets, over restarts", async () => {
    const store = createMemoryStore();
    const builds = new Map([
      [2, "second build, password=abc"],
      [1, "first build"],
    ]);
    const logs = createFakeLogs({ builds });
    const first = feedOf(store, [logs]);
    await until("both are there", () => store.lines(KEY).length === 2);
    await first.close();
    builds.set(3, "third build");
    feedOf(store, [logs]);
    await until("the third", () => store.lines(KEY).length === 3);
    await wait(80);
    expect(store.lines(KEY).map(({ process, release, text }) => [process, release, text])).toEqual([
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
    await until("stored", () => store.lines(KEY).length === 1);
    logs.secrets.set("KEY", "another-value");
    logs.print({ text: "now another-value, not hunter2hunter2", release: 2 });
    await until("stored", () => store.lines(KEY).length === 2);
    expect(texts(store)).toEqual([
      "key <redacted> and postgres://u:<redacted>@db",
      "now <redacted>, not <redacted>",
    ]);
  });

  it("a platform that has no release in its lines tells of one by itself", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.secrets.set("KEY", "hunter2hunter2");
    logs.print("one");
    feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length === 1);
    logs.secrets.set("KEY", "another-value");
    logs.print(
      { process: "release", instance: "api", stream: "system", text: "Set KEY config vars by user maria" },
      "now another-value, not hunter2hunter2",
    );
    await until("stored", () => store.lines(KEY).length === 3);
    expect(texts(store).at(-1)).toBe("now <redacted>, not <redacted>");
  });

  it("values that cannot be asked for hold up the lines, until they can", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.secrets.set("KEY", "hunter2hunter2");
    logs.print("one");
    const feed = feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length === 1);
    logs.secrets.set("KEY", "another-value");
    logs.secretsFailure = new DeployError({ code: "secrets.unavailable", message: "Away.", retryable: true });
    logs.print({ text: "now another-value", release: 2 });
    await until("it waits", () => feed.state(KEY).state === "retrying");
    expect(texts(store)).toEqual(["one"]);
    logs.secretsFailure = undefined;
    await until("stored", () => store.lines(KEY).length === 2);
    expect(texts(store)).toEqual(["one", "now <redacted>"]);
  });

  it("values on the border of 1 MB are gone before the line is cut", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.secrets.set("KEY", "hunter2hunter2");
    for (let back = 0; back < 60; back += 7) {
      logs.print(`${"x".repeat(1024 * 1024 - back)}hunter2hunter2${"y".repeat(1_200_000)}`);
      logs.print(`${"x".repeat(2 * 1024 * 1024 - back)}hunter2hunter2`);
    }
    feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length === 18);
    for (const text of texts(store)) expect(text).not.toMatch(/hunt|unter|2hun/);
  });

  it("lines that come another way pass through the same, in one order", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.secrets.set("KEY", "hunter2hunter2");
    logs.print("one");
    const feed = feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length === 1);
    const heard: LogEntry[] = [];
    feed.subscribe(KEY, (lines) => heard.push(...lines));
    const line = { process: "build", instance: "build.1", stream: "stdout", release: 2 } as const;
    await feed.ingest(KEY, [{ ...line, time: 5, text: "ARG KEY=hunter2hunter2" }]);
    expect(heard).toEqual([{ ...line, seq: 2, time: 5, level: "none", text: "ARG KEY=<redacted>" }]);
  });

  it("a line over 1 MB is cut with a mark, within no character", async () => {
    const store = createMemoryStore();
    const logs = createFakeLogs();
    logs.print("ü€😀".repeat(200_000), "x".repeat(3_000_000));
    feedOf(store, [logs]);
    await until("stored", () => store.lines(KEY).length === 2);
    for (const text of texts(store)) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
      expect(Buffer.byteLength(text)).toBeGreaterThan(1024 * 1024 - 16);
      expect(text).not.toContain("\ufffd");
      expect(text).toMatch(/… \[cut here: the line has \d+ (?:bytes|characters)\]$/);
    }
  });
});

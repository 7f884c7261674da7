import type { LogLine, LogQuery } from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AwsProxy, createAwsProxy } from "../../test/support/aws-proxy.js";
import { createElementBench, type ElementBench } from "../../test/support/element-bench.js";
import { type Emulator, startMoto } from "../../test/support/emulators.js";
import { has } from "../../test/support/needs.js";
import { logGroupOf } from "../containers/families.js";
import { isBehind, readCursor, writeCursor } from "./cursor.js";
import { findLogGroups } from "./log-group.js";
import { createLogs } from "./logs.js";
import { readStream } from "./streams.js";

describe("the name of a stream", () => {
  it("tells process, release and task", () => {
    expect(readStream("web/3/web/0a1b")).toEqual({
      process: "web",
      source: "web",
      release: 3,
      task: "0a1b",
      prefix: "web/3",
      isProcess: true,
    });
    expect(readStream("job.nightly/12/job/ff")).toMatchObject({
      process: "job:nightly",
      release: 12,
      isProcess: false,
    });
    expect(readStream("caddy/caddy/1f")).toMatchObject({ process: "caddy", task: "1f" });
  });
});

describe("a cursor", () => {
  it("comes back as it was, and anything else is refused", () => {
    const place = { time: 5, id: "39", arrived: 7 };
    expect(readCursor(writeCursor(place))).toEqual(place);
    for (const bad of ["", "not a cursor", "ecs1.", "ecs1.e30", writeCursor(place).slice(0, -6)]) {
      expect(() => readCursor(bad)).toThrow(expect.objectContaining({ code: "logs.bad-cursor" }));
    }
  });

  it("is before what came later in time, or arrived later", () => {
    const place = { time: 10, id: "100", arrived: 50 };
    expect(isBehind(place, { time: 10, id: "101", arrived: 40 })).toBe(true);
    expect(isBehind(place, { time: 9, id: "99", arrived: 60 })).toBe(true);
    expect(isBehind(place, { time: 10, id: "100", arrived: 50 })).toBe(false);
    expect(isBehind(place, { time: 10, id: "99", arrived: 50 })).toBe(false);
  });
});

const hasMoto = await has("python");

describe.skipIf(!hasMoto)("logs on CloudWatch", () => {
  let moto: Emulator;
  let proxy: AwsProxy;
  let bench: ElementBench;
  const foundation = { clusterName: "deploy-production" } as never;
  beforeAll(async () => {
    moto = await startMoto();
    proxy = await createAwsProxy({ target: moto.url });
  }, 120_000);
  afterAll(async () => {
    await proxy?.close();
    await moto?.stop();
  });
  beforeEach(async () => {
    await moto.reset();
    proxy.reset();
    bench = createElementBench({ url: proxy.url });
  });

  const logs = () => createLogs({ ...bench.parts, foundation: () => foundation });
  const begun = Date.now() - 5_000;
  const put = async (stream: string, texts: readonly string[], at = begun): Promise<void> => {
    const input = { logGroupName: logGroupOf(bench.scope), logStreamName: stream };
    const { clients } = bench.parts;
    await clients.send(bench.context(), "logs", "CreateLogStream", input).catch(() => undefined);
    const logEvents = texts.map((message, index) => ({ message, timestamp: at + index }));
    await clients.send(bench.context(), "logs", "PutLogEvents", { ...input, logEvents });
  };
  const read = async (query: LogQuery = {}): Promise<readonly LogLine[]> => {
    const lines: LogLine[] = [];
    for await (const line of logs().read(bench.context(), bench.scope, query)) lines.push(line);
    return lines;
  };
  const texts = async (query?: LogQuery) => (await read(query)).map(({ text }) => text);

  it("makes the group with its retention, sees drift, and removes it", async () => {
    const { resources } = logs().resources!(bench.scope);
    await bench.apply(resources);
    expect((await bench.plan(resources)).plan.changes).toEqual([]);
    const logGroupName = logGroupOf(bench.scope);
    await bench.parts.clients.send(bench.context(), "logs", "PutRetentionPolicy", {
      logGroupName,
      retentionInDays: 7,
    });
    expect((await bench.plan(resources)).plan.changes).toMatchObject([
      { fields: [{ path: "retentionDays", from: 7, to: 30 }] },
    ]);
    const find = findLogGroups(bench.parts);
    expect(await find(bench.context(), bench.scope, { keepLogs: true })).toEqual([]);
    const [group] = await find(bench.context(), bench.scope, {});
    expect(group).toMatchObject({ id: (resources[0] as { id: string }).id, history: true });
    await group!.remove(bench.context());
    await group!.remove(bench.context());
    expect(await find(bench.context(), bench.scope, {})).toEqual([]);
    expect(proxy.violations).toEqual([]);
  });

  it("does not touch a group of somebody else", async () => {
    const logGroupName = logGroupOf(bench.scope);
    await bench.parts.clients.send(bench.context(), "logs", "CreateLogGroup", { logGroupName });
    const { resources } = logs().resources!(bench.scope);
    const { plan } = await bench.plan(resources);
    expect(plan.blocks).toMatchObject([{ code: "plan.foreign" }]);
    expect(await findLogGroups(bench.parts)(bench.context(), bench.scope, {})).toEqual([]);
    await bench.apply(resources, { adopt: [resources[0]!.id] });
    expect((await bench.plan(resources)).plan.changes).toEqual([]);
  });

  it("reads nothing where nothing is", async () => {
    expect(await read()).toEqual([]);
  });

  it("reads history oldest first, and narrows by each part of a query", async () => {
    await bench.apply(logs().resources!(bench.scope).resources);
    await put("web/1/web/aaa", ["one", "two", "THREE"]);
    await put("web/2/web/bbb", ["four"], begun + 100);
    await put("webhook/2/webhook/ccc", ["five"], begun + 200);
    await put("release/2/release/ddd", ["migrated"], begun + 50);
    const lines = await read();
    expect(lines.map(({ text, process, release }) => [text, process, release])).toEqual([
      ["one", "web", 1],
      ["two", "web", 1],
      ["THREE", "web", 1],
      ["migrated", "release", 2],
      ["four", "web", 2],
      ["five", "webhook", 2],
    ]);
    expect(lines[0]).toMatchObject({
      instance: "web.1",
      stream: "stdout",
      time: new Date(begun).toISOString(),
    });
    expect(await texts({ processes: ["web"] })).toEqual(["one", "two", "THREE", "four"]);
    expect(await texts({ processes: ["web"], release: 2 })).toEqual(["four"]);
    expect(await texts({ processes: ["web", "release"], contains: "three" })).toEqual(["THREE"]);
    expect(await texts({ since: new Date(begun + 50), until: new Date(begun + 200) })).toEqual([
      "migrated",
      "four",
    ]);
    expect(await texts({ last: 2 })).toEqual(["four", "five"]);
    expect(await texts({ last: 0 })).toEqual([]);
    expect(await texts({ instance: "web.1", last: 1 })).toEqual(["four"]);
    expect(proxy.violations).toEqual([]);
  });

  it("goes on behind each cursor without gap or double", async () => {
    await bench.apply(logs().resources!(bench.scope).resources);
    const all = Array.from({ length: 12 }, (_, index) => `step ${index}`);
    await put("web/1/web/aaa", all);
    const lines = await read();
    for (const [index, line] of lines.entries()) {
      expect(await texts({ after: line.cursor })).toEqual(all.slice(index + 1));
    }
  });

  it("follows, pages and late lines included, until it is aborted", async () => {
    await bench.apply(logs().resources!(bench.scope).resources);
    await put("web/1/web/aaa", ["old"]);
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const context = bench.context({ signal: stop.signal });
      for await (const { text } of logs().read(context, bench.scope, { follow: true, last: 0 }))
        seen.push(text);
    })().catch((error: unknown) => error);
    await bench.context().clock.sleep(300);
    await put("web/1/web/aaa", ["new"], Date.now());
    while (!seen.includes("new")) await bench.context().clock.sleep(50);
    // Written before, arrived after.
    await put("web/1/web/bbb", ["late"], Date.now() - 4_000);
    while (!seen.includes("late")) await bench.context().clock.sleep(50);
    expect(seen).toEqual(["new", "late"]);
    stop.abort();
    await reading;
  }, 30_000);
});

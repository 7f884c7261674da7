import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LogLine, LogQuery } from "@deploy/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createIngester, type Ingester } from "./ingester.js";
import { readLogBatches, readLogs } from "./read.js";
import { createWorkbench, eventually, scope, type Workbench } from "./testing/harness.js";

let bench: Workbench;
let store: Ingester;
let clock = 1_000_000;
const limits = { segmentSize: 3000, totalSize: 100_000_000, interval: 2, quiet: 50 };

beforeEach(() => {
  bench = createWorkbench();
  clock = 1_000_000;
  store = createIngester({ directory: bench.directory, limits, now: () => clock });
});
afterEach(async () => {
  await store.close();
  bench.remove();
});

const say = (text: string, extra: Record<string, unknown> = {}): Promise<void> =>
  store.append({ ...scope, process: "web", instance: "web.1", text, ...extra });

async function count(from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    clock += 10;
    await say(
      `n${number} ${"p".repeat(60)}`,
      number % 3 === 0 ? { process: "worker", instance: "worker.1" } : {},
    );
  }
}

const segments = (): string => join(bench.directory, "shop", "review%2F12", "segments");
const segmentPaths = (): string[] =>
  readdirSync(segments())
    .sort()
    .map((file) => join(segments(), file));
const numbers = (lines: readonly LogLine[]): number[] =>
  lines.map((line) => Number(/^n(\d+)/.exec(line.text)?.[1]));

describe("history", () => {
  test("every filter, alone and together, with last and after, gives what filtering everything gives", async () => {
    await count(0, 300);
    await say("N7 Größer", { release: 4, process: "api", instance: "api.1", stream: "stdout" });
    const all = await bench.read();
    expect(all).toHaveLength(301);
    expect(readdirSync(segments()).length).toBeGreaterThan(5);
    const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
      fc.option(value, { nil: undefined });
    const time = fc.integer({ min: 1_000_000, max: 1_003_100 }).map((at) => new Date(at));
    const queries = fc.record({
      processes: optional(fc.subarray(["web", "worker", "api"])),
      instance: optional(fc.constantFrom("web.1", "worker.1")),
      release: optional(fc.constantFrom(4)),
      ...{ since: optional(time), until: optional(time) },
      contains: optional(fc.constantFrom("n1", "N2", "größer", "absent", "9 p")),
      last: optional(fc.nat(320)),
      after: optional(fc.nat(300).map((index) => all[index]!.cursor)),
    });
    await fc.assert(
      fc.asyncProperty(queries, async (drawn) => {
        const query = Object.fromEntries(
          Object.entries(drawn).filter(([, value]) => value !== undefined),
        ) as LogQuery;
        const behind =
          query.after === undefined ? 0 : all.findIndex((line) => line.cursor === query.after) + 1;
        const matching = all
          .slice(behind)
          .filter(
            (line) =>
              (query.processes?.includes(line.process) ?? true) &&
              (query.instance === undefined || line.instance === query.instance) &&
              (query.release === undefined || line.release === query.release) &&
              (query.since === undefined || Date.parse(line.time) >= query.since.getTime()) &&
              (query.until === undefined || Date.parse(line.time) < query.until.getTime()) &&
              line.text.toLowerCase().includes(query.contains?.toLowerCase() ?? ""),
          );
        const expected =
          query.last === undefined ? matching : query.last === 0 ? [] : matching.slice(-query.last);
        expect(await bench.read(query)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("a query in time does not open segments that are outside of it", async () => {
    await count(0, 300);
    const paths = segmentPaths();
    const since = new Date(clock - 200);
    const expected = await bench.read({ since });
    for (const path of paths.slice(0, -5)) writeFileSync(path, "unreadable");
    expect(await bench.read({ since })).toEqual(expected);
    expect(await bench.read({ last: 5 })).toEqual(expected.slice(-5));
  });

  test("a foreign cursor is refused, and no logs are no error", async () => {
    await expect(bench.read({ after: "x" })).rejects.toMatchObject({ code: "logs.bad-cursor" });
    expect(await bench.read({ last: 3 })).toEqual([]);
    expect(await bench.read()).toEqual([]);
  });

  test("batches are bounded", async () => {
    await say("\n".repeat(20_000));
    const sizes: number[] = [];
    for await (const lines of readLogBatches({ directory: bench.directory, ...scope }))
      sizes.push(lines.length);
    expect(Math.max(...sizes)).toBe(4096);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(20_000);
  });
});

describe("gaps", () => {
  test("a cursor in a dropped segment gives the number of lines dropped, and goes on", async () => {
    await count(0, 100);
    const all = await bench.read();
    for (const path of segmentPaths().slice(0, 2)) rmSync(path);
    const left = await bench.read();
    const lines = await bench.read({ after: all[4]!.cursor });
    expect(lines[0]).toMatchObject({
      stream: "system",
      text: `${100 - left.length - 5} older lines were dropped`,
    });
    expect(lines.slice(1)).toEqual(left);
    expect(await bench.read({ after: lines[0]!.cursor })).toEqual(left);
  });

  test("a reader that is overtaken by dropping is told how much it missed", async () => {
    await count(0, 100);
    const reader = readLogs({ directory: bench.directory, ...scope });
    const first = (await reader.next()).value as LogLine;
    for (const path of segmentPaths().slice(0, 3)) rmSync(path);
    const rest: LogLine[] = [];
    for await (const line of reader) rest.push(line);
    const gap = rest.findIndex((line) => line.stream === "system" && line.process === "system");
    const seen = numbers([first, ...rest.slice(0, gap)]);
    const next = numbers(rest.slice(gap + 1))[0]!;
    expect(rest[gap]?.text).toBe(`${next - seen.length} older lines were dropped`);
    expect(numbers(rest).at(-1)).toBe(99);
  });

  test("a cursor from before the logs were removed gives a notice and all there is", async () => {
    await count(0, 10);
    const cursor = (await bench.read()).at(-1)!.cursor;
    await store.removeLogs(scope);
    clock += 1;
    await say("new");
    expect(await bench.texts({ after: cursor })).toEqual(["The logs up to here were removed", "new"]);
  });

  test("damage in the middle of a segment costs what it covers, and is told once", async () => {
    await count(0, 100);
    const path = segmentPaths()[1]!;
    const bytes = readFileSync(path);
    bytes.fill(0xaa, 1000, 1010);
    writeFileSync(path, bytes);
    const lines = await bench.read();
    const told = lines.filter((line) => line.stream === "system" && line.process === "system");
    expect(told.map((line) => line.text)).toEqual([
      expect.stringMatching(/damaged bytes .* 1 line is missing$/),
    ]);
    expect(lines).toHaveLength(100);
  });

  test("a lost end of a sealed segment is told by the next", async () => {
    await count(0, 100);
    const path = segmentPaths()[1]!;
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 20));
    const texts = await bench.texts();
    expect(texts).toHaveLength(100);
    expect(texts.filter((text) => text === "The log is damaged, 1 line is missing")).toHaveLength(1);
  });
});

describe("follow", () => {
  test("reconnecting by cursor at any line gives every line once, while segments rotate and are dropped", async () => {
    const seen: LogLine[] = [];
    const writing = (async () => {
      for (let from = 0; from < 400; from += 10) {
        await count(from, from + 10);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    })();
    while (seen.length < 400) {
      const after = seen.at(-1)?.cursor;
      const stop = 1 + Math.floor(Math.random() * 40);
      let taken = 0;
      const query = { follow: true, ...(after === undefined ? {} : { after }) };
      for await (const line of readLogs({ directory: bench.directory, ...scope, query })) {
        seen.push(line);
        if (++taken >= stop || seen.length === 400) break;
      }
    }
    await writing;
    expect(numbers(seen)).toEqual(Array.from({ length: 400 }, (_, index) => index));
  });

  test("last and follow join without gap or double; latency is low; abort ends it quietly", async () => {
    await count(0, 50);
    const abort = new AbortController();
    const seen: LogLine[] = [];
    const query = { follow: true, last: 2, processes: ["web"] };
    const reading = (async () => {
      const options = { directory: bench.directory, ...scope, query, signal: abort.signal };
      for await (const line of readLogs(options)) seen.push(line);
    })();
    await eventually(() => seen.length === 2);
    const latencies: number[] = [];
    for (let number = 100; number < 120; number++) {
      const start = performance.now();
      await say(`n${number}`);
      await eventually(() => seen.length === number - 97);
      latencies.push(performance.now() - start);
    }
    expect(numbers(seen)).toEqual([47, 49, ...Array.from({ length: 20 }, (_, index) => 100 + index)]);
    expect(latencies.sort((left, right) => left - right)[10]).toBeLessThan(150);
    abort.abort();
    await reading;
  });

  test("it may begin before there is anything, goes on after removal, and ends at until", async () => {
    const seen: string[] = [];
    const until = new Date(Date.now() + 1500);
    const query = { follow: true, until };
    const reading = (async () => {
      for await (const line of readLogs({ directory: bench.directory, ...scope, query }))
        seen.push(line.text);
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await say("one");
    await eventually(() => seen.length === 1);
    await store.removeLogs(scope);
    clock += 1;
    await say("two");
    await eventually(() => seen.length === 3);
    expect(seen).toEqual(["one", "The logs up to here were removed", "two"]);
    await reading;
  });
});

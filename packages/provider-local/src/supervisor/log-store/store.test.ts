import { existsSync, mkdirSync, readdirSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeFileOperations } from "./file-operations.js";
import { createIngester, type Ingester, type IngesterOptions } from "./ingester.js";
import { readReleaseOutput } from "./read.js";
import { createReclaimer } from "./reclaim.js";
import { createLogStore } from "./store.js";
import { bundle, createWorkbench, eventually, scope, type Workbench } from "./testing/harness.js";

let bench: Workbench;
let ingester: Ingester | undefined;

beforeEach(() => {
  bench = createWorkbench();
});
afterEach(async () => {
  await ingester?.close();
  ingester = undefined;
  bench.remove();
});

function start(options: Partial<IngesterOptions> = {}): Ingester {
  const limits = { interval: 2, quiet: 50, retry: 20, ...options.limits };
  ingester = createIngester({ directory: bench.directory, ...options, limits });
  return ingester;
}

describe("ingest", () => {
  test("lines of both streams carry whose they are, in one order, with times that never go back", async () => {
    let clock = 1_000_000;
    const store = start({ now: () => clock });
    const source = bench.source("run-1", { release: 7 });
    await store.attach(source);
    await store.attach(source);
    bench.print(source, "one\n");
    await store.flush();
    clock -= 5000;
    bench.print({ ...source, stdout: source.stderr }, "two\n");
    await store.flush();
    await store.append({ ...scope, process: "web", instance: "web.1", text: "web.1 exited with code 3" });
    const lines = await bench.read();
    expect(lines.map(({ cursor, ...line }) => line)).toEqual([
      {
        time: "1970-01-01T00:16:40.000Z",
        process: "web",
        instance: "web.1",
        release: 7,
        stream: "stdout",
        text: "one",
      },
      {
        time: "1970-01-01T00:16:40.000Z",
        process: "web",
        instance: "web.1",
        release: 7,
        stream: "stderr",
        text: "two",
      },
      {
        ...{ time: "1970-01-01T00:16:40.000Z", process: "web", instance: "web.1", stream: "system" },
        text: "web.1 exited with code 3",
      },
    ]);
    expect(new Set(lines.map((line) => line.cursor)).size).toBe(3);
  });

  test("after a restart it goes on where it was, and detaching stores the rest and removes the raw files", async () => {
    const source = bench.source("run-1");
    const first = start();
    await first.attach(source);
    bench.print(source, "one\ntw");
    await first.flush();
    await first.close();
    bench.print(source, "o\nthree\nlast");
    const second = start();
    await second.attach(source);
    await second.detach(source);
    expect(await bench.texts()).toEqual(["one", "two", "three", "last"]);
    expect(existsSync(source.stdout) || existsSync(source.stderr)).toBe(false);
    await second.detach(source);
    expect(await bench.texts()).toHaveLength(4);
  });

  test("a prompt without newline shows after a pause, and its newline makes no empty line, even after a restart", async () => {
    const source = bench.source("run-1");
    const first = start();
    await first.attach(source);
    bench.print(source, "password: ");
    await eventually(async () => (await bench.texts()).length === 1);
    await first.close();
    bench.print(source, "\nnext\n");
    const second = start();
    await second.attach(source);
    await second.flush();
    expect(await bench.texts()).toEqual(["password: ", "next"]);
  });

  test("a raw file that appears late or after silence is followed", async () => {
    const source = bench.source("run-1", { stdout: join(bench.directory, "..", "late.stdout") });
    const store = start();
    await store.attach(source);
    await new Promise((resolve) => setTimeout(resolve, 2300));
    bench.print({ ...source, stdout: source.stderr }, "after silence\n");
    await eventually(async () => (await bench.texts()).length === 1);
    bench.print(source, "late\n");
    await eventually(async () => (await bench.texts()).length === 2);
  });

  test("wherever the last write was torn, each line is there once after the restart", async () => {
    const source = bench.source("run-1");
    const numbered = (from: number): string =>
      Array.from({ length: 5 }, (_, index) => `line ${from + index}\n`).join("");
    const folder = join(bench.directory, "shop", "review%2F12", "segments");
    const newest = (): string => join(folder, readdirSync(folder).sort().at(-1)!);
    let printed = 0;
    for (let turn = 0; turn < 60; turn++) {
      const store = start({ limits: { segmentSize: 900, totalSize: 1e9 } });
      await store.attach(source);
      bench.print(source, numbered(printed));
      printed += 5;
      await store.flush();
      await store.close();
      // Cutting more than the last frame would be no torn write but the loss of a finished one; that too is made up for.
      truncateSync(newest(), Math.floor(Math.random() * (statSync(newest()).size + 1)));
    }
    const store = start();
    await store.attach(source);
    await store.detach(source);
    expect(await bench.texts()).toEqual(Array.from({ length: printed }, (_, index) => `line ${index}`));
  });

  test("positions survive the rotation of every segment that told of them", async () => {
    const quiet = bench.source("quiet");
    const loud = bench.source("loud");
    const limits = { segmentSize: 2000, totalSize: 6000 };
    const first = start({ limits });
    await first.attach(quiet);
    await first.attach(loud);
    bench.print(quiet, "only once\n");
    await first.flush();
    for (let turn = 0; turn < 30; turn++) {
      bench.print(loud, `${"x".repeat(400)}\n`);
      await first.flush();
    }
    await first.close();
    const second = start({ limits });
    await second.attach(quiet);
    bench.print(quiet, "new\n");
    await second.flush();
    expect((await bench.texts()).filter((text) => !text.startsWith("x"))).toEqual(["new"]);
  });

  test("names that lead elsewhere are refused", async () => {
    const store = start();
    for (const wrong of [
      { app: ".." },
      { app: "a/b" },
      { environment: "../x" },
      { environment: "a//b" },
      { app: "" },
    ]) {
      await expect(store.removeLogs({ ...scope, ...wrong })).rejects.toMatchObject({ code: "logs.bad-name" });
    }
  });
});

describe("space", () => {
  const mebibyte = "y".repeat(1023).concat("\n").repeat(1024);

  test.runIf(process.platform === "linux")("ingested parts of a raw file take no space", async () => {
    const source = bench.source("run-1");
    const store = start({ limits: { reclaimSize: 1_000_000 } });
    await store.attach(source);
    for (let turn = 0; turn < 6; turn++) {
      bench.print(source, mebibyte);
      await store.flush();
    }
    await eventually(() => statSync(source.stdout).blocks * 512 < 1_500_000);
    bench.print(source, "end\n");
    await store.flush();
    expect(await bench.texts({ last: 1 })).toEqual(["end"]);
  });

  test("where holes cannot be made the file is emptied once all of it is stored", async () => {
    const source = bench.source("run-1");
    const reclaimer = createReclaimer(async () => false);
    const limits = { reclaimSize: 500_000 };
    const first = start({ reclaimer, limits });
    await first.attach(source);
    bench.print(source, mebibyte);
    await first.flush();
    await eventually(() => statSync(source.stdout).size === 0);
    bench.print(source, "one\n");
    await first.flush();
    await first.close();
    bench.print(source, "two\n");
    const second = start({ reclaimer, limits });
    await second.attach(source);
    await second.flush();
    expect(await bench.texts({ last: 3 })).toEqual(["y".repeat(1023), "one", "two"]);
  });

  test("a file emptied just before a crash is read from its start", async () => {
    const source = bench.source("run-1");
    const first = start();
    await first.attach(source);
    bench.print(source, "a long first line\n");
    await first.flush();
    await first.close();
    truncateSync(source.stdout, 0);
    bench.print(source, "two\n");
    const second = start();
    await second.attach(source);
    await second.flush();
    expect(await bench.texts()).toEqual(["a long first line", "two"]);
  });

  test("segments are bounded by size and by age", async () => {
    let clock = 1_000_000_000;
    const limits = { segmentSize: 10_000, totalSize: 50_000, age: 3_600_000 };
    const store = start({ limits, now: () => clock });
    for (let turn = 0; turn < 200; turn++) {
      await store.append({
        ...scope,
        process: "web",
        instance: "web.1",
        text: `${turn} ${"z".repeat(1000)}`,
      });
    }
    const kept = await bench.read();
    expect(kept.length).toBeLessThan(60);
    expect(kept.at(-1)?.text).toMatch(/^199 /);
    clock += 2 * 3_600_000;
    await store.append({ ...scope, process: "web", instance: "web.1", text: "new" });
    await store.append({ ...scope, process: "web", instance: "web.1", text: "newer" });
    clock += 2 * 3_600_000;
    await store.append({ ...scope, process: "web", instance: "web.1", text: "newest" });
    expect(await bench.texts()).toEqual(["new", "newer", "newest"]);
  });
});

describe("trouble", () => {
  test.each([
    ["ENOSPC", "logs.disk-full"],
    ["EROFS", "logs.read-only"],
  ])("%s pauses ingest, is reported once, and loses nothing", async (code, problem) => {
    let broken = false;
    const problems: string[] = [];
    const source = bench.source("run-1");
    const store = start({
      onProblem: (told) => problems.push(told.code),
      files: {
        ...nodeFileOperations,
        write: (descriptor, buffers, position) => {
          if (!broken) return nodeFileOperations.write(descriptor, buffers, position);
          // What a full disk does: part of the data fits.
          nodeFileOperations.write(descriptor, [Buffer.concat(buffers).subarray(0, 70)], position);
          throw Object.assign(new Error(code), { code });
        },
      },
    });
    await store.attach(source);
    bench.print(source, "one\n");
    await store.flush();
    broken = true;
    bench.print(source, "two\n");
    await eventually(() => problems.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const line = { ...scope, process: "web", instance: "web.1", text: "no room" };
    await expect(store.append(line)).rejects.toMatchObject({ code: problem, retryable: true });
    expect(await bench.texts()).toEqual(["one"]);
    const detached = store.detach(source);
    broken = false;
    await detached;
    expect(await bench.texts()).toEqual(["one", "two"]);
    expect(problems).toEqual([problem]);
  });

  test("a directory that cannot be made is waited for", async () => {
    let broken = true;
    const problems: string[] = [];
    const source = bench.source("run-1");
    const store = start({
      onProblem: (told) => problems.push(told.code),
      files: {
        ...nodeFileOperations,
        makeFolder: (path) => {
          if (broken) throw Object.assign(new Error("denied"), { code: "EACCES" });
          nodeFileOperations.makeFolder(path);
        },
      },
    });
    await store.attach(source);
    bench.print(source, "one\n");
    await eventually(() => problems.length > 0);
    broken = false;
    await eventually(async () => (await bench.texts()).length === 1);
    expect(problems).toEqual(["logs.read-only"]);
  });
});

describe("release output", () => {
  async function output(release: number, command?: "build" | "release"): Promise<string[]> {
    const texts: string[] = [];
    const options = {
      directory: bench.directory,
      ...scope,
      release,
      ...(command === undefined ? {} : { command }),
    };
    for await (const line of readReleaseOutput(options)) texts.push(line.text);
    return texts;
  }

  test("it outlives the segments, is read by release, and goes with the release", async () => {
    const limits = { segmentSize: 2000, totalSize: 4000 };
    const first = start({ limits });
    await first.appendReleaseOutput({ ...scope, release: 3, command: "build", text: "step 1\nstep 2\n" });
    await first.close();
    const store = start({ limits });
    await store.appendReleaseOutput({
      ...scope,
      release: 3,
      command: "release",
      text: "migrated",
      stream: "stderr",
    });
    await store.appendReleaseOutput({ ...scope, release: 4, command: "build", text: "other" });
    for (let turn = 0; turn < 30; turn++) {
      await store.append({ ...scope, process: "web", instance: "web.1", text: "x".repeat(500) });
    }
    expect(await output(3)).toEqual(["step 1", "step 2", "migrated"]);
    expect(await output(3, "build")).toEqual(["step 1", "step 2"]);
    expect(await bench.texts({ release: 3 })).toEqual(["step 1", "step 2", "migrated"]);
    expect(await bench.texts({ release: 3, processes: ["build"], last: 1 })).toEqual(["step 2"]);
    const [first3] = await bench.read({ release: 3 });
    expect(await bench.texts({ release: 3, after: first3!.cursor })).toEqual([
      "step 2",
      "migrated",
      "26 older lines were dropped",
    ]);
    await store.removeRelease({ ...scope, release: 3 });
    expect(await output(3)).toEqual([]);
    expect(await output(4)).toEqual(["other"]);
  });

  test("of very much output the beginning and the end are kept, and the gap is told", async () => {
    const store = start({ limits: { releaseSize: 10_000 } });
    for (let turn = 0; turn < 100; turn++) {
      await store.appendReleaseOutput({
        ...scope,
        release: 1,
        command: "build",
        text: `${turn} ${"b".repeat(500)}`,
      });
    }
    const texts = await output(1);
    expect(texts[0]).toMatch(/^0 /);
    expect(texts.at(-1)).toMatch(/^99 /);
    expect(texts.filter((text) => /^\d+ older lines were dropped$/.test(text))).toHaveLength(1);
    expect(texts.join("").length).toBeLessThan(12_000);
  });
});

test("removing an environment's logs leaves nothing, and what comes next begins anew", async () => {
  const store = start();
  const source = bench.source("run-1");
  await store.attach(source);
  bench.print(source, "one\n");
  await store.flush();
  await store.removeLogs(scope);
  expect(existsSync(join(bench.directory, "shop", "review%2F12"))).toBe(false);
  expect(existsSync(source.stdout)).toBe(false);
  await store.append({ ...scope, process: "web", instance: "web.1", text: "new" });
  expect(await bench.texts()).toEqual(["new"]);
});

test("in a worker everything is the same", async () => {
  const source = bench.source("run-1");
  mkdirSync(dirname(source.stdout), { recursive: true });
  const workerFile = await bundle("../worker.ts", dirname(source.stdout));
  const store = createLogStore({ directory: bench.directory, workerFile });
  await store.attach(source);
  bench.print(source, "one\n");
  await store.flush();
  await store.append({ ...scope, process: "web", instance: "web.1", text: "said" });
  await expect(store.removeLogs({ app: "..", environment: "x" })).rejects.toMatchObject({
    code: "logs.bad-name",
  });
  bench.print(source, "two");
  await store.detach(source);
  await store.close();
  expect(await bench.texts()).toEqual(["one", "said", "two"]);
  await expect(store.flush()).rejects.toMatchObject({ code: "logs.closed" });
});

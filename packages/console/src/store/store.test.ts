import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { createLogStore } from "./index.js";
import { directoryOf } from "./names.js";
import { createFailingFiles } from "./testing/failing-files.js";
import { manyLines, newLine } from "./testing/lines.js";
import {
  eventually,
  filesOf,
  freshDirectory,
  KEY,
  openStore,
  readAll,
  searchAll,
  textsOf,
} from "./testing/open.js";

const run = promisify(execFile);

describe("appending", () => {
  test("numbers follow each other, over restarts too", async () => {
    const directory = await freshDirectory();
    const { store, stream } = await openStore(directory);
    expect(await stream.append(manyLines(3))).toBe(1);
    expect(await stream.append(manyLines(2, 3))).toBe(4);
    await store.close();
    const again = await openStore(directory);
    expect(await again.stream.append(manyLines(1, 5))).toBe(6);
    expect((await readAll(again.stream)).map(({ seq, text }) => `${seq} ${text}`)).toEqual([
      "1 line 0",
      "2 line 1",
      "3 line 2",
      "4 line 3",
      "5 line 4",
      "6 line 5",
    ]);
  });

  test("resolves once it is on disk, and nobody sees the lines before", async () => {
    const files = createFailingFiles();
    const { stream } = await openStore(await freshDirectory(), {}, { files });
    await stream.append(manyLines(1));
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    files.before = ({ name }) => (name === "sync" ? held : undefined);
    files.calls.length = 0;
    let stored = false;
    const appended = stream.append(manyLines(1, 1)).then(() => {
      stored = true;
    });
    await eventually(() => expect(files.calls.at(-1)).toBe("sync"));
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(stored).toBe(false);
    expect(await textsOf(stream)).toEqual(["line 0"]);
    release();
    await appended;
    expect(await textsOf(stream)).toEqual(["line 0", "line 1"]);
  });

  test("calls that come together are written together", async () => {
    const files = createFailingFiles();
    const { stream } = await openStore(await freshDirectory(), {}, { files });
    await stream.append(manyLines(1));
    files.calls.length = 0;
    const firsts = await Promise.all([1, 2, 3].map((count) => stream.append(manyLines(count))));
    expect(firsts).toEqual([2, 3, 5]);
    expect(files.calls).toEqual(["write", "sync"]);
  });

  test("cursors are stored with their lines, and outlive segments and restarts", async () => {
    const directory = await freshDirectory();
    const { store, stream } = await openStore(directory);
    await stream.append(manyLines(1), { source: "releases", cursor: "r1" });
    for (let turn = 0; turn < 3; turn++) {
      await stream.append(manyLines(4000, turn * 4000), { source: "logs", cursor: `l${turn}` });
    }
    await stream.append([], { source: "logs", cursor: "end" });
    expect(stream.checkpoint("logs")).toBe("end");
    await store.close();
    const again = await openStore(directory);
    expect(again.stream.checkpoint("logs")).toBe("end");
    expect(again.stream.checkpoint("releases")).toBe("r1");
    expect(again.stream.checkpoint("constructor")).toBeUndefined();
    expect(await readAll(again.stream)).toHaveLength(12_001);
  });

  test("times that are none, and words that are not known, stop nothing", async () => {
    const { stream } = await openStore(await freshDirectory(), { now: () => 77 });
    await stream.append([
      newLine("a", { time: Number.NaN }),
      newLine("b", { time: 1e300 }),
      newLine("c", { level: "loud" as "info", stream: "tape" as "stdout" }),
    ]);
    expect(await readAll(stream)).toMatchObject([
      { text: "a", time: 77 },
      { text: "b", time: 1e15 },
      { text: "c", level: "none", stream: "stdout" },
    ]);
  });

  test("hostile texts come back as they were, out of a segment, out of a block, and after a restart", async () => {
    const hostile = [
      ...[
        "",
        "\0",
        "a\0b",
        "\ud800",
        "x\udc00y",
        "\u202eevil\u202c",
        "\u001b[31mred",
        "two\nlines",
        "\r",
        "\u2028",
      ],
      ...["\ufeffbom", "é".repeat(500_000), "x".repeat(1_000_000), "😀".repeat(1000), "\ufffd"],
    ];
    const directory = await freshDirectory();
    const { store, stream } = await openStore(directory);
    await stream.append(hostile.map((text) => newLine(text)));
    expect(await textsOf(stream)).toEqual(hostile);
    await stream.append(manyLines(4000));
    await eventually(async () => expect(await filesOf(directory, "sealed-")).toHaveLength(1));
    expect((await textsOf(stream)).slice(0, hostile.length)).toEqual(hostile);
    await store.close();
    const again = await openStore(directory);
    expect((await textsOf(again.stream)).slice(0, hostile.length)).toEqual(hostile);
    expect(again.store.state()).toEqual({ state: "writable" });
  });

  test("who reads while lines are stored and sealed sees each once, in order", async () => {
    const { stream } = await openStore(await freshDirectory());
    let writing = true;
    const read = Array.from({ length: 4 }, async () => {
      while (writing) {
        // What is in memory is read without waiting for anything: the writer has to get a turn.
        await nextTurn();
        const seqs = (await readAll(stream)).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, index) => index + 1));
        const page = await stream.read({ limit: 100 });
        expect(page.lines.map(({ seq }) => seq)).toEqual(
          page.lines.map((_, index) => (page.newestSeq ?? 0) - page.lines.length + 1 + index),
        );
      }
    });
    for (let turn = 0; turn < 40; turn++) await stream.append(manyLines(500, turn * 500));
    writing = false;
    await Promise.all(read);
  });
});

describe("the directory", () => {
  test("is one process's, and free again however that one ends", async () => {
    const directory = await freshDirectory();
    const { store } = await openStore(directory);
    await expect(createLogStore({ directory, limits: { days: 1, bytes: 1e6 } })).rejects.toMatchObject({
      code: "console.store-locked",
    });
    await store.close();
    const next = await createLogStore({ directory, limits: { days: 1, bytes: 1e6 } });
    await next.close();
  });

  test("is nobody else's to read", async () => {
    const directory = await freshDirectory();
    const { stream } = await openStore(directory);
    await stream.append(manyLines(4000));
    await eventually(async () => {
      expect(await filesOf(directory, "sealed-")).toHaveLength(1);
      expect(await filesOf(directory, "open-")).toHaveLength(1);
    });
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
    }
  });

  test("holds no stream outside of itself, and mixes none up", async () => {
    const directory = await freshDirectory();
    const { store } = await openStore(directory);
    const keys = [
      ...[
        { app: "../../etc", environment: "passwd" },
        { app: "a.b", environment: "c" },
        { app: "a", environment: "b.c" },
      ],
      ...[
        { app: "A.b", environment: "c" },
        { app: "", environment: "\0" },
        { app: "x".repeat(500), environment: "pr/17" },
      ],
    ];
    for (const key of keys) await (await store.stream(key)).append([newLine(JSON.stringify(key))]);
    expect(new Set(keys.map(directoryOf)).size).toBe(keys.length);
    for (const key of keys) expect(await textsOf(await store.stream(key))).toEqual([JSON.stringify(key)]);
    expect((await store.streams()).length).toBe(keys.length);
    const folders = (await readdir(directory, { withFileTypes: true })).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).toEqual([KEY, ...keys].map(directoryOf).sort());
  });

  test("that cannot be made is told", async () => {
    const directory = join(await freshDirectory(), "file");
    await run("touch", [directory]);
    await expect(createLogStore({ directory, limits: { days: 1, bytes: 1e6 } })).rejects.toMatchObject({
      code: "console.store-unusable",
    });
  });
});

describe("searching", () => {
  test("tells how far it has come, and ends when it is told to", async () => {
    const { stream } = await openStore(await freshDirectory());
    for (let turn = 0; turn < 5; turn++) await stream.append(manyLines(4000, turn * 4000));
    const steps = await searchAll(stream, { text: "line 17", caseSensitive: true }, { limit: 1e6 });
    const scanned = steps.flatMap((step) => (step.type === "progress" ? [step.scanned] : []));
    expect(scanned).toEqual([...scanned].sort((a, b) => a - b));
    expect(steps.at(-1)).toEqual({ type: "end", complete: true, scanned: 20_000 });
    const found = steps.flatMap((step) => (step.type === "hits" ? step.lines : []));
    expect(found.map(({ text }) => text)).toEqual(
      (await textsOf(stream)).filter((text) => text.includes("line 17")).reverse(),
    );
    const stop = new AbortController();
    const seen: string[] = [];
    await expect(async () => {
      for await (const step of stream.search({ text: "line" }, { limit: 1e6, signal: stop.signal })) {
        seen.push(step.type);
        stop.abort();
      }
    }).rejects.toMatchObject({ name: "AbortError" });
    expect(seen.length).toBeLessThan(3);
  });

  test("goes on before where it stopped", async () => {
    const { stream } = await openStore(await freshDirectory());
    await stream.append(manyLines(4100));
    const found: string[] = [];
    let before: number | undefined;
    for (;;) {
      const steps = await searchAll(
        stream,
        { text: "5" },
        { limit: 300, ...(before === undefined ? {} : { before }) },
      );
      found.push(
        ...steps.flatMap((step) => (step.type === "hits" ? step.lines.map(({ text }) => text) : [])),
      );
      const end = steps.at(-1);
      if (end?.type !== "end" || end.complete) break;
      before = end.seq;
    }
    expect(found).toEqual((await textsOf(stream)).filter((text) => text.includes("5")).reverse());
  });

  test("a pattern that is none is refused everywhere", async () => {
    const { stream } = await openStore(await freshDirectory());
    const filter = { text: "(", regex: true };
    const code = { code: "console.bad-pattern" };
    await expect(stream.read({ limit: 1, filter })).rejects.toMatchObject(code);
    await expect(searchAll(stream, filter, { limit: 1 })).rejects.toMatchObject(code);
    await expect(readAll(stream, filter)).rejects.toMatchObject(code);
  });
});

test("all of it stays where it was when it is closed and nothing was stored", async () => {
  const directory = await freshDirectory();
  const { store } = await openStore(directory);
  expect(await store.streams()).toEqual([]);
  await store.close();
  await store.close();
  await expect(store.stream(KEY)).rejects.toMatchObject({ code: "console.store-closed" });
});

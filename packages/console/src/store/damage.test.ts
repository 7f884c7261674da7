import { appendFile, cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLogStore } from "./index.js";
import { directoryOf } from "./names.js";
import { createFailingFiles } from "./testing/failing-files.js";
import { manyLines, newLine } from "./testing/lines.js";
import { eventually, filesOf, freshDirectory, KEY, openStore, readAll, textsOf } from "./testing/open.js";
import type { LogStore } from "./types.js";

/*
 * Bytes that are not what was written, and disks that do not take any.
 */

const readOnly = (store: LogStore): Promise<void> =>
  eventually(() => expect(store.state()).toMatchObject({ state: "read-only" }));

/** A directory with blocks in one file and lines in an open segment. */
async function filled(): Promise<{ readonly directory: string; readonly texts: readonly string[] }> {
  const directory = await freshDirectory();
  const { store, stream } = await openStore(directory);
  for (let turn = 0; turn < 3; turn++) {
    await stream.append(manyLines(4000, turn * 4000), { source: "logs", cursor: String(turn) });
  }
  for (let turn = 0; turn < 4; turn++) await stream.append(manyLines(3, 12_000 + turn * 3));
  await eventually(async () => expect(await filesOf(directory, "open-")).toHaveLength(1));
  const texts = await textsOf(stream);
  await store.close();
  return { directory, texts };
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset]! ^= 0xff;
  await writeFile(path, bytes);
}

describe("damage", () => {
  test("of any byte of a file of blocks is told; everything else is read, and it goes on at the next start", async () => {
    const { directory, texts } = await filled();
    const [path = ""] = await filesOf(directory, "sealed-");
    const original = await readFile(path);
    const copy = await freshDirectory();
    // Each region of a block, and of each block one byte at least.
    const offsets = new Set([0, 3, 4, 8, 12, 15, 16, 40, 400, 900, original.length - 1]);
    for (let at = 0; at < original.length; at += Math.ceil(original.length / 24)) offsets.add(at);
    for (const offset of offsets) {
      await rm(copy, { recursive: true, force: true });
      await cp(directory, copy, { recursive: true });
      await flip(join(copy, directoryOf(KEY), path.slice(path.lastIndexOf("/") + 1)), offset);
      const store = await createLogStore({ directory: copy, limits: { days: 14, bytes: 1e9 } });
      const stream = await store.stream(KEY);
      await readOnly(store);
      await expect(stream.append(manyLines(1))).rejects.toMatchObject({ code: "console.store-read-only" });
      const lines = await readAll(stream);
      expect(lines).toHaveLength(texts.length - 4000);
      for (const { seq, text } of lines)
        if (text !== texts[seq - 1]) expect.fail(`byte ${offset}: line ${seq} is ${text}`);
      expect(stream.checkpoint("logs")).toBe("2");
      await store.close();
      expect(await readdir(join(copy, directoryOf(KEY), "damaged"))).toHaveLength(1);

      const again = await createLogStore({ directory: copy, limits: { days: 14, bytes: 1e9 } });
      const next = await again.stream(KEY);
      expect(await next.append(manyLines(1, 99))).toBe(texts.length + 1);
      expect(await textsOf(next)).toEqual([...lines.map(({ text }) => text), "line 99"]);
      expect(again.state()).toEqual({ state: "writable" });
      await again.close();
    }
  }, 120_000);

  test("of any byte of an open segment costs its own record only, and is told unless it is the last one's", async () => {
    const { directory, texts } = await filled();
    const [path = ""] = await filesOf(directory, "open-");
    const original = await readFile(path);
    for (let offset = 0; offset < original.length; offset += Math.ceil(original.length / 60)) {
      const bytes = Buffer.from(original);
      bytes[offset]! ^= 0xff;
      const copy = await freshDirectory();
      await cp(directory, copy, { recursive: true });
      await writeFile(join(copy, directoryOf(KEY), path.slice(path.lastIndexOf("/") + 1)), bytes);
      const store = await createLogStore({ directory: copy, limits: { days: 14, bytes: 1e9 } });
      const stream = await store.stream(KEY);
      const lines = await readAll(stream);
      expect(lines.length).toBeGreaterThanOrEqual(texts.length - 3);
      for (const { seq, text } of lines) expect(text).toBe(texts[seq - 1]);
      const isLast = offset >= original.lastIndexOf("DLR1");
      expect([offset, store.state().state]).toEqual([offset, isLast ? "writable" : "read-only"]);
      await store.close();
      const again = await createLogStore({ directory: copy, limits: { days: 14, bytes: 1e9 } });
      const first = await (await again.stream(KEY)).append(manyLines(1));
      expect(first).toBeGreaterThan(lines.at(-1)!.seq);
      expect((await readAll(await again.stream(KEY))).slice(0, -1)).toEqual(lines);
      await again.close();
    }
  }, 120_000);

  test("what a crash has cut at the end is no damage", async () => {
    const { directory, texts } = await filled();
    const [path = ""] = await filesOf(directory, "open-");
    await appendFile(path, (await readFile(path)).subarray(0, 50));
    const { store, stream } = await openStore(directory);
    expect(await textsOf(stream)).toEqual(texts);
    expect(store.state()).toEqual({ state: "writable" });
    await stream.append([newLine("next")]);
    await store.close();
    const again = await openStore(directory);
    expect(await textsOf(again.stream)).toEqual([...texts, "next"]);
  });

  test("a block that a crash has cut is made again, at every length", async () => {
    const directory = await freshDirectory();
    const files = createFailingFiles();
    const { store, stream } = await openStore(directory, {}, { files });
    await stream.append(manyLines(4000));
    await eventually(async () => expect(await filesOf(directory, "sealed-")).toHaveLength(1));
    // The second segment stays beside its block, as if the process had been killed between the two.
    const kept = await freshDirectory();
    files.before = async ({ name, path }) => {
      if (name !== "sync" || !path.includes("sealed-")) return;
      await rm(kept, { recursive: true });
      await cp(directory, kept, { recursive: true });
    };
    await stream.append(manyLines(4000, 4000));
    await eventually(async () => expect((await filesOf(directory, "open-")).length).toBe(1));
    await eventually(async () => expect(await filesOf(kept, "open-")).toHaveLength(2));
    await store.close();
    const [path = ""] = await filesOf(kept, "sealed-");
    const bytes = await readFile(path);
    const second = bytes.lastIndexOf("DLB1");
    for (const length of [second, second + 1, second + 15, second + 200, bytes.length - 1, bytes.length]) {
      const copy = await freshDirectory();
      await cp(kept, copy, { recursive: true });
      await truncate((await filesOf(copy, "sealed-"))[0]!, length);
      const again = await openStore(copy);
      expect(await textsOf(again.stream)).toEqual(manyLines(8000).map(({ text }) => text));
      await eventually(async () => expect(await filesOf(copy, "open-")).toHaveLength(1));
      expect(await textsOf(again.stream)).toEqual(manyLines(8000).map(({ text }) => text));
      expect(again.store.state()).toEqual({ state: "writable" });
    }
  });

  test.each<[string, (directory: string) => Promise<void>]>([
    ["the name of a stream is gone", (directory) => rm(join(directory, directoryOf(KEY), "stream.json"))],
    [
      "the name of a stream is none",
      (directory) => writeFile(join(directory, directoryOf(KEY), "stream.json"), "{"),
    ],
    ["the lock is no database", (directory) => writeFile(join(directory, "lock"), "x".repeat(5000))],
    [
      "a file is there that is none of ours",
      (directory) => writeFile(join(directory, directoryOf(KEY), "open-1.log"), "x"),
    ],
    [
      "a file of blocks is empty",
      (directory) => writeFile(join(directory, directoryOf(KEY), "sealed-0000000000012001.blocks"), ""),
    ],
  ])("%s: everything is there, and it goes on", async (_, breaking) => {
    const { directory, texts } = await filled();
    await breaking(directory);
    const { store, stream } = await openStore(directory);
    expect(await textsOf(stream)).toEqual(texts);
    expect(stream.checkpoint("logs")).toBe("2");
    expect(store.state()).toEqual({ state: "writable" });
    expect(await stream.append(manyLines(1))).toBe(texts.length + 1);
    expect(await store.streams()).toEqual([KEY]);
  });

  test("of a whole file costs its lines only, and the numbers go on", async () => {
    const { directory, texts } = await filled();
    await rm((await filesOf(directory, "sealed-"))[0]!);
    const { stream } = await openStore(directory);
    expect(await textsOf(stream)).toEqual(texts.slice(12_000));
    expect(stream.checkpoint("logs")).toBe("2");
    expect(await stream.append(manyLines(1))).toBe(texts.length + 1);
  });

  test("of one stream does not stop another", async () => {
    const { directory } = await filled();
    const other = { app: "other", environment: "production" };
    await flip((await filesOf(directory, "sealed-"))[0]!, 20);
    const { store } = await openStore(directory);
    await readOnly(store);
    expect(await (await store.stream(other)).append(manyLines(1))).toBe(1);
  });
});

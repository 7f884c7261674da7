import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { directoryOf } from "./names.js";
import { manyLines, newLine } from "./testing/lines.js";
import { eventually, freshDirectory, KEY, openStore, readAll, textsOf } from "./testing/open.js";

describe("what is kept", () => {
  const DAY = 86_400_000;

  test("is bounded by bytes; the oldest goes first, and no number comes again", async () => {
    const directory = await freshDirectory();
    const limits = { days: 14, bytes: 300_000 };
    const { store, stream } = await openStore(directory, { limits });
    for (let turn = 0; turn < 30; turn++) {
      await stream.append(
        manyLines(4000, turn * 4000).map((line) => ({
          ...line,
          text: `${line.text} ${Math.random()}`,
          release: turn,
        })),
      );
    }
    await eventually(async () => {
      await store.prune();
      expect(stream.bounds().bytes).toBeLessThan(limits.bytes);
    });
    const { oldestSeq = 0, newestSeq, lines } = stream.bounds();
    expect(oldestSeq).toBeGreaterThan(1);
    expect(newestSeq).toBe(120_000);
    expect(lines).toBe(120_000 - oldestSeq + 1);
    expect((await readAll(stream)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: lines }, (_, index) => oldestSeq + index),
    );
    expect(stream.releases()[0]).toMatchObject({ seq: oldestSeq });
    // What is said is what is on the disk.
    await eventually(async () => expect(await bytesOnDisk(directory)).toBe(stream.bounds().bytes));
    expect(await stream.read({ limit: 5, around: 1 })).toMatchObject({ hasOlder: false, oldestSeq });
  });

  test("is bounded by days of the store's clock, whatever the lines say", async () => {
    let now = 100 * DAY;
    const directory = await freshDirectory();
    const { store, stream } = await openStore(directory, { limits: { days: 7, bytes: 1e9 }, now: () => now });
    await stream.append([
      newLine("from the future", { time: 10_000 * DAY }),
      newLine("from the past", { time: 0 }),
    ]);
    await store.prune();
    expect(await textsOf(stream)).toHaveLength(2);
    now += 4 * DAY;
    await stream.append(manyLines(1));
    now += 4 * DAY;
    await store.prune();
    expect(await textsOf(stream)).toHaveLength(3);
    now += 4 * DAY;
    await store.prune();
    expect(await textsOf(stream)).toEqual([]);
    expect(stream.bounds()).toMatchObject({ lines: 0 });
    await store.close();
    const again = await openStore(directory, { now: () => now });
    expect(await again.stream.append(manyLines(1))).toBe(4);
  });

  test("names and releases are those of what is kept", async () => {
    const { stream } = await openStore(await freshDirectory());
    await stream.append([
      newLine("a", { release: 1 }),
      newLine("b", { release: 2, time: 5, instance: "web.2" }),
    ]);
    await stream.append(manyLines(4000));
    await stream.append([
      newLine("c", { release: 1 }),
      newLine("d", { release: 3, process: "worker", instance: "worker.1" }),
    ]);
    expect(stream.names()).toEqual({
      processes: ["web", "worker"],
      instances: ["web.1", "web.2", "worker.1"],
    });
    expect(stream.releases().map(({ release, seq }) => [release, seq])).toEqual([
      [1, 1],
      [2, 2],
      [3, 4004],
    ]);
  });
});

/** Of the lines; not of the file that names the stream. */
async function bytesOnDisk(directory: string): Promise<number> {
  const folder = join(directory, directoryOf(KEY));
  const names = (await readdir(folder)).filter((name) => /\.(?:log|blocks)$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { manyLines, newLine } from "./testing/lines.js";
import { freshDirectory, openStore, readAll, textsOf } from "./testing/open.js";

/*
 * Clocks that are wrong: the processes', and the console's own.
 */

const DAY = 86_400_000;

describe("a clock that is wrong", () => {
  test("a line whose clock was wrong does not move a moment", async () => {
    const { stream } = await openStore(await freshDirectory());
    const lines = manyLines(9000);
    lines[10] = newLine("line 10", { time: 9e12 });
    lines[8000] = newLine("line 8000", { time: 0 });
    for (let from = 0; from < 9000; from += 3000) await stream.append(lines.slice(from, from + 3000));
    for (const wanted of [50, 4500, 8990]) {
      const page = await stream.read({ limit: 1, at: 1_000_000 + wanted * 1000 });
      expect(page.lines[0]?.text).toBe(`line ${wanted}`);
    }
  });

  test("or goes back between two appends changes neither the order nor a number", async () => {
    let now = 100 * DAY;
    const directory = await freshDirectory();
    const options = { limits: { days: 7, bytes: 1e9 }, now: () => now };
    const { store, stream } = await openStore(directory, options);
    await stream.append(manyLines(4000), { source: "logs", cursor: "a" });
    now -= 50 * DAY;
    expect(await stream.append(manyLines(3, 4000), { source: "logs", cursor: "b" })).toBe(4001);
    await store.prune();
    await store.close();
    now -= 40 * DAY;
    const again = await openStore(directory, options);
    expect(again.stream.checkpoint("logs")).toBe("b");
    expect(await again.stream.append(manyLines(1, 4003))).toBe(4004);
    await again.store.prune();
    expect(await textsOf(again.stream)).toEqual(manyLines(4004).map(({ text }) => text));
    const around = await again.stream.read({ limit: 3, around: 4001 });
    expect(around.lines.map(({ seq }) => seq)).toEqual([4000, 4001, 4002]);
    expect(again.store.state()).toEqual({ state: "writable" });
  });

  test("or leaps ahead for a while costs no line that comes behind it", async () => {
    let now = 100 * DAY;
    const { store, stream } = await openStore(await freshDirectory(), {
      limits: { days: 7, bytes: 1e9 },
      now: () => now,
    });
    await stream.append(manyLines(2));
    now += 6 * DAY;
    await store.prune();
    now -= 6 * DAY;
    await stream.append(manyLines(2, 2));
    await store.prune();
    expect(await textsOf(stream)).toEqual(["line 0", "line 1", "line 2", "line 3"]);
  });

  test("of processes mixes nothing up: order and links are those of storing, a moment leads to its own lines", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 100 * DAY }), fc.integer({ min: -1e17, max: 1e17 })), {
          minLength: 1,
          maxLength: 30,
        }),
        async (times) => {
          const { store, stream } = await openStore(await freshDirectory());
          for (const [index, time] of times.entries()) await stream.append([newLine(`${index}`, { time })]);
          const lines = await readAll(stream);
          expect(lines.map(({ text }) => text)).toEqual(times.map((_, index) => `${index}`));
          for (const { seq, text } of lines) {
            expect((await stream.read({ limit: 1, around: seq })).lines.map((line) => line.text)).toEqual([
              text,
            ]);
          }
          const sorted = lines.every(({ time }, index) => index === 0 || time >= lines[index - 1]!.time);
          const [line] = (await stream.read({ limit: 1, at: lines[0]!.time })).lines;
          if (sorted) expect(line?.seq).toBe(1);
          await store.close();
        },
      ),
      { numRuns: 25 },
    );
  });
});

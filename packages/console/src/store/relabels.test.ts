import { expect, test } from "vitest";
import { newLine } from "./testing/lines.js";
import { eventually, filesOf, freshDirectory, openStore } from "./testing/open.js";

const MINUTE = 60_000;

/** A line a second: of the worker each second one, without a level, as all of them. */
const linesOf = (count: number, from: number) =>
  Array.from({ length: count }, (_, index) =>
    newLine(`line ${from + index}`, {
      time: (from + index) * 1000,
      process: (from + index) % 2 === 0 ? "web" : "worker",
      level: "none",
    }),
  );

test("what was said of a level is what is counted: of whole blocks, of parts of them, of lines not sealed yet", async () => {
  const directory = await freshDirectory();
  const { stream } = await openStore(directory);
  await stream.append(linesOf(4000, 0));
  await eventually(async () => expect(await filesOf(directory, "sealed-")).toHaveLength(1));
  await eventually(async () => expect(await filesOf(directory, "open-")).toHaveLength(1));
  await stream.append(linesOf(100, 4000));
  const filter = { relabels: [{ process: "worker", from: "none", to: "error" }] } as const;
  const counted = async (since: number, until: number, buckets: number) =>
    (await stream.histogram({ since, until, buckets, filter })).map(({ counts }) => counts);
  expect(await counted(0, 4000_000, 1)).toEqual([{ none: 2000, error: 2000 }]);
  expect(await counted(MINUTE, 3 * MINUTE, 2)).toEqual([
    { none: 30, error: 30 },
    { none: 30, error: 30 },
  ]);
  expect(await counted(4000_000, 4100_000, 1)).toEqual([{ none: 50, error: 50 }]);
});

import { DeployError } from "@deploy/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LogFilter } from "../shared/log-types.js";
import { manyLines } from "./testing/lines.js";
import { freshDirectory, openStore, readAll, searchAll } from "./testing/open.js";
import type { ReadQuery } from "./types.js";

/*
 * Numbers, times and filters as nobody should send them: an answer, or an error with a code; never a crash, never a line
 * that was not asked for.
 */

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 4110 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -0, 0.5, 4099.9, Number.NaN, 1e308),
);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined, freq: 2 });
const anyFilter = fc
  .record({
    text: maybe(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 20 }),
        fc.constantFrom("(", "[", "a{9999}", "\\", "line 1"),
      ),
    ),
    regex: maybe(fc.boolean()),
    caseSensitive: maybe(fc.boolean()),
    invert: maybe(fc.boolean()),
    since: maybe(anyNumber),
    until: maybe(anyNumber),
    processes: maybe(fc.array(fc.string(), { maxLength: 3 })),
    releases: maybe(fc.array(anyNumber, { maxLength: 3 })),
  })
  .map(present<LogFilter>);

function present<T>(values: object): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

/** What it answers; undefined for a pattern that is refused. */
async function answered<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (!DeployError.is(thrown)) throw thrown;
    expect(thrown.code).toBe("console.bad-pattern");
    return undefined;
  }
}

test("whatever is asked for, a page is a part of the history in its order", async () => {
  const { stream } = await openStore(await freshDirectory());
  await stream.append(manyLines(4000));
  await stream.append(manyLines(100, 4000));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("after", "before", "around", "at", "nothing"),
      anyNumber,
      anyNumber,
      maybe(anyFilter),
      async (how, place, limit, filter) => {
        const query: ReadQuery = {
          limit: Math.min(limit, 500),
          ...(how === "nothing" ? {} : { [how]: place }),
          ...(filter === undefined ? {} : { filter }),
        };
        const page = await answered(stream.read(query));
        if (page === undefined) return;
        const { lines } = page;
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, query.limit || 1));
        for (const [index, { seq, text }] of lines.entries()) {
          expect(text).toBe(`line ${seq - 1}`);
          if (index > 0) expect(seq).toBeGreaterThan(lines[index - 1]!.seq);
          if (how === "after") expect(seq).toBeGreaterThan(place);
          if (how === "before") expect(seq).toBeLessThan(place);
        }
      },
    ),
    // Once a line came twice, around a number that is no line's.
    { numRuns: 400, examples: [["around", 4099.9, 500, undefined]] },
  );
});

test("whatever is searched for or counted, it ends", async () => {
  const { stream } = await openStore(await freshDirectory());
  await stream.append(manyLines(4000));
  await stream.append(manyLines(10, 4000));
  await fc.assert(
    fc.asyncProperty(anyFilter, anyNumber, maybe(anyNumber), async (filter, limit, before) => {
      const options = { limit: Math.min(limit, 500), ...(before === undefined ? {} : { before }) };
      const steps = await answered(searchAll(stream, filter, options));
      if (steps !== undefined) expect(steps.at(-1)?.type).toBe("end");
      await answered(readAll(stream, filter));
      const counted = await stream.histogram({ since: limit, until: before ?? 1, buckets: 3, filter });
      for (const { counts } of counted) {
        for (const count of Object.values(counts)) expect(count).toBeLessThanOrEqual(4010);
      }
    }),
    { numRuns: 150 },
  );
});

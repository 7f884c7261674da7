import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createLevelOf } from "../shared/level-of.js";
import { LEVELS, type LogEntry, type LogFilter } from "../shared/log-types.js";
import { createMatcher } from "../shared/match.js";
import { encodeBlock, PREFIX, readHeader, readPrefix } from "./block.js";
import { createLogStore } from "./index.js";
import { createScanPool } from "./pool.js";
import { createReader } from "./reader.js";
import { encodeRecord, scanRecords } from "./record.js";
import { type BlockRef, refOf, type SealedFile } from "./sealed-file.js";
import { anyFilter, anyLine } from "./testing/lines.js";
import type { NewLine, ReadQuery, StoredStream } from "./types.js";

/*
 * Random lines and queries: the store beside a plain array.
 */

const root = await mkdtemp(join(tmpdir(), "store-model-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const pool = createScanPool();

/** Lines in blocks of random sizes, and the rest not in a block yet. */
async function readerOf(groups: readonly (readonly NewLine[])[], tail: readonly NewLine[]) {
  const path = join(root, `${Math.random()}.blocks`);
  const file: SealedFile = { path, first: 1, bytes: 0 };
  const entries: LogEntry[] = [];
  const blocks: BlockRef[] = [];
  const bytes: Buffer[] = [];
  let offset = 0;
  for (const group of groups) {
    const lines = group.map((line, index) => ({ seq: entries.length + index + 1, ...line }));
    entries.push(...lines);
    const block = encodeBlock(lines, 0, {});
    const place = readPrefix(block, offset)!;
    blocks.push(
      refOf(
        file,
        place,
        readHeader(block.subarray(0, PREFIX), block.subarray(PREFIX, PREFIX + place.headerLength))!,
      ),
    );
    bytes.push(block);
    offset += block.length;
  }
  const open = tail.map((line, index) => ({ seq: entries.length + index + 1, ...line }));
  entries.push(...open);
  await writeFile(path, Buffer.concat(bytes));
  const damaged: number[] = [];
  const reader = createReader({
    pool,
    snapshot: () => ({ blocks, tail: open }),
    onDamaged: (_, offsets) => damaged.push(...offsets),
  });
  return { reader, entries, damaged };
}

const anyGroups = fc.array(fc.array(anyLine, { minLength: 1, maxLength: 12 }), { maxLength: 5 });
const anyTail = fc.array(anyLine, { maxLength: 6 });
const anyNumber = fc.integer({ min: -1, max: 70 });

function expected(entries: readonly LogEntry[], query: ReadQuery) {
  const wanted = entries.filter(createMatcher(query.filter ?? {}));
  const { limit } = query;
  let from: number;
  let end: number;
  if (query.around !== undefined) {
    const middle = wanted.filter(({ seq }) => seq < query.around!).length;
    from = Math.max(0, middle - Math.floor(limit / 2));
    end = Math.min(wanted.length, middle + limit - Math.floor(limit / 2));
  } else if (query.after !== undefined) {
    from = wanted.filter(({ seq }) => seq <= query.after!).length;
    end = Math.min(wanted.length, from + limit);
  } else {
    end = wanted.filter(({ seq }) => seq < (query.before ?? Number.POSITIVE_INFINITY)).length;
    from = Math.max(0, end - limit);
  }
  return {
    lines: wanted.slice(from, end),
    hasOlder: from > 0,
    hasNewer: end < wanted.length,
    ...(entries.length === 0 ? {} : { oldestSeq: entries[0]!.seq, newestSeq: entries.at(-1)!.seq }),
  };
}

async function gather<T>(steps: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

test("pages are those of an array", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyGroups,
      anyTail,
      anyFilter,
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom("after", "before", "around", "newest"),
      anyNumber,
      async (groups, tail, filter, limit, how, place) => {
        const { reader, entries, damaged } = await readerOf(groups, tail);
        const query: ReadQuery = { limit, filter, ...(how === "newest" ? {} : { [how]: place }) };
        expect(await reader.read(query)).toEqual(expected(entries, query));
        expect(damaged).toEqual([]);
      },
    ),
    { numRuns: 400 },
  );
});

test("a search finds what an array holds, newest first, and a download all of it in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyGroups,
      anyTail,
      anyFilter,
      fc.integer({ min: 1, max: 20 }),
      fc.option(anyNumber, { nil: undefined }),
      async (groups, tail, filter, limit, before) => {
        const { reader, entries } = await readerOf(groups, tail);
        const wanted = entries.filter(createMatcher(filter));
        const steps = await gather(
          reader.search(filter, { limit, ...(before === undefined ? {} : { before }) }),
        );
        const hits = steps.flatMap((step) => (step.type === "hits" ? step.lines : []));
        const below = wanted.filter(({ seq }) => before === undefined || seq < before).reverse();
        expect(hits).toEqual(below.slice(0, limit));
        const end = steps.at(-1);
        expect(end).toMatchObject({ type: "end", complete: below.length < limit });
        expect((await gather(reader.all(filter))).flat()).toEqual(wanted);
      },
    ),
    { numRuns: 300 },
  );
});

test("a histogram counts as an array does", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyGroups,
      anyTail,
      anyFilter,
      fc.integer({ min: 0, max: 4000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 8 }),
      async (groups, tail, filter, since, length, buckets) => {
        const { reader, entries } = await readerOf(groups, tail);
        const until = since + length;
        const counted = await reader.histogram({ since, until, buckets, filter });
        const { text: _, ...facts }: LogFilter = filter;
        const wanted = entries
          .filter(createMatcher(facts))
          .filter(({ time }) => time >= since && time < until);
        for (const level of LEVELS) {
          const places = wanted
            .filter((line) => createLevelOf(facts)(line) === level)
            .map(({ time }) => Math.floor(((time - since) / length) * buckets));
          expect(counted.map(({ counts }) => counts[level] ?? 0)).toEqual(
            counted.map(
              (_, index) => places.filter((place) => Math.min(place, buckets - 1) === index).length,
            ),
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("a moment is where the fewest lines are on the wrong side of it", async () => {
  await fc.assert(
    fc.asyncProperty(anyGroups, anyTail, fc.integer({ min: 0, max: 5000 }), async (groups, tail, at) => {
      const { reader, entries } = await readerOf(groups, tail);
      const page = await reader.read({ limit: 1000, at });
      const wrong = (from: number) =>
        entries.filter(({ time }, index) => (index < from ? time >= at : time < at)).length;
      const best = Math.min(...Array.from({ length: entries.length + 1 }, (_, from) => wrong(from)));
      expect(wrong(entries.length - page.lines.length)).toBe(best);
      expect(page.lines).toEqual(entries.slice(entries.length - page.lines.length));
    }),
    { numRuns: 200 },
  );
});

test("records are read back as they were written, and up to where they were cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyLine, { maxLength: 4 }), { maxLength: 5 }),
      fc.double({ min: 0, max: 1 }),
      (groups, share) => {
        let first = 1;
        const records = groups.map((lines) => {
          const record = { first, storedAt: 7, lines, checkpoints: { logs: String(first) } };
          first += lines.length;
          return record;
        });
        const encoded = records.map(encodeRecord);
        const bytes = Buffer.concat(encoded);
        const read = scanRecords(bytes);
        expect(read.records.flatMap(({ lines }) => lines)).toEqual(
          records.flatMap(({ first, lines }) =>
            lines.map((line, index) => ({ seq: first + index, ...line })),
          ),
        );
        expect(read).toMatchObject({ length: bytes.length, damaged: false, next: first });
        const cut = Math.floor(bytes.length * share);
        let whole = 0;
        let length = 0;
        while (whole < encoded.length && length + encoded[whole]!.length <= cut)
          length += encoded[whole++]!.length;
        const rest = scanRecords(bytes.subarray(0, cut));
        expect(rest.records).toEqual(read.records.slice(0, whole));
        expect(rest).toMatchObject({ length, damaged: false });
      },
    ),
  );
});

test("a store that is opened again and again holds what an array holds", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.array(anyLine, { maxLength: 20 }), fc.constant("again" as const)), {
        maxLength: 12,
      }),
      async (steps) => {
        const directory = await mkdtemp(join(root, "again-"));
        const options = { directory, limits: { days: 14, bytes: 1e9 } };
        let store = await createLogStore(options);
        let stream: StoredStream = await store.stream({ app: "a", environment: "e" });
        const entries: LogEntry[] = [];
        for (const [index, step] of steps.entries()) {
          if (step === "again") {
            await store.close();
            store = await createLogStore(options);
            stream = await store.stream({ app: "a", environment: "e" });
          } else {
            const first = await stream.append(step, { source: "logs", cursor: String(index) });
            entries.push(...step.map((line, place) => ({ seq: first + place, ...line })));
            expect(stream.checkpoint("logs")).toBe(String(index));
          }
        }
        expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
        expect((await gather(stream.all({}))).flat()).toEqual(entries);
        await store.close();
        await rm(directory, { recursive: true });
      },
    ),
    { numRuns: 40 },
  );
});

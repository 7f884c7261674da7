import fc from "fast-check";
import { LEVELS, type LogEntry, type LogFilter } from "../../shared/log-types.js";
import type { NewLine } from "../types.js";

/** A line with what a test does not care about filled in. */
export function newLine(text: string, changes: Partial<NewLine> = {}): NewLine {
  return {
    time: 1_000_000,
    process: "web",
    instance: "web.1",
    stream: "stdout",
    level: "info",
    ...changes,
    text,
  };
}

/** So many lines `line 0`, `line 1` …, a second apart. */
export const manyLines = (count: number, from = 0): NewLine[] =>
  Array.from({ length: count }, (_, index) =>
    newLine(`line ${from + index}`, { time: 1_000_000 + (from + index) * 1000 }),
  );

const words = [
  "error",
  "Error",
  "ошибка",
  "ΟΔΟΣ",
  "id=9f3c2a7b1d0e4f55",
  "GET /",
  "\0",
  "\n",
  "\ud83d\ude00",
  "K",
  "ſ",
];

/** Texts as processes write them, and as nobody should. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...words, " ", "-", "a", "b"), { maxLength: 12 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
);

/** Any line. */
export const anyLine: fc.Arbitrary<NewLine> = fc
  .record({
    time: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: -1e15, max: 1e15 })),
    process: fc.constantFrom("web", "worker", ""),
    instance: fc.constantFrom("web.1", "web.2", "worker.1"),
    release: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    stream: fc.constantFrom<LogEntry["stream"]>("stdout", "stderr", "system"),
    level: fc.constantFrom(...LEVELS),
    text: anyText,
  })
  .map(({ release, ...line }) => ({ ...line, ...(release === undefined ? {} : { release }) }));

const someOf = <T>(...values: readonly T[]): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.subarray([...values]), { nil: undefined, freq: 2 });

/** Any filter; its patterns are ones that RE2 takes. */
export const anyFilter: fc.Arbitrary<LogFilter> = fc
  .record({
    processes: someOf("web", "worker"),
    instances: someOf("web.1", "web.2", "worker.1"),
    releases: someOf(1, 2, 3),
    streams: someOf<LogEntry["stream"]>("stdout", "stderr", "system"),
    levels: someOf(...LEVELS),
    relabels: fc.option(
      fc.array(
        fc.record({
          process: fc.constantFrom("web", "worker"),
          from: fc.constantFrom(...LEVELS),
          to: fc.constantFrom(...LEVELS),
        }),
        { maxLength: 4 },
      ),
      { nil: undefined },
    ),
    since: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 2 }),
    until: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 2 }),
    search: fc.oneof(
      fc.constant({}),
      anyText.map((text) => ({ text })),
      fc
        .constantFrom(...words, "rr", "9f3c2a7b1d0e4f55", "D=9F3C2A7B1", "οδος", "s", "k")
        .map((text) => ({ text })),
      fc
        .constantFrom(
          "err(or)?",
          "^id=[0-9a-f]{16}$",
          "a+b",
          "GET|ошибка",
          "(?i)ERROR",
          "e.r",
          "[ab]-",
          "\\w+=9f3c",
          "x*",
          "k",
          "s",
        )
        .map((text) => ({ text, regex: true })),
    ),
    caseSensitive: fc.boolean(),
    invert: fc.boolean(),
  })
  .map(({ search, ...rest }) => ({
    ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as LogFilter),
    ...search,
  }));

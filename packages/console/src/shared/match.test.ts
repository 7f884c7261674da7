import { describe, expect, test } from "vitest";
import type { LogEntry, LogFilter } from "./log-types.js";
import { createMatcher, foldCase } from "./match.js";

const line: LogEntry = {
  seq: 1,
  time: 1000,
  process: "web",
  instance: "web.1",
  release: 3,
  stream: "stdout",
  level: "error",
  text: "Could not reach DB at 10.0.0.1",
};

const matches = (filter: LogFilter, changes: Partial<LogEntry> = {}): boolean =>
  createMatcher(filter)({ ...line, ...changes });

describe("a filter", () => {
  test("that asks for nothing takes every line", () => {
    expect(matches({})).toBe(true);
    expect(matches({ text: "" })).toBe(true);
  });

  test.each<[LogFilter, LogFilter]>([
    [{ processes: ["web", "worker"] }, { processes: ["worker"] }],
    [{ instances: ["web.1"] }, { instances: ["web.2"] }],
    [{ releases: [3] }, { releases: [2, 4] }],
    [{ streams: ["stdout"] }, { streams: ["stderr"] }],
    [{ levels: ["error"] }, { levels: ["info"] }],
    [{ since: 1000 }, { since: 1001 }],
    [{ until: 1001 }, { until: 1000 }],
    [{ text: "reach db" }, { text: "reach db", caseSensitive: true }],
    [
      { text: "absent", invert: true },
      { text: "reach", invert: true },
    ],
    [
      { text: String.raw`\d+\.0\.0\.1$`, regex: true },
      { text: "^reach", regex: true },
    ],
    [
      { text: "DB AT", regex: true },
      { text: "DB AT", regex: true, caseSensitive: true },
    ],
  ])("%j takes the line, %j does not", (taken, refused) => {
    expect(matches(taken)).toBe(true);
    expect(matches(refused)).toBe(false);
  });

  test("for releases takes no line without one", () => {
    const { release: _, ...without } = line;
    expect(createMatcher({ releases: [3] })(without)).toBe(false);
  });

  test("characters of a regular expression are themselves in plain text", () => {
    expect(matches({ text: "10.0.0.1" })).toBe(true);
    expect(matches({ text: "10.0.0.1" }, { text: "10a0b0c1" })).toBe(false);
  });

  test("case is that of all alphabets", () => {
    expect(matches({ text: "ОШИБКА" }, { text: "ошибка 7" })).toBe(true);
    expect(matches({ text: "ΟΔΟΣ" }, { text: "οδος" })).toBe(true);
    expect(matches({ text: "ΑΣ" }, { text: "ΑΣΑ" })).toBe(true);
    expect(foldCase("ΑΣΑ")).toContain(foldCase("ΑΣ"));
  });

  test.each(["(", "[a", "a{2,1}", "(?=x)", String.raw`(a)\1`, "*", "a".repeat(1001)])(
    "%s is refused at once",
    (text) => {
      expect(() => createMatcher({ text, regex: true })).toThrowError(
        expect.objectContaining({ code: "console.bad-pattern" }),
      );
    },
  );

  test("patterns that stop others take linear time, and hostile text throws nothing", () => {
    const match = createMatcher({ text: "(a+)+$", regex: true });
    expect(match({ ...line, text: `${"a".repeat(100_000)}!` })).toBe(false);
    for (const text of ["\0", "\ud800", "\udc00\ud800", "\u202e", "\uffff"])
      expect(match({ ...line, text })).toBe(false);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cursorOf, linesBehind, parseCursor } from "./cursor.js";
import { type HerokuLine, parseLine } from "./parse-line.js";
import { createSeenLines, fingerprint } from "./seen-lines.js";

/** Line number `n`; several share a microsecond and a text. */
function line(second: number, text: string): HerokuLine {
  const stamp = `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000+00:00`;
  return parseLine(`${stamp} app[web.1]: ${text}`)!;
}

describe("seen lines", () => {
  it("lose nothing and double nothing over renewals, with equal lines and lines that come late", () => {
    const anyLine = fc.record({ second: fc.integer({ min: 0, max: 5 }), text: fc.constantFrom("a", "b") });
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 60 }), fc.array(fc.nat(60)), (drawn, breaks) => {
        // Each line is at most a second older than one before it: delivery between dynos is not in order.
        const all = drawn.map(({ second, text }, index) =>
          line(Math.floor(index / 4) + (second > 3 ? 1 : 0), text),
        );
        const seen = createSeenLines();
        const passed: string[] = [];
        const ends = [...breaks.map((one) => one % (all.length + 1)).sort((a, b) => a - b), all.length];
        for (const end of ends) {
          seen.replay();
          // Each session says all again, up to where it is broken off.
          for (const one of all.slice(0, end)) if (seen.isNew(one)) passed.push(fingerprint(one));
        }
        expect(passed).toEqual(all.map(fingerprint));
      }),
    );
  });
  it("does not take what was there before the first line for new", () => {
    const seen = createSeenLines();
    seen.add(line(5, "first wanted"));
    seen.replay();
    const replay = [
      line(3, "old"),
      line(4, "older"),
      line(5, "first wanted"),
      line(5, "late"),
      line(6, "next"),
    ];
    expect(replay.filter((one) => seen.isNew(one)).map(({ text }) => text)).toEqual(["late", "next"]);
  });
  it("goes on with what is newer when all that is known has left the buffer", () => {
    const seen = createSeenLines();
    seen.add(line(5, "gone"));
    seen.replay();
    expect([line(6, "x"), line(6, "y")].map((one) => seen.isNew(one))).toEqual([true, true]);
  });
});

describe("cursors", () => {
  const lines = [line(1, "a"), line(1, "a"), line(1, "b"), line(2, "a")];
  it("go on behind their line, equal ones of the same microsecond counted", () => {
    const behind = (at: HerokuLine, count: number): string[] =>
      linesBehind(lines, parseCursor(cursorOf(at, count))).lines.map(({ text }) => text);
    expect(behind(lines[0]!, 1)).toEqual(["a", "b", "a"]);
    expect(behind(lines[0]!, 2)).toEqual(["b", "a"]);
    expect(behind(lines[3]!, 1)).toEqual([]);
  });
  it("go on with what is newer when their line has left the buffer, and say so", () => {
    const rest = linesBehind(lines.slice(2), parseCursor(cursorOf(line(1, "other"), 1)));
    expect(rest.found).toBe(false);
    expect(rest.lines.map(({ text }) => text)).toEqual(["a"]);
  });
  it("of somebody else are refused", () => {
    for (const text of [
      "",
      "not a cursor",
      "aDE",
      Buffer.from("h1 x 0123456789abcdef 1").toString("base64url"),
    ])
      expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: "logs.bad-cursor" }));
  });
});

import { createHash } from "node:crypto";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { createFinder, lowerCase } from "./find-bytes.js";
import { createGramFilter, gramsOf, mayHold } from "./gram-filter.js";
import { requiredPieces } from "./search-plan.js";

describe("what a block may hold", () => {
  test("each part of each line is answered with yes", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.map((byte) => (byte === 10 ? 11 : byte))),
          { maxLength: 20 },
        ),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (lines, which, from, length) => {
          const filter = createGramFilter(Buffer.concat(lines.flatMap((line) => [line, Buffer.from("\n")])));
          const line = lines[which % Math.max(1, lines.length)] ?? new Uint8Array();
          const start = from % (line.length + 1);
          const part = line.subarray(start, start + (length % (line.length + 1)));
          expect(mayHold(filter, gramsOf(part))).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("most ids that are not there are answered with no", () => {
    const hex = (seed: number) => createHash("sha256").update(String(seed)).digest("hex").slice(0, 16);
    const lines = Array.from({ length: 4000 }, (_, index) => `GET / id=${hex(index)}`).join("\n");
    const filter = createGramFilter(Buffer.from(lines));
    const held = Array.from({ length: 1000 }, (_, index) =>
      mayHold(filter, gramsOf(Buffer.from(hex(1e6 + index)))),
    );
    expect(held.filter(Boolean).length).toBeLessThan(400);
    expect(mayHold(filter, gramsOf(Buffer.from("zebra")))).toBe(false);
  });
});

test("bytes are found where Node finds them", () => {
  const some = fc.array(fc.constantFrom(..."abAB-é\n"), { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(some, some, fc.nat(10), fc.boolean(), (text, needle, from, folded) => {
      if (needle === "") return;
      const bytes = Buffer.from(text);
      const wanted = folded ? lowerCase(Buffer.from(needle)) : Buffer.from(needle);
      const at = createFinder(wanted, folded)(bytes, Math.min(from, bytes.length));
      expect(at).toBe((folded ? lowerCase(bytes) : bytes).indexOf(wanted, Math.min(from, bytes.length)));
    }),
    { numRuns: 3000 },
  );
});

describe("what a regular expression needs", () => {
  test.each<[string, readonly string[]]>([
    ["timeout after \\d+ms", ["timeout after ", "ms"]],
    ["a|b", []],
    ["ab?c", ["a", "c"]],
    ["ab*", ["a"]],
    ["ab+c", ["ab", "c"]],
    ["x{2,3}y", ["y"]],
    ["(GET|POST) /api", [" /api"]],
    ["[]x]y", ["y"]],
    ["[[:alpha:]]z", ["z"]],
    ["10\\.0", ["10.0"]],
    ["(?i)word", []],
    ["(?:a)b", ["b"]],
    ["\\Qa\\E", []],
    ["é1", ["1"]],
    ["^start.*end$", ["start", "end"]],
    ["a{", []],
    ["a??b", ["b"]],
  ])("%s", (pattern, pieces) => {
    expect(requiredPieces(pattern)).toEqual(pieces);
  });

  test("is in whatever it matches", () => {
    const atom = fc.constantFrom("a", "b", "ab", ".", "[ab]", "(a|b)", "(?:ab)", "\\.", "\\w", "c");
    const times = fc.constantFrom("", "", "", "?", "*", "+", "{2}", "{0,1}", "+?", "??");
    const pattern = fc
      .array(
        fc.tuple(atom, times).map((parts) => parts.join("")),
        { maxLength: 6 },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        pattern,
        fc.array(fc.constantFrom("a", "b", "c", "."), { maxLength: 12 }).map((parts) => parts.join("")),
        (text, line) => {
          if (RE2JS.compile(text).test(line))
            for (const piece of requiredPieces(text)) expect(line).toContain(piece);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

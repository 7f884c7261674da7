import { createHash } from "node:crypto";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { createFinder, lowerCase } from "./find-bytes.js";
import { createGramFilter, gramsOf, mayHold } from "./gram-filter.js";
import { requiredBytes } from "./required-bytes.js";
import { planSearch } from "./search-plan.js";

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

describe("bytes", () => {
  /** The first place in each line, by another way. */
  const firstOfLines = (text: string, regex: RegExp): number[] => {
    const places: number[] = [];
    let begin = 0;
    for (const line of text.split("\n")) {
      const at = line.search(regex);
      if (at !== -1) places.push(begin + at);
      begin += line.length + 1;
    }
    return places;
  };
  const set = fc.constantFrom("a", "b", "ab", "abc", "0123456789", "-");
  const patterns = fc.oneof(
    fc.array(set, { minLength: 1, maxLength: 9 }),
    fc.array(set, { minLength: 250, maxLength: 300 }),
  );
  const noises = fc
    .array(fc.constantFrom(..."aAbBc07-\xe1\n"), { maxLength: 60 })
    .map((parts) => parts.join(""));

  test("are found where a regular expression finds them, the first of each line at least", () => {
    fc.assert(
      fc.property(
        patterns,
        fc.array(noises, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (pattern, noise, folded) => {
          const hidden = pattern.map((bytes) => bytes.at(-1)).join("");
          const text = noise.join(hidden);
          const regex = new RegExp(pattern.map((bytes) => `[${bytes}]`).join(""), folded ? "i" : "");
          const places = createFinder(pattern, folded)(Buffer.from(text, "latin1"));
          expect(places).toEqual([...places].sort((one, other) => one - other));
          expect(places).toEqual(expect.arrayContaining(firstOfLines(text, regex)));
          for (const at of places) expect(text.slice(at, at + pattern.length).search(regex)).toBe(0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("of letters beyond ASCII are found as they are", () => {
    const finder = createFinder([...Buffer.from("né").toString("latin1")], true);
    expect(finder(Buffer.from("né\nNé\nnÉ\nne"))).toEqual([0, 4]);
  });
});

describe("what a regular expression needs", () => {
  const DIGIT = "0123456789";
  /** `ab` for the letters side by side. */
  const letters = (text: string): readonly string[] => [...text];
  test.each<[string, readonly (readonly (readonly string[])[])[]]>([
    [
      "timeout after \\d+ms",
      [
        [
          [...letters("timeout after "), DIGIT],
          [DIGIT, "m", "s"],
        ],
      ],
    ],
    ["duration=89[0-9]ms", [[[...letters("duration=89"), DIGIT, "m", "s"]]]],
    ["[0-9]{3}ms", [[[DIGIT, DIGIT, DIGIT, "m", "s"]]]],
    ["a|b", [[["a"]], [["b"]]]],
    ["a|", [[["a"]], []]],
    ["ab?c", [[["a"], ["c"]]]],
    ["ab*", [[["a"]]]],
    ["ab+c", [[letters("ab"), letters("bc")]]],
    ["ab+?c", [[letters("ab"), letters("bc")]]],
    ["x{2,3}y", [[letters("xx"), letters("xxy")]]],
    ["x{0,3}y", [[["y"]]]],
    ["x{2}y", [[letters("xxy")]]],
    ["(GET|POST) /api", [[letters(" /api")]]],
    ["(GET) /(?:api)(?P<n>s)", [[letters("GET /apis")]]],
    ["(ab)*c", [[["c"]]]],
    ["[]x]y", [[["]x", "y"]]]],
    ["[^x]y", [[["y"]]]],
    ["[a-c_]y", [[["abc_", "y"]]]],
    ["[a\\d-]y", [[[`a${DIGIT}-`, "y"]]]],
    ["[[:alpha:]]z", [[["z"]]]],
    ["[é]z", [[["z"]]]],
    ["10\\.0", [[letters("10.0")]]],
    ["\\bword\\b", [[letters("word")]]],
    ["(?i)word", [[]]],
    ["(?:a)b", [[letters("ab")]]],
    ["\\Qa\\E", [[]]],
    ["\\x41b", [[]]],
    ["é1", [[["1"]]]],
    ["^start.*end$", [[letters("start"), letters("end")]]],
    ["a{", [[]]],
    ["a??b", [[["b"]]]],
  ])("%s", (regex, patterns) => {
    expect(requiredBytes(regex)).toEqual(patterns);
  });

  test.each<[string, boolean]>([
    ["duration=89[0-9]ms", true],
    ["[0-9]{7}ms", true],
    ["10\\.0", true],
    ["a|b", false],
    ["ab?c", false],
    ["ab+", false],
    ["^ab", false],
    ["(ab)", false],
    ["a.b", false],
    ["x{40}", false],
    // Would be found across the end of a line, and where any byte stands.
    ["a\\sb", false],
    ["ab\\w", false],
    ["é1", false],
  ])("%s: found is matched, %s", (text, exact) => {
    expect(planSearch({ text, regex: true })?.exact).toBe(exact);
  });

  test("is in whatever it matches", () => {
    const atom = fc.constantFrom(
      ...["a", "b", "ab", ".", "[ab]", "[^a]", "[a-c]", "(a|b)", "(?:ab)", "(a(b)c)", "\\.", "\\w", "\\d"],
      ...["c", "|", "\\b", "$", "(?:a|(b))"],
    );
    const times = fc.constantFrom("", "", "", "?", "*", "+", "{2}", "{0,1}", "{1,}", "+?", "??", "{2}?");
    const regex = fc
      .array(
        fc.tuple(atom, times).map(([one, often]) => (one === "|" ? one : `${one}${often}`)),
        { maxLength: 6 },
      )
      .map((parts) => parts.join(""));
    const line = fc
      .array(fc.constantFrom("a", "b", "c", "B", ".", "7", "\u212a"), { maxLength: 14 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(regex, line, fc.boolean(), (text, found, caseSensitive) => {
        const plan = planSearch({ text, regex: true, caseSensitive });
        if (plan === undefined || plan.needs.length === 0) return;
        const bytes = Buffer.from(found);
        const matches = RE2JS.compile(text, caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE).test(found);
        // Letters beyond ASCII are for the expression itself.
        if (plan.exact && bytes.length === found.length) {
          expect(plan.needs.some(({ find }) => find(bytes).length > 0)).toBe(matches);
        }
        if (!matches) return;
        expect(plan.needs.some(({ find }) => find(bytes).length > 0)).toBe(true);
        const filter = createGramFilter(lowerCase(bytes));
        expect(plan.needs.some(({ grams }) => mayHold(filter, grams))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});

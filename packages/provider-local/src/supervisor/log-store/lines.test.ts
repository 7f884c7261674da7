import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { continuationMark, longestLine } from "./limits.js";
import { cutLines, type TailPolicy } from "./lines.js";

/** Cuts bytes that arrive in pieces as a raw file's do: what was not consumed is seen again. */
function cutAll(bytes: Buffer, pieces: readonly number[], last: TailPolicy = "end"): string[] {
  let consumed = 0;
  let open = false;
  let text = "";
  let lineCount = 0;
  for (let seen = 0, turn = 0; consumed < bytes.length; turn++) {
    seen = Math.min(bytes.length, seen + (pieces[turn % pieces.length] ?? 1));
    const cut = cutLines(bytes.subarray(consumed, seen), open, seen === bytes.length ? last : "keep");
    text += cut.body.toString("utf8");
    lineCount += cut.lineCount;
    consumed += cut.consumed;
    if (cut.consumed > 0) open = cut.open;
    if (cut.consumed === 0 && seen === bytes.length) break;
  }
  const lines = text.split("\n");
  lines.pop();
  expect(lines.length).toBe(lineCount);
  return lines;
}

describe("cutting lines", () => {
  test("sound output is passed on without a copy", () => {
    const bytes = Buffer.from("one\ntwo\nthr");
    const cut = cutLines(bytes, false, "keep");
    expect(cut).toMatchObject({ lineCount: 2, consumed: 8, open: false });
    expect(cut.body.buffer).toBe(bytes.buffer);
  });

  test("CRLF is trimmed, NUL removed, invalid UTF-8 replaced", () => {
    const bytes = Buffer.concat([
      Buffer.from("a\r\nb\0c\n"),
      Buffer.from([0xff, 0xfe, 10]),
      Buffer.from("ü\n"),
    ]);
    expect(cutAll(bytes, [1000])).toEqual(["a", "bc", "��", "ü"]);
  });

  test("a last line is taken at the end, and also without its first character's rest when quiet", () => {
    expect(cutAll(Buffer.from("a\nrest"), [3])).toEqual(["a", "rest"]);
    const half = Buffer.from("wait ü").subarray(0, 6);
    expect(cutLines(half, false, "take")).toMatchObject({ consumed: 5, lineCount: 1, open: true });
    expect(cutLines(half, false, "end").body.toString()).toBe("wait �\n");
  });

  test("a newline that comes after its line was taken begins no line", () => {
    expect(cutLines(Buffer.from("\nnext\n"), true, "keep").body.toString()).toBe("next\n");
    expect(cutLines(Buffer.from("\r\nnext\n"), true, "keep").body.toString()).toBe("next\n");
    expect(cutLines(Buffer.from("\r"), true, "keep").consumed).toBe(0);
    expect(cutLines(Buffer.from("\n"), true, "keep")).toMatchObject({
      consumed: 1,
      lineCount: 0,
      open: false,
    });
    expect(cutLines(Buffer.from("more\n"), true, "keep").body.toString()).toBe("more\n");
  });

  test.each([
    [longestLine, 1],
    [longestLine + 1, 2],
    [3 * longestLine + 5, 4],
  ])("a line of %i bytes becomes %i", (length, count) => {
    for (const ending of ["\n", "\r\n", ""]) {
      const lines = cutAll(Buffer.from("x".repeat(length) + ending), [7000]);
      expect(lines.length).toBe(count);
      const joined = lines.map((line) => line.replace(continuationMark, "")).join("");
      expect(joined).toBe("x".repeat(length));
      expect(lines.slice(0, -1).every((line) => line.endsWith(continuationMark))).toBe(true);
    }
  });

  test("a long line is not cut through a character", () => {
    const text = `a${"ü".repeat(longestLine)}`;
    const lines = cutAll(Buffer.from(`${text}\n`), [10_001]);
    expect(lines.map((line) => line.replace(continuationMark, "")).join("")).toBe(text);
  });

  test("however the bytes arrive, the lines are the same", () => {
    const piece = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("\n", "\r\n", "\r", "ü", "😀", "\0", "x".repeat(40_000)),
      fc.uint8Array({ maxLength: 5 }),
    );
    const content = fc
      .array(piece, { maxLength: 30 })
      .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as string))));
    const cuts = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(content, cuts, (bytes, sizes) => {
        expect(cutAll(bytes, sizes)).toEqual(cutAll(bytes, [Number.MAX_SAFE_INTEGER]));
      }),
      { numRuns: 300 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText, encodeText, normaliseText } from "./dns-text.js";

describe("TXT values", () => {
  it.each([
    ["plain", "v=spf1 -all", '"v=spf1 -all"'],
    ["quotes and backslashes", 'a "b" \\c', '"a \\"b\\" \\\\c"'],
    ["semicolons and spaces at both ends", " a; b ", '" a; b "'],
    ["letters beyond ASCII, byte by byte", "Köln", '"K\\195\\182ln"'],
    ["nothing", "", '""'],
    ["254 bytes", "x".repeat(254), `"${"x".repeat(254)}"`],
    ["255 bytes", "x".repeat(255), `"${"x".repeat(255)}"`],
    ["256 bytes", "x".repeat(256), `"${"x".repeat(255)}" "x"`],
    ["511 bytes", "x".repeat(511), `"${"x".repeat(255)}" "${"x".repeat(255)}" "x"`],
  ])("are written as quoted strings: %s", (_name, text, encoded) => {
    expect(encodeText(text)).toBe(encoded);
    expect(decodeText(encoded)).toBe(text);
    expect(encodeText(encoded)).toBe(encoded);
  });

  it("are split by bytes, even in the middle of a letter", () => {
    const text = `${"x".repeat(254)}ü`;
    expect(encodeText(text)).toBe(`"${"x".repeat(254)}\\195" "\\188"`);
    expect(decodeText(encodeText(text))).toBe(text);
  });

  it.each(['say "hi"', "a\\b", '"open', '"a" b', "\\065", '"\\999"'])(
    "are the text itself where they are not quoted strings: %s",
    (text) => {
      expect(decodeText(text)).toBe(text);
      expect(normaliseText(text)).toBe(text);
    },
  );

  it("compare equal in all spellings of one text", () => {
    const spellings = ['"a" "b c"', '"a""b c"', '  "ab c" ', '"\\097b c"', "ab c"];
    expect(new Set(spellings.map(normaliseText))).toEqual(new Set(["ab c"]));
    // A text that looks like a quoted string is not the text in it, and bytes that are no text are not lost.
    expect(normaliseText('"\\"a\\""')).toBe('"\\"a\\""');
    expect(normaliseText('"\\255"')).toBe('"\\255"');
    expect(normaliseText('"\\255"')).not.toBe(normaliseText('"\\254"'));
  });

  it("come back as they were, and compare the same however often they are normalised", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 600 }),
      fc.string({ unit: fc.constantFrom('"', "\\", "a", " ", "0", "1", "2", "ü"), maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (value) => {
        const once = normaliseText(value);
        expect(normaliseText(once)).toBe(once);
        expect(normaliseText(encodeText(value))).toBe(once);
        expect(encodeText(encodeText(value))).toBe(encodeText(value));
        const quoted = `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
        expect(decodeText(quoted)).toBe(value);
        for (const part of encodeText(value).match(/"(?:[^"\\]|\\.)*"/g) ?? []) {
          expect(part.slice(1, -1).replaceAll(/\\(?:\d{3}|.)/g, "x").length).toBeLessThanOrEqual(255);
        }
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAnsi, withoutAnsi } from "./ansi.js";
import { neutralise, neutralised } from "./neutralise.js";
import { filterFor, parseStructured, type Structured } from "./structured.js";

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\u001b[",
      "\u001b]8;;",
      "\u202e",
      "\u0000",
      "\r",
      "m",
      "31",
      ";",
      "\u009b",
      "\ud800",
      "\u0007",
    ),
    fc.string({ unit: "binary", maxLength: 3 }),
  ),
});
/** Characters that a terminal or a text engine would obey. */
const acts = (text: string): boolean =>
  [...text].some((one) => {
    const code = one.codePointAt(0)!;
    const control = (code < 0x20 && code !== 9) || (code >= 0x7f && code < 0xa0);
    const turns = code === 0x61c || code === 0x200e || code === 0x200f || (code >= 0x2028 && code <= 0x202e);
    return control || turns || (code >= 0x2066 && code <= 0x2069) || (code >= 0xd800 && code <= 0xdfff);
  });

describe("what a line cannot do to who reads it", () => {
  it("shows controls, bidi and invisible characters as marks that say what they were", () => {
    expect(neutralise("a\u0000b\u202ec\tx")).toEqual([
      { text: "a" },
      { text: "⟨NUL⟩", mark: "U+0000" },
      { text: "b" },
      { text: "⟨U+202E⟩", mark: "U+202E right-to-left override" },
      { text: "c\tx" },
    ]);
    expect(neutralised("\ud800\u{e0041}")).toBe("\ufffd⟨U+E0041⟩");
  });

  it("leaves text of all scripts and emoji alone", () => {
    for (const text of ["Grüße", "שלום עולם", "नमस्ते", "👩‍👩‍👧 ✅", "日本語", "<script>alert(1)</script>"]) {
      expect(neutralise(text)).toEqual([{ text }]);
    }
  });

  it("nothing that acts is left of any text", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const piece of parseAnsi(text)) expect(acts(piece.text)).toBe(false);
      }),
    );
  });
});

describe("colours", () => {
  it("knows SGR: sixteen colours, bold and the rest, reset", () => {
    expect(parseAnsi("\u001b[1;31mred\u001b[0m plain \u001b[92mgreen\u001b[39m")).toEqual([
      { text: "red", look: "fg-1 bold" },
      { text: " plain ", look: "" },
      { text: "green", look: "fg-10" },
    ]);
  });

  it("brings 256 colours and RGB, with semicolons or colons, to what can be read in both themes", () => {
    expect(parseAnsi("\u001b[38;5;196mx")[0]).toEqual({ text: "x", look: "fg-9" });
    expect(parseAnsi("\u001b[38;2;0;128;0mx")[0]).toEqual({ text: "x", look: "fg-2" });
    expect(parseAnsi("\u001b[38:2::255:0:0mx")[0]).toEqual({ text: "x", look: "fg-9" });
    expect(parseAnsi("\u001b[38;5;1;4mx")[0]).toEqual({ text: "x", look: "fg-1 underline" });
  });

  it("a ground brings its own text colour, and hidden text is shown", () => {
    expect(parseAnsi("\u001b[37;41mx\u001b[0;8my\u001b[0;7mz")).toEqual([
      { text: "x", look: "bg-1" },
      { text: "y", look: "conceal" },
      { text: "z", look: "bg-7" },
    ]);
  });

  it("every other sequence is a mark, not obeyed", () => {
    const pieces = parseAnsi("a\u001b[2Jb\u001b]0;title\u0007c\u001b]8;;http://evil\u001b\\d\u001bc\u001b[");
    expect(pieces.filter((piece) => piece.mark !== undefined).map((piece) => piece.text)).toEqual([
      "⟨ESC⟩[2J",
      "⟨ESC⟩]0;title⟨BEL⟩",
      "⟨ESC⟩]8;;http://evil⟨ESC⟩\\",
      "⟨ESC⟩c",
      "⟨ESC⟩[",
    ]);
    expect(
      pieces
        .filter((piece) => piece.mark === undefined)
        .map((piece) => piece.text)
        .join(""),
    ).toBe("abcd");
    expect(withoutAnsi("\u001b[31mx\u001b[0m")).toBe("x");
  });

  it("a sequence that never ends hides nothing behind it", () => {
    const text = `\u001b]0;${"x".repeat(5000)}`;
    expect(
      parseAnsi(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(`⟨ESC⟩]0;${"x".repeat(5000)}`);
  });

  it("takes a line of a megabyte", () => {
    expect(parseAnsi("\u001b[31m".repeat(200_000)).length).toBe(1);
    expect(parseAnsi("\u001b[".repeat(500_000)).length).toBeGreaterThan(0);
  });
});

describe("lines that are data", () => {
  it("JSON: the message first, then the fields in their order", () => {
    expect(parseStructured('{"time":1,"level":"info","msg":"hello","user":{"id":7}}')).toEqual({
      kind: "json",
      message: "hello",
      fields: [
        { name: "time", value: 1 },
        { name: "level", value: "info" },
        { name: "user", value: { id: 7 } },
      ],
    });
  });

  it("logfmt: quoted values, and only when all of the line is", () => {
    expect(parseStructured('at=info method=GET path="/a b" msg="it \\"works\\""')).toEqual({
      kind: "logfmt",
      message: 'it "works"',
      fields: [
        { name: "at", value: "info" },
        { name: "method", value: "GET" },
        { name: "path", value: "/a b" },
      ],
    });
    for (const text of ["x = y", "a=b", "plain text with a=b inside c=d", "https://x?a=b&c=d"]) {
      expect(parseStructured(text), text).toBeUndefined();
    }
  });

  it("is text when it is broken, an array, empty, too long, or nested without end", () => {
    for (const text of [
      "{",
      "{]}",
      "[1]",
      "{}",
      '{"a":1} x',
      `{"a":${"[".repeat(90_000)}${"]".repeat(90_000)}}`,
      `{"a":"${"x".repeat(300_000)}"}`,
    ]) {
      expect(() => parseStructured(text)).not.toThrow();
    }
    expect(parseStructured("{]}")).toBeUndefined();
  });

  it("the text to filter by is what stands in the line", () => {
    const json = '{"user": "maria","n":12, "deep":{"a":1}}';
    const parsed = parseStructured(json) as Structured;
    expect(parsed.fields.map((field) => filterFor(json, "json", field.name, field.value))).toEqual([
      '"user": "maria"',
      '"n":12',
      '"deep":{"a":1}',
    ]);
    expect(filterFor('a=b path="/x y"', "logfmt", "path", "/x y")).toBe('path="/x y"');
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.oneof(fc.json(), hostile, fc.string()), (text) => void parseStructured(text)));
  });
});

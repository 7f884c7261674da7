import { describe, expect, it } from "vitest";
import { redact } from "../redacted.js";
import { defaultDiff } from "./compare.js";
import { digestOf } from "./digest.js";
import { mapOut, output, UNKNOWN } from "./out.js";
import { fieldsOf, printableChange } from "./printable.js";
import type { AnyResource } from "./resource.js";

describe("the difference that is assumed", () => {
  it("looks at what is desired, deep and exactly, and at nothing else", () => {
    const observed = { size: 1, list: ["a", "b"], config: { A: "1", B: "2" }, arn: "x" };
    expect(defaultDiff({ size: 1, list: ["a", "b"], config: { B: "2", A: "1" } }, observed)).toEqual([]);
    expect(defaultDiff({ list: ["b", "a"] }, observed)).toHaveLength(1);
    expect(defaultDiff({ config: { A: "1", C: "3" } }, observed)).toEqual([
      { path: "config.C", from: undefined, to: "3" },
      { path: "config.B", from: "2", to: undefined },
    ]);
    expect(defaultDiff({ size: undefined, config: { A: "1", B: "2", C: undefined } }, observed)).toEqual([]);
    expect(defaultDiff({ size: UNKNOWN }, observed)).toEqual([{ path: "size", from: 1, unknown: true }]);
    expect(defaultDiff(UNKNOWN, observed)).toEqual([{ path: "", from: observed, unknown: true }]);
  });

  it("compares secrets by value and shows neither side", () => {
    for (const there of ["s3cret", redact("s3cret")]) {
      expect(defaultDiff({ key: redact("s3cret") }, { key: there })).toEqual([]);
      expect(defaultDiff({ key: redact("other") }, { key: there })).toEqual([
        { path: "key", from: "<redacted>", to: "<redacted>" },
      ]);
    }
    expect(defaultDiff({ keys: [redact("a")] }, { keys: [redact("a")] })).toEqual([]);
    const change = defaultDiff({ keys: [redact("hidden-a")] }, { keys: [redact("hidden-b")] })[0]!;
    expect(JSON.stringify(printableChange(change))).toBe(
      '{"path":"keys","from":["<redacted>"],"to":["<redacted>"]}',
    );
  });

  it("hides what is beside a secret inside a list", () => {
    const change = defaultDiff({ env: [{ v: redact("hidden-a") }] }, { env: [{ v: "hidden-b" }] })[0]!;
    expect(JSON.stringify(printableChange(change))).not.toContain("hidden-b");
  });
});

describe("what a plan shows and remembers", () => {
  const source = { id: "a" } as AnyResource;

  it("lists the fields of something new as JSON data", () => {
    const fields = fieldsOf({
      a: { b: 1, c: redact("x") },
      late: UNKNOWN,
      bytes: new Uint8Array(3),
      none: undefined,
    });
    expect(fields).toEqual([
      { path: "a.b", to: 1 },
      { path: "a.c", to: "<redacted>" },
      { path: "late", unknown: true },
      { path: "bytes", to: "<3 bytes>" },
    ]);
  });

  it("digests what is declared: not the order, not secrets, not what is late", () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1, c: undefined }));
    expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: "1" }));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
    expect(digestOf({ key: redact("one") })).toBe(digestOf({ key: redact("two") }));
    expect(digestOf({ arn: output(source, () => 1) })).toBe(digestOf({ arn: output(source, () => 2) }));
    expect(digestOf({ n: mapOut(1, (n) => n + 1) })).toBe(digestOf({ n: 2 }));
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ago, dayOf, iso, parseTime, timeOfDay } from "./times.js";

const NOW = Date.UTC(2026, 10, 22, 14, 30, 0);
const at = (text: string): string | undefined => {
  const found = parseTime(text, NOW, "utc");
  return found === undefined ? undefined : new Date(found).toISOString();
};

describe("moments as people write them", () => {
  it.each([
    ["now", "2026-11-22T14:30:00.000Z"],
    ["10m ago", "2026-11-22T14:20:00.000Z"],
    ["10m", "2026-11-22T14:20:00.000Z"],
    ["-2h", "2026-11-22T12:30:00.000Z"],
    ["1d 3h ago", "2026-11-21T11:30:00.000Z"],
    ["2 hours and 5 minutes ago", "2026-11-22T12:25:00.000Z"],
    ["14:03", "2026-11-22T14:03:00.000Z"],
    ["23:00:05", "2026-11-21T23:00:05.000Z"],
    ["yesterday 14:00", "2026-11-21T14:00:00.000Z"],
    ["today", "2026-11-22T00:00:00.000Z"],
    ["2026-11-22T14:03:05.123Z", "2026-11-22T14:03:05.123Z"],
    ["2026-11-22T14:03:05+02:00", "2026-11-22T12:03:05.000Z"],
    ["2026-11-22T14:03:05.123456789-0500", "2026-11-22T19:03:05.123Z"],
    ['"2026-11-22 14:03"', "2026-11-22T14:03:00.000Z"],
    ["[2026-11-22 14:03:05,123]", "2026-11-22T14:03:05.123Z"],
    ["2026-11-22", "2026-11-22T00:00:00.000Z"],
    ["22/Nov/2026:14:03:05 +0100", "2026-11-22T13:03:05.000Z"],
    ["Sun, 22 Nov 2026 14:03:05 GMT", "2026-11-22T14:03:05.000Z"],
    ["1795356185", "2026-11-22T14:03:05.000Z"],
    ["1795356185123", "2026-11-22T14:03:05.123Z"],
    ["1795356185123456789", "2026-11-22T14:03:05.123Z"],
  ])("%s", (text, expected) => expect(at(text)).toBe(expected));

  it.each([
    "",
    "soon",
    "2026-02-31",
    "25:00",
    "10 parsecs ago",
    "2026-13-01",
    "m ago",
    "99999999999999999999",
  ])("%s is none", (text) => expect(at(text)).toBeUndefined());

  it("never throws, and answers with moments only", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const found = parseTime(text, NOW, "local");
        if (found !== undefined) expect(() => new Date(found).toISOString()).not.toThrow();
      }),
    );
  });

  it("shows a time that is none as that", () => {
    expect(timeOfDay(Date.UTC(2026, 0, 2, 3, 4, 5, 6), "utc")).toBe("03:04:05.006");
    expect(timeOfDay(Number.NaN, "utc")).toBe("--:--:--.---");
    expect(dayOf(Number.POSITIVE_INFINITY, "local")).toBe("");
    expect(iso(9e15)).toBe("9000000000000000");
  });
});

it.each([
  [0, "now"],
  [999, "now"],
  [3_000, "3 s ago"],
  [125_000, "2 min 5 s ago"],
  [3_600_000, "1 h ago"],
  [3_600_000 + 59_000, "1 h ago"],
  [90_000_000, "1 d 1 h ago"],
  [-5_000, "in 5 s"],
])("says how long ago: %d ms is %s", (milliseconds, text) => {
  expect(ago(1_800_000_000_000 - milliseconds, 1_800_000_000_000)).toBe(text);
  expect(ago(Number.NaN, 0)).toBe("--");
});

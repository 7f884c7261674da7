import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { formatDuration, parseDuration, parseSize } from "./durations.js";

function refusal(run: () => unknown): readonly (string | undefined)[] {
  try {
    run();
  } catch (thrown) {
    if (DeployError.is(thrown)) return [thrown.code, thrown.message, thrown.hint];
    throw thrown;
  }
  throw new Error("expected a refusal");
}

describe("parseDuration", () => {
  it.each([
    ["30 s", 30_000],
    ["30s", 30_000],
    [" 1.5 h ", 5_400_000],
    ["250 ms", 250],
    ["5 min", 300_000],
    ["2 d", 172_800_000],
    [1500, 1500],
    [0, 0],
  ])("%s is %d ms", (value, milliseconds) => {
    expect(parseDuration(value)).toBe(milliseconds);
  });

  it.each([
    ["5 m", 'Write "5 min" for minutes, or "5 ms" for milliseconds.'],
    ["5 minutes", 'Write "5 min".'],
    ["30", 'Units are ms, s, min, h and d: "30 s", say.'],
    ["-1 s", 'Write a number and a unit, such as "30 s" or "5 min".'],
    ["soon", 'Write a number and a unit, such as "30 s" or "5 min".'],
    ["5 toString", "Units are ms, s, min, h and d."],
  ])("refuses %s", (value, hint) => {
    const expected = ["config.bad-duration", `"${value}" is not a length of time.`, hint];
    expect(refusal(() => parseDuration(value))).toEqual(expected);
  });

  it("refuses numbers that are no time", () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(refusal(() => parseDuration(value))[0]).toBe("config.bad-duration");
    }
  });
});

describe("parseSize", () => {
  it.each([
    ["512 MB", 512_000_000],
    ["1GB", 1_000_000_000],
    ["1.5 gb", 1_500_000_000],
    ["100 KB", 100_000],
    ["1 TB", 1e12],
    [2048, 2048],
  ])("%s is %d bytes", (value, bytes) => {
    expect(parseSize(value)).toBe(bytes);
  });

  it.each([
    ["512 MiB", 'Write "512 MB": units are decimal.'],
    ["1g", 'Write "1 GB": units are decimal.'],
    ["512", 'Units are KB, MB, GB and TB: "512 MB", say.'],
    ["lots", 'Write a number and a unit, such as "512 MB" or "1 GB".'],
  ])("refuses %s", (value, hint) => {
    expect(refusal(() => parseSize(value))).toEqual(["config.bad-size", `"${value}" is not a size.`, hint]);
  });
});

describe("formatDuration", () => {
  it.each([
    [250, "250 ms"],
    [30_000, "30 s"],
    [90_000, "1.5 min"],
    [3_600_000, "1 h"],
  ])("%d is %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

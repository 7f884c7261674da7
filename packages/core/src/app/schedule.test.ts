import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { parseSchedule } from "./schedule.js";

function refusal(text: string): string {
  try {
    parseSchedule(text);
  } catch (thrown) {
    if (DeployError.is(thrown) && thrown.code === "config.bad-schedule") return thrown.message;
    throw thrown;
  }
  throw new Error(`expected "${text}" to be refused`);
}

describe("parseSchedule", () => {
  it("reads numbers, lists, ranges, steps and names", () => {
    expect(parseSchedule("*/15 0,12 1-5 JAN-mar,dec Mon-Fri")).toEqual({
      minutes: [0, 15, 30, 45],
      hours: [0, 12],
      daysOfMonth: [1, 2, 3, 4, 5],
      months: [1, 2, 3, 12],
      daysOfWeek: [1, 2, 3, 4, 5],
      eitherDay: true,
    });
  });

  it("knows both Sundays, steps from a number on, and free spacing", () => {
    const { minutes, daysOfWeek, eitherDay } = parseSchedule("  50/4   3 * *  0,7 ");
    expect(minutes).toEqual([50, 54, 58]);
    expect(daysOfWeek).toEqual([0]);
    expect(eitherDay).toBe(false);
    expect(parseSchedule("0 0 * * 5-7").daysOfWeek).toEqual([0, 5, 6]);
  });

  it.each([
    ["", "there are 0 fields, and there have to be 5."],
    ["0 3 * *", "there are 4 fields, and there have to be 5."],
    ["0 0 3 * * *", "there are 6 fields, and there have to be 5."],
    ["@daily", "nicknames are not understood by every provider."],
    ["60 * * * *", 'the minute "60" has 60, which is out of range.'],
    ["0 24 * * *", 'the hour "24" has 24, which is out of range.'],
    ["0 0 0 * *", 'the day of month "0" has 0, which is out of range.'],
    ["0 0 * 13 *", 'the month "13" has 13, which is out of range.'],
    ["0 0 * * 8", 'the day of week "8" has 8, which is out of range.'],
    ["0 0 * * lundi", 'the day of week "lundi" has "lundi", which is not a number or name of this field.'],
    ["mon 0 * * *", 'the minute "mon" has "mon", which is not a number or name of this field.'],
    ["30-10 * * * *", 'the minute "30-10" has a range that ends before it starts.'],
    ["*/0 * * * *", 'the minute "*/0" has the step "0", which is not a number of 1 or more.'],
    ["1,,2 * * * *", 'the minute "1,,2" cannot be read.'],
    ["0 0 30 2 *", "no such day exists, so it would never run."],
  ])('refuses "%s"', (text, reason) => {
    expect(refusal(text)).toBe(`Schedule "${text}": ${reason}`);
  });

  it("takes a day that only leap years have, and an impossible date beside a weekday", () => {
    expect(parseSchedule("0 0 29 2 *").daysOfMonth).toEqual([29]);
    expect(parseSchedule("0 0 31 2 1").eitherDay).toBe(true);
  });

  it("answers any five fields with sorted numbers in range or with a refusal", () => {
    const part = fc.array(fc.constantFrom("*", "/", "-", ",", "0", "7", "59", "mon", "1e3", "x"), {
      minLength: 1,
      maxLength: 5,
    });
    const text = fc.array(
      part.map((pieces) => pieces.join("")),
      { minLength: 5, maxLength: 5 },
    );
    fc.assert(
      fc.property(text, (parts) => {
        try {
          const { minutes, daysOfWeek } = parseSchedule(parts.join(" "));
          expect(minutes.every((minute) => minute >= 0 && minute < 60)).toBe(true);
          expect(daysOfWeek.every((day) => day >= 0 && day < 7)).toBe(true);
          expect([...minutes].sort((a, b) => a - b)).toEqual(minutes);
        } catch (thrown) {
          expect(DeployError.is(thrown)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

import { describe, expect, it } from "vitest";
import { nextRun, scheduleExpression } from "./schedule-expression.js";

describe("a schedule for EventBridge", () => {
  it.each([
    ["3 4 * * *", "cron(3 4 * * ? *)"],
    ["*/15 * * * *", "cron(0,15,30,45 * * * ? *)"],
    ["0 9 * * 1-5", "cron(0 9 ? * 2,3,4,5,6 *)"],
    ["0 0 1 1 *", "cron(0 0 1 1 ? *)"],
    ["30 6 * * sun", "cron(30 6 ? * 1 *)"],
  ])("%s is %s", (text, expression) => {
    expect(scheduleExpression(text)).toBe(expression);
  });

  it("refuses either of two kinds of days, which EventBridge cannot say", () => {
    expect(() => scheduleExpression("0 0 13 * 5")).toThrow(
      expect.objectContaining({ code: "containers.bad-schedule" }),
    );
  });
});

describe("the next run", () => {
  const now = Date.parse("2026-03-28T12:34:56Z");

  it.each([
    ["* * * * *", "UTC", "2026-03-28T12:35:00.000Z"],
    ["30 12 * * *", "UTC", "2026-03-29T12:30:00.000Z"],
    ["0 9 * * 1", "UTC", "2026-03-30T09:00:00.000Z"],
    // The clocks go forward in between.
    ["0 9 * * *", "Europe/Berlin", "2026-03-29T07:00:00.000Z"],
    ["0 0 29 2 *", "UTC", "2028-02-29T00:00:00.000Z"],
  ])("of %s in %s is %s", (text, timeZone, at) => {
    expect(nextRun(text, timeZone, now)).toBe(at);
  });
});

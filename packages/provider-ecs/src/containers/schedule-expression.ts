import { DeployError, parseSchedule } from "@deploy/core";

/**
 * A cron schedule of five fields as EventBridge Scheduler writes it: six fields, Sunday is 1, and one of the two day
 * fields is `?` ("Schedule types in EventBridge Scheduler").
 *
 * @throws `containers.bad-schedule` when both day fields are restricted: cron means either of them, and EventBridge
 * cannot say that.
 */
export function scheduleExpression(text: string): string {
  const schedule = parseSchedule(text);
  if (schedule.eitherDay) {
    throw new DeployError({
      code: "containers.bad-schedule",
      message: `Schedule "${text}" names days of the month and days of the week, and EventBridge takes one of them.`,
      hint: "Make two jobs of it: one with the days of the month, one with those of the week.",
    });
  }
  const minutes = listOf(schedule.minutes, 60);
  const hours = listOf(schedule.hours, 24);
  const months = listOf(schedule.months, 12);
  const everyMonthDay = schedule.daysOfMonth.length === 31;
  const everyWeekday = schedule.daysOfWeek.length === 7;
  const monthDays = everyMonthDay && !everyWeekday ? "?" : listOf(schedule.daysOfMonth, 31);
  const weekdays =
    everyWeekday || !everyMonthDay
      ? "?"
      : listOf(
          schedule.daysOfWeek.map((day) => day + 1),
          7,
        );
  return `cron(${minutes} ${hours} ${monthDays} ${months} ${weekdays} *)`;
}

function listOf(values: readonly number[], all: number): string {
  return values.length === all ? "*" : values.join(",");
}

/** Where to look for the next run, days: every schedule that runs at all does so within five years (29 February). */
const horizonDays = 366 * 5;

/** When a schedule is next due after `now`, ISO 8601, UTC; undefined when never. */
export function nextRun(text: string, timeZone: string, now: number): string | undefined {
  const schedule = parseSchedule(text);
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const read = (at: number): Readonly<Record<string, number>> =>
    Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const minute = 60_000;
  let at = Math.floor(now / minute) * minute + minute;
  const limit = now + horizonDays * 86_400_000;
  while (at < limit) {
    const { year = 0, month = 0, day = 0, hour = 0, minute: past = 0 } = read(at);
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
    const fitsMonthDay = schedule.daysOfMonth.includes(day);
    const fitsWeekday = schedule.daysOfWeek.includes(weekday);
    const fitsDay = schedule.eitherDay ? fitsMonthDay || fitsWeekday : fitsMonthDay && fitsWeekday;
    if (!fitsDay || !schedule.months.includes(month)) {
      // To the next midnight there, but never over it: days of 23 and 25 hours are looked at again.
      at += Math.max(1, (23 - hour) * 60 + (60 - past) - 60) * minute;
    } else if (!schedule.hours.includes(hour)) at += (60 - past) * minute;
    else if (!schedule.minutes.includes(past)) at += minute;
    else return new Date(at).toISOString();
  }
  return undefined;
}

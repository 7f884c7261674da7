import { DeployError } from "../errors.js";

/** A cron schedule as the sets it means; each sorted, without doubles. */
export interface Schedule {
  /** 0 to 59. */
  readonly minutes: readonly number[];
  /** 0 to 23. */
  readonly hours: readonly number[];
  /** 1 to 31. */
  readonly daysOfMonth: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 to 6, Sunday is 0. */
  readonly daysOfWeek: readonly number[];
  /** Both day fields are restricted: then a day counts when either of them fits, as cron has always done. */
  readonly eitherDay: boolean;
}

interface Field {
  readonly label: string;
  readonly least: number;
  readonly greatest: number;
  readonly names: readonly string[];
}

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const fields: readonly Field[] = [
  { label: "minute", least: 0, greatest: 59, names: [] },
  { label: "hour", least: 0, greatest: 23, names: [] },
  { label: "day of month", least: 1, greatest: 31, names: [] },
  { label: "month", least: 1, greatest: 12, names: monthNames },
  { label: "day of week", least: 0, greatest: 7, names: dayNames },
];

const nicknames: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** The greatest number of days that a month ever has, January first. */
const daysIn = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a cron schedule of five fields: minute, hour, day of month, month, day of week.
 *
 * Each field takes `*`, numbers, ranges, lists and steps; months and days also their English names.
 *
 * @throws `config.bad-schedule`, which names the field.
 */
export function parseSchedule(text: string): Schedule {
  const bad = (reason: string, hint: string): DeployError =>
    new DeployError({ code: "config.bad-schedule", message: `Schedule "${text}": ${reason}`, hint });
  const order = "The five fields are minute, hour, day of month, month, day of week.";
  const trimmed = text.trim();
  if (Object.hasOwn(nicknames, trimmed)) {
    throw bad("nicknames are not understood by every provider.", `Write "${nicknames[trimmed]}".`);
  }
  const parts = trimmed === "" ? [] : trimmed.split(/\s+/);
  if (parts.length !== fields.length) {
    const count = parts.length === 1 ? "there is 1 field" : `there are ${parts.length} fields`;
    throw bad(`${count}, and there have to be 5.`, `${order} Every night at three: "0 3 * * *".`);
  }
  const sets = parts.map((part, index) => {
    const field = fields[index]!;
    const set = readField(part, field);
    if (typeof set === "string") throw bad(`the ${field.label} "${part}" ${set}`, describe(field));
    return set;
  });
  const [minutes, hours, daysOfMonth, months, weekdays] = sets as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const eitherDay = !parts[2]!.startsWith("*") && !parts[4]!.startsWith("*");
  const possible = months.some((month) => daysOfMonth.some((day) => day <= daysIn[month - 1]!));
  if (!possible && !eitherDay) {
    throw bad("no such day exists, so it would never run.", "Choose a day that the month has.");
  }
  const daysOfWeek = [...new Set(weekdays.map((day) => day % 7))].sort((a, b) => a - b);
  return { minutes, hours, daysOfMonth, months, daysOfWeek, eitherDay };
}

function describe(field: Field): string {
  const names = field.names.length === 0 ? "" : `, or ${field.names[0]} to ${field.names.at(-1)}`;
  return `The ${field.label} goes from ${field.least} to ${field.greatest}${names}; lists "1,15", ranges "1-5" and steps "*/10" are fine.`;
}

/** The sorted numbers of a field, or the reason why there are none. */
function readField(part: string, field: Field): number[] | string {
  const numbers = new Set<number>();
  for (const item of part.split(",")) {
    const [range = "", step, ...rest] = item.split("/");
    if (rest.length > 0) return "has more than one step.";
    const every = step === undefined ? 1 : /^\d{1,4}$/.test(step) ? Number(step) : 0;
    if (every < 1) return `has the step "${step}", which is not a number of 1 or more.`;
    const bounds = readRange(range, field, step !== undefined);
    if (typeof bounds === "string") return bounds;
    for (let number = bounds[0]; number <= bounds[1]; number += every) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

function readRange(range: string, field: Field, stepped: boolean): readonly [number, number] | string {
  if (range === "*") return [field.least, field.greatest];
  const ends = range.split("-");
  if (ends.length > 2 || ends.includes("")) return "cannot be read.";
  const numbers = ends.map((end) => readNumber(end, field));
  const unreadable = numbers.indexOf(undefined);
  if (unreadable !== -1) return `has "${ends[unreadable]}", which is not a number or name of this field.`;
  const [first, last = stepped ? field.greatest : first] = numbers as [number, number?];
  for (const number of [first, last!]) {
    if (number < field.least || number > field.greatest) return `has ${number}, which is out of range.`;
  }
  if (first > last!) return "has a range that ends before it starts.";
  return [first, last!];
}

function readNumber(text: string, field: Field): number | undefined {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  const index = field.names.indexOf(text.toLowerCase());
  return index === -1 ? undefined : index + (field.label === "month" ? 1 : 0);
}

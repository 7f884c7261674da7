import type { ParsedLine } from "./parse.js";
import { usageError } from "./usage-error.js";

/** The flags of a command line, read by kind. */
export interface Flags {
  /** Whether a switch was given. */
  has(name: string): boolean;
  /** The value of a flag. */
  text(name: string): string | undefined;
  /** Values of a repeated flag. */
  list(name: string): readonly string[];
  /** Values of a repeated flag, each of which may hold several with commas between. */
  names(name: string): readonly string[];
  /** A whole number, 0 or more. Throws `usage.bad-flag`. */
  count(name: string): number | undefined;
}

/** Reads what the parser found. */
export function createFlags(values: ParsedLine["values"]): Flags {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const list = (name: string): readonly string[] => {
    const value = values[name];
    return Array.isArray(value) ? (value as readonly string[]) : [];
  };
  return {
    has: (name) => values[name] === true,
    text,
    list,
    names: (name) =>
      list(name)
        .flatMap((value) => value.split(","))
        .map((value) => value.trim())
        .filter((value) => value !== ""),
    count: (name) => {
      const value = text(name);
      return value === undefined ? undefined : parseCount(value, `--${name}`);
    },
  };
}

/** A whole number, 0 or more; `what` is named in the error. Throws `usage.bad-number`. */
export function parseCount(value: string, what: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw usageError("bad-number", `${what} must be a whole number, not "${value}".`);
  return Number(value);
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A length of time such as `60s`, `10m`, `1.5 h`, `2d`, in milliseconds. Throws `usage.bad-time`. */
export function parseDuration(value: string, what: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)\s*([a-z]+)?$/.exec(value.trim()) ?? [];
  const factor = UNITS[unit];
  if (number === undefined || factor === undefined) {
    throw usageError(
      "bad-time",
      `${what} must be a length of time, not "${value}".`,
      "Write it like 30s, 10m, 2h or 1d.",
    );
  }
  return Number(number) * factor;
}

/** A point in time: a date, or how long ago it was. Throws `usage.bad-time`. */
export function parseMoment(value: string, what: string, now: number = Date.now()): Date {
  if (/^\d+(?:\.\d+)?\s*[a-z]+$/.test(value.trim())) return new Date(now - parseDuration(value, what));
  const date = new Date(value);
  if (!/^\d{4}-\d{2}-\d{2}/.test(value) || Number.isNaN(date.getTime())) {
    throw usageError(
      "bad-time",
      `${what} must be a time, not "${value}".`,
      "Write it like 10m (ago) or 2026-01-31T12:00.",
    );
  }
  return date;
}

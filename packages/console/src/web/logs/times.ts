/**
 * Moments as people write them, and as the page shows them. Milliseconds since 1970.
 *
 * @module
 */

/** Whose clock. */
export type Zone = "local" | "utc";

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * A moment that somebody typed or pasted; undefined: it is none.
 *
 * Knows `now`, `10m ago`, `-2h`, `1d 3h ago`, `today`, `yesterday 14:00`, `14:03[:05]`, ISO 8601 with or without a zone
 * (without: `zone`), `2026-11-22 14:03:05,123` of Python, `22/Nov/2026:14:03:05 +0000` of web servers, e-mail dates,
 * and seconds, milliseconds, microseconds or nanoseconds since 1970. A time of day that lies ahead is yesterday's.
 */
export function parseTime(text: string, now: number, zone: Zone): number | undefined {
  const input = text.trim().replace(/^["'[(]+|["'\])]+$/g, "");
  if (input === "" || input.length > 80) return undefined;
  const found =
    relativeTime(input.toLowerCase(), now) ??
    sinceEpoch(input) ??
    isoLike(input, zone) ??
    webServer(input) ??
    dayAndTime(input.toLowerCase(), now, zone) ??
    mailDate(input);
  return found !== undefined && Number.isFinite(found) && Math.abs(found) <= 8.64e15 ? found : undefined;
}

function relativeTime(input: string, now: number): number | undefined {
  if (input === "now") return now;
  const body = /^(?:-\s*(.+)|(.+?)\s+ago|(\d.*))$/.exec(input);
  const parts = (body?.[1] ?? body?.[2] ?? body?.[3])?.trim();
  if (parts === undefined || parts === "") return undefined;
  const piece =
    /(\d+(?:\.\d+)?)\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?:\s*(?:,|and)?\s*|$)/y;
  let sum = 0;
  let at = 0;
  while (at < parts.length) {
    piece.lastIndex = at;
    const match = piece.exec(parts);
    if (match === null) return undefined;
    sum += Number(match[1]) * UNITS[match[2]![0]!]!;
    at = piece.lastIndex;
  }
  return now - sum;
}

function sinceEpoch(input: string): number | undefined {
  if (!/^\d{9,19}(?:\.\d+)?$/.test(input)) return undefined;
  const [whole] = input.split(".");
  const value = Number(input);
  if (whole!.length <= 11) return Math.round(value * 1000);
  if (whole!.length <= 14) return Math.round(value);
  return Math.round(whole!.length <= 17 ? value / 1000 : value / 1e6);
}

function isoLike(input: string, zone: Zone): number | undefined {
  const match =
    /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(z|utc|gmt|[+-]\d{2}(?::?\d{2})?)?$/i.exec(
      input,
    );
  if (match === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", offset] = match;
  return moment(
    [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)],
    Math.trunc(Number(`0.${fraction}`) * 1000),
    offset,
    zone,
  );
}

function webServer(input: string): number | undefined {
  const match = /^(\d{1,2})\/([A-Za-z]{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})\s*([+-]\d{4})?$/.exec(input);
  if (match === null) return undefined;
  const month = MONTHS.indexOf(match[2]!.toLowerCase());
  if (month < 0) return undefined;
  const parts = [
    Number(match[3]),
    month,
    Number(match[1]),
    Number(match[4]),
    Number(match[5]),
    Number(match[6]),
  ];
  return moment(parts, 0, match[7] ?? "z", "utc");
}

function dayAndTime(input: string, now: number, zone: Zone): number | undefined {
  const match =
    /^(?:(today|yesterday)\s*(?:at\s+)?)?(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?)?\s*(utc|z)?$/.exec(
      input,
    );
  if (match === null || (match[1] === undefined && match[2] === undefined)) return undefined;
  const [, day, hour = "0", minute = "0", second = "0", fraction = "0", utc] = match;
  const as = utc === undefined ? zone : "utc";
  const date = new Date(now);
  const parts =
    as === "utc"
      ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
      : [date.getFullYear(), date.getMonth(), date.getDate()];
  const of = (back: number): number | undefined =>
    moment(
      [parts[0]!, parts[1]!, parts[2]! - back, Number(hour), Number(minute), Number(second)],
      Number(fraction.padEnd(3, "0")),
      undefined,
      as,
      false,
    );
  if (day !== undefined) return of(day === "today" ? 0 : 1);
  const today = of(0);
  return today !== undefined && today > now ? of(1) : today;
}

function mailDate(input: string): number | undefined {
  if (!/^(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{1,2}:\d{2}/.test(input)) return undefined;
  const value = Date.parse(input);
  return Number.isNaN(value) ? undefined : value;
}

function moment(
  parts: readonly number[],
  milliseconds: number,
  offset: string | undefined,
  zone: Zone,
  dayChecked = true,
): number | undefined {
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  if (month > 11 || hour > 24 || minute > 59 || second > 60) return undefined;
  // The 31st of April is nobody's day.
  if (dayChecked && (day < 1 || day > new Date(Date.UTC(year, month + 1, 0)).getUTCDate())) return undefined;
  if (offset === undefined && zone === "local") {
    return new Date(year, month, day, hour, minute, second, milliseconds).getTime();
  }
  const utc = Date.UTC(year, month, day, hour, minute, second, milliseconds);
  const shift = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset ?? "");
  if (shift === null) return utc;
  const minutes = Number(shift[2]) * 60 + Number(shift[3] ?? "0");
  return utc - (shift[1] === "-" ? -minutes : minutes) * 60_000;
}

/** `14:03:05.123`. */
export function timeOfDay(time: number, zone: Zone): string {
  if (!valid(time)) return "--:--:--.---";
  if (zone === "utc") return new Date(time).toISOString().slice(11, 23);
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** `4 min 10 s ago`: two units, the smaller one only where it tells something; `in 3 s` of a clock that runs ahead. */
export function ago(time: number, now: number): string {
  if (!valid(time)) return "--";
  const seconds = Math.floor(Math.abs(now - time) / 1000);
  if (seconds === 0) return "now";
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[first]!;
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  const text = `${Math.floor(seconds / size)} ${name}${rest === 0 ? "" : ` ${rest} ${next![0]}`}`;
  return time > now ? `in ${text}` : `${text} ago`;
}

/** `2026-11-22`. */
export function dayOf(time: number, zone: Zone): string {
  if (!valid(time)) return "";
  const date = new Date(time);
  if (zone === "utc") return date.toISOString().slice(0, 10);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `Sun 22 Nov 2026`. */
export function dayTitle(time: number, zone: Zone): string {
  if (!valid(time)) return "";
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  }).format(time);
}

/** `2026-11-22T14:03:05.123Z`, for titles and the clipboard. */
export function iso(time: number): string {
  return valid(time) ? new Date(time).toISOString() : String(time);
}

function valid(time: number): boolean {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15;
}

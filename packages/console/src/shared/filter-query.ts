/**
 * Filters and places in the history as query parameters, the same for server and browser: what a permalink holds, and
 * what the routes of logs are asked with.
 *
 * Strict: whatever is not exactly what is expected is a problem that names its parameter. Nothing here imports from node.
 *
 * @module
 */
import { LEVELS, type Level, type LogEntry, type LogFilter, type Relabel } from "./log-types.js";

/** What is wrong with a query: which parameter, and why; for a person. */
export interface QueryProblem {
  readonly parameter: string;
  /** A sentence. The value itself is in it, shortened. */
  readonly message: string;
}

/** What was read from a query, or what is wrong with it. */
export type Read<T> =
  | { readonly value: T; readonly problem?: never }
  | { readonly problem: QueryProblem; readonly value?: never };

/** Which page of the history: at most one of `after`, `before`, `around` and `at`; none of them is the newest lines. */
export interface PageQuery {
  readonly filter: LogFilter;
  /** 1 to {@link MAX_PAGE}. Default {@link DEFAULT_PAGE}. */
  readonly limit: number;
  readonly after?: number;
  readonly before?: number;
  readonly around?: number;
  /** Milliseconds since 1970. */
  readonly at?: number;
}

/** Lines of a page when the query names no `limit`. */
export const DEFAULT_PAGE = 500;

/** The most lines that one page may have. */
export const MAX_PAGE = 5_000;

/** The most characters that a text to search for may have. */
const MAX_TEXT = 1_000;

const STREAMS: readonly LogEntry["stream"][] = ["stdout", "stderr", "system"];
const MAX_VALUES = 100;
const MAX_NAME = 200;
const MAX_TIME = 8_640_000_000_000_000;

/** A filter's parameters. */
export const FILTER_PARAMETERS: readonly string[] = [
  "process",
  "instance",
  "release",
  "stream",
  "level",
  "relabel",
  "since",
  "until",
  "text",
  "regex",
  "case",
  "invert",
];

const PLACES = ["after", "before", "around", "at"] as const;

/** A filter as query parameters; what narrows nothing is left out. */
export function filterToQuery(filter: LogFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of filter.processes ?? []) query.append("process", name);
  for (const name of filter.instances ?? []) query.append("instance", name);
  for (const number of filter.releases ?? []) query.append("release", String(number));
  for (const name of filter.streams ?? []) query.append("stream", name);
  for (const level of filter.levels ?? []) query.append("level", level);
  for (const { from, to, process } of filter.relabels ?? [])
    query.append("relabel", `${from}:${to}:${process}`);
  if (filter.since !== undefined) query.set("since", String(filter.since));
  if (filter.until !== undefined) query.set("until", String(filter.until));
  if (filter.text !== undefined && filter.text !== "") {
    query.set("text", filter.text);
    if (filter.regex === true) query.set("regex", "1");
    if (filter.caseSensitive === true) query.set("case", "1");
    if (filter.invert === true) query.set("invert", "1");
  }
  return query;
}

/** The filter that a query describes; parameters that are not a filter's are not looked at. */
export function filterFromQuery(query: URLSearchParams): Read<LogFilter> {
  const reader = new Map<string, Read<unknown>>([
    ["processes", names(query, "process")],
    ["instances", names(query, "instance")],
    ["releases", numbers(query, "release")],
    ["streams", oneOf(query, "stream", STREAMS)],
    ["levels", oneOf<Level>(query, "level", LEVELS)],
    ["relabels", relabels(query)],
    ["since", whole(query, "since", MAX_TIME)],
    ["until", whole(query, "until", MAX_TIME)],
    ["text", text(query)],
    ["regex", flag(query, "regex")],
    ["caseSensitive", flag(query, "case")],
    ["invert", flag(query, "invert")],
  ]);
  const filter: Record<string, unknown> = {};
  for (const [field, read] of reader) {
    if (read.problem !== undefined) return read;
    if (read.value !== undefined) filter[field] = read.value;
  }
  const { since, until } = filter as LogFilter;
  if (since !== undefined && until !== undefined && until <= since) {
    return problem("until", "must be later than since");
  }
  return { value: filter as LogFilter };
}

/** A page's query parameters. */
export function pageToQuery(page: Partial<PageQuery>): URLSearchParams {
  const query = filterToQuery(page.filter ?? {});
  for (const place of PLACES) if (page[place] !== undefined) query.set(place, String(page[place]));
  if (page.limit !== undefined) query.set("limit", String(page.limit));
  return query;
}

/** The page that a query describes; parameters it does not know are a problem. */
export function pageFromQuery(query: URLSearchParams): Read<PageQuery> {
  const unknown = unknownParameter(query, [...PLACES, "limit"]);
  if (unknown !== undefined) return unknown;
  const filter = filterFromQuery(query);
  if (filter.problem !== undefined) return filter;
  const limit = whole(query, "limit", MAX_PAGE);
  if (limit.problem !== undefined) return limit;
  if (limit.value === 0) return problem("limit", `must be 1 to ${MAX_PAGE}`);
  const place: Partial<Record<(typeof PLACES)[number], number>> = {};
  for (const name of PLACES) {
    const read = wholeFromQuery(query, name, name === "at" ? MAX_TIME : undefined);
    if (read.problem !== undefined) return read;
    if (read.value === undefined) continue;
    const other = Object.keys(place)[0];
    if (other !== undefined) return problem(name, `cannot be given together with ${other}`);
    place[name] = read.value;
  }
  return { value: { filter: filter.value, limit: limit.value ?? DEFAULT_PAGE, ...place } };
}

/**
 * A whole number that a query may have once, such as the number of a line: 0 to `max`.
 *
 * `max` defaults to the largest number that JavaScript counts exactly.
 */
export function wholeFromQuery(
  query: URLSearchParams,
  parameter: string,
  max: number = Number.MAX_SAFE_INTEGER,
): Read<number | undefined> {
  return whole(query, parameter, max);
}

/** The first parameter that is neither a filter's nor one of `others`, as a problem; undefined: there is none. */
export function unknownParameter(
  query: URLSearchParams,
  others: readonly string[],
): { readonly problem: QueryProblem } | undefined {
  for (const name of query.keys()) {
    if (FILTER_PARAMETERS.includes(name) || others.includes(name)) continue;
    return problem(shortened(name), "is not known here");
  }
  return undefined;
}

function whole(query: URLSearchParams, parameter: string, max: number): Read<number | undefined> {
  const once = single(query, parameter);
  if (once.problem !== undefined) return once;
  if (once.value === undefined) return { value: undefined };
  const number = asWhole(once.value, max);
  return number === undefined
    ? problem(parameter, `must be a whole number from 0 to ${max}, not "${shortened(once.value)}"`)
    : { value: number };
}

function numbers(query: URLSearchParams, parameter: string): Read<readonly number[] | undefined> {
  const all = several(query, parameter);
  if (all.problem !== undefined || all.value === undefined) return all as Read<undefined>;
  const found: number[] = [];
  for (const value of all.value) {
    const number = asWhole(value, Number.MAX_SAFE_INTEGER);
    if (number === undefined || number === 0) {
      return problem(parameter, `must be the number of a release, not "${shortened(value)}"`);
    }
    found.push(number);
  }
  return { value: found };
}

function names(query: URLSearchParams, parameter: string): Read<readonly string[] | undefined> {
  const all = several(query, parameter);
  if (all.problem !== undefined || all.value === undefined) return all;
  for (const value of all.value) {
    if (value === "" || value.length > MAX_NAME || /[\p{Cc}\p{Cs}]/u.test(value)) {
      return problem(
        parameter,
        `must be a name of at most ${MAX_NAME} characters, not "${shortened(value)}"`,
      );
    }
  }
  return all;
}

/** `none:error:worker`. */
function relabels(query: URLSearchParams): Read<readonly Relabel[] | undefined> {
  const all = names(query, "relabel");
  if (all.problem !== undefined || all.value === undefined) return all as Read<undefined>;
  const found: Relabel[] = [];
  for (const value of all.value) {
    const [from, to, ...process] = value.split(":");
    const known = [from, to].map((level) => LEVELS.find((one) => one === level));
    if (known[0] === undefined || known[1] === undefined || process.join(":") === "") {
      return problem("relabel", `must be like none:error:worker, not "${shortened(value)}"`);
    }
    found.push({ process: process.join(":"), from: known[0], to: known[1] });
  }
  return { value: found };
}

function oneOf<T extends string>(
  query: URLSearchParams,
  parameter: string,
  known: readonly T[],
): Read<readonly T[] | undefined> {
  const all = several(query, parameter);
  if (all.problem !== undefined || all.value === undefined) return all as Read<undefined>;
  const found: T[] = [];
  for (const value of all.value) {
    const match = known.find((one) => one === value);
    if (match === undefined) {
      return problem(parameter, `must be one of ${known.join(", ")}, not "${shortened(value)}"`);
    }
    found.push(match);
  }
  return { value: found };
}

function text(query: URLSearchParams): Read<string | undefined> {
  const once = single(query, "text");
  if (once.value !== undefined && once.value.length > MAX_TEXT) {
    return problem("text", `must have at most ${MAX_TEXT} characters, not ${once.value.length}`);
  }
  return once.value === "" ? { value: undefined } : once;
}

function flag(query: URLSearchParams, parameter: string): Read<true | undefined> {
  const once = single(query, parameter);
  if (once.problem !== undefined) return once;
  if (once.value === undefined || once.value === "0") return { value: undefined };
  return once.value === "1"
    ? { value: true }
    : problem(parameter, `must be 0 or 1, not "${shortened(once.value)}"`);
}

function single(query: URLSearchParams, parameter: string): Read<string | undefined> {
  const values = query.getAll(parameter);
  return values.length > 1 ? problem(parameter, "must be given once only") : { value: values[0] };
}

function several(query: URLSearchParams, parameter: string): Read<readonly string[] | undefined> {
  const values = query.getAll(parameter);
  if (values.length > MAX_VALUES) return problem(parameter, `may be given at most ${MAX_VALUES} times`);
  return { value: values.length === 0 ? undefined : values };
}

function asWhole(value: string, max: number): number | undefined {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(value)) return undefined;
  const number = Number(value);
  return number <= max ? number : undefined;
}

/** What a message repeats of a value: short, and nothing that acts upon a terminal. */
function shortened(value: string): string {
  const plain = value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "�");
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

function problem(parameter: string, why: string): { readonly problem: QueryProblem } {
  return { problem: { parameter, message: `The query parameter "${parameter}" ${why}.` } };
}

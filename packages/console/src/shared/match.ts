import { DeployError } from "@deploy/core";
import { RE2JS } from "re2js";
import { createLevelOf } from "./level-of.js";
import type { LogEntry, LogFilter } from "./log-types.js";

/** The longest pattern that is taken, in UTF-16 code units: what is longer is no search, and costs memory to compile. */
const MAX_PATTERN = 1000;

/**
 * The text as it is compared when case does not matter.
 *
 * Folding a part of a text gives a part of the folded text, which `toLowerCase` alone does not promise: it writes a
 * sigma at the end of a word as another letter. The long s goes with `s`, as RE2 has it.
 */
export function foldCase(text: string): string {
  const lower = text.toLowerCase();
  return /[ςſ]/.test(lower) ? lower.replaceAll("ς", "σ").replaceAll("ſ", "s") : lower;
}

/**
 * Whether a text is what the filter asks for; undefined when the filter asks nothing of the text. `invert` is not looked at.
 *
 * A regular expression is RE2's: linear in the length of the text, whatever the pattern. Throws `console.bad-pattern`.
 */
export function createTextMatcher(filter: LogFilter): ((text: string) => boolean) | undefined {
  const wanted = filter.text;
  if (wanted === undefined || wanted === "") return undefined;
  if (filter.regex === true) {
    const pattern = compile(wanted, filter.caseSensitive === true);
    return (text) => pattern.test(text);
  }
  if (filter.caseSensitive === true) return (text) => text.includes(wanted);
  const folded = foldCase(wanted);
  return (text) => foldCase(text).includes(folded);
}

/**
 * Whether a line is one of those that the filter wants. The answer never throws.
 *
 * Throws `console.bad-pattern` for a regular expression that is none, at once and not while matching.
 */
export function createMatcher(filter: LogFilter): (entry: Omit<LogEntry, "seq">) => boolean {
  const facts = createFactsMatcher(filter);
  const text = createTextMatcher(filter);
  const invert = filter.invert === true;
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  return (entry) =>
    entry.time >= since &&
    entry.time < until &&
    facts(entry) &&
    (text === undefined || text(entry.text) !== invert);
}

/** What a line is known by beside its time and text. */
export type LineFacts = Pick<LogEntry, "process" | "instance" | "release" | "stream" | "level">;

/** The part of a filter that asks neither for text nor for time. */
export function createFactsMatcher(filter: LogFilter): (facts: LineFacts) => boolean {
  const processes = oneOf(filter.processes);
  const instances = oneOf(filter.instances);
  const releases = oneOf(filter.releases);
  const streams = oneOf(filter.streams);
  const levels = oneOf(filter.levels);
  const levelOf = createLevelOf(filter);
  return (facts) =>
    processes(facts.process) &&
    instances(facts.instance) &&
    (filter.releases === undefined || (facts.release !== undefined && releases(facts.release))) &&
    streams(facts.stream) &&
    levels(levelOf(facts));
}

function oneOf<T>(wanted: readonly T[] | undefined): (value: T) => boolean {
  if (wanted === undefined) return () => true;
  const set = new Set(wanted);
  return (value) => set.has(value);
}

function compile(pattern: string, caseSensitive: boolean): RE2JS {
  if (pattern.length > MAX_PATTERN) {
    throw new DeployError({
      code: "console.bad-pattern",
      message: `The regular expression is ${pattern.length} characters long; at most ${MAX_PATTERN} are taken.`,
      hint: "Search for a part of it.",
    });
  }
  try {
    return RE2JS.compile(pattern, caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeployError({
      code: "console.bad-pattern",
      message: `Not a regular expression: ${reason.replace(/^error parsing regexp:\s*/i, "")}.`,
      hint: "The syntax is RE2's, which has no lookaround and no backreferences; or search for plain text.",
      cause,
    });
  }
}

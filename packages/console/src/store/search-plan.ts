import type { LogFilter } from "../shared/log-types.js";
import { createTextMatcher, foldCase } from "../shared/match.js";
import { type BytePattern, createFinder, type FindBytes } from "./find-bytes.js";
import { gramsOf, mayHold } from "./gram-filter.js";
import { requiredBytes, wholePattern } from "./required-bytes.js";

/** How a block's text is searched: what rules it out, what rules a line out, what decides. */
export interface SearchPlan {
  /** Decides, for one text. */
  readonly matches: (text: string) => boolean;
  readonly invert: boolean;
  /** Each matching line holds one of these. Empty: nothing is known, and each line is tried. */
  readonly needs: readonly SearchNeed[];
  /** Case does not matter. */
  readonly folded: boolean;
  /** A line in which a need is found matches, without being tried. */
  readonly exact: boolean;
}

/** What a matching line may hold. */
export interface SearchNeed {
  /** What a block that has it must hold, as its filter knows it. */
  readonly grams: Uint32Array;
  readonly find: FindBytes;
}

/** The plan for a filter; undefined where it asks nothing of the text. Throws `console.bad-pattern`. */
export function planSearch(filter: LogFilter): SearchPlan | undefined {
  const matches = createTextMatcher(filter);
  const { text = "" } = filter;
  if (matches === undefined) return undefined;
  const folded = filter.caseSensitive !== true;
  const patterns = filter.regex === true ? requiredBytes(text) : [patternsOf(text, folded)];
  const needs = patterns.map((some) => needOf(some, folded));
  const known = needs.every((need) => need !== undefined);
  return {
    ...{ matches, folded, invert: filter.invert === true },
    needs: known ? needs : [],
    exact: known && (filter.regex !== true || isWhole(text)),
  };
}

/** The needs that a block may meet, as far as its filter tells. */
export const needsMet = ({ needs }: SearchPlan, filter: () => Buffer): readonly SearchNeed[] =>
  needs.filter(({ grams }) => grams.length === 0 || mayHold(filter(), grams));

/** What UTF-8 cannot hold, or lies in several lines of the column, is not found by its bytes. */
const patternsOf = (text: string, folded: boolean): readonly BytePattern[] =>
  /[\n\p{Surrogate}]/u.test(text)
    ? []
    : [[...Buffer.from(folded ? foldCase(text) : text).toString("latin1")]];

function needOf(patterns: readonly BytePattern[], folded: boolean): SearchNeed | undefined {
  const trimmed = patterns.map(trim).filter(({ length }) => length > 0);
  if (trimmed.length === 0) return undefined;
  const best = trimmed.reduce((one, other) => (worth(other) > worth(one) ? other : one));
  const grams = trimmed.flatMap(literalsOf).flatMap((literal) => [...gramsOf(literal)]);
  return { grams: Uint32Array.from(new Set(grams)), find: createFinder(best, folded) };
}

/** A place where so many bytes may stand says little, and at an end it costs more than it tells. */
const WIDE = 24;

function trim(pattern: BytePattern): BytePattern {
  const isNarrow = (bytes: string): boolean => bytes.length <= WIDE;
  return pattern.slice(pattern.findIndex(isNarrow), pattern.findLastIndex(isNarrow) + 1);
}

/** Whether what is looked for in place of the expression is all of it. A find must not reach into the next line. */
function isWhole(regex: string): boolean {
  const pattern = wholePattern(regex);
  return (
    pattern !== undefined &&
    trim(pattern).length === pattern.length &&
    !pattern.some((bytes) => bytes.includes("\n"))
  );
}

/** How much a pattern rules out, in bits. */
const worth = (pattern: BytePattern): number =>
  pattern.reduce((bits, { length }) => bits + Math.log2(128 / length), 0);

/** The stretches of a pattern where one byte only may stand, case folded. */
function literalsOf(pattern: BytePattern): readonly Buffer[] {
  const text = pattern.map((bytes) => (bytes.length === 1 ? bytes : "\n")).join("");
  return text.split("\n").map((stretch) => Buffer.from(foldCase(Buffer.from(stretch, "latin1").toString())));
}

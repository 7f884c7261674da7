import type { LogFilter } from "../shared/log-types.js";
import { createTextMatcher, foldCase } from "../shared/match.js";
import { createFinder, type FindBytes } from "./find-bytes.js";
import { gramsOf } from "./gram-filter.js";

/** How a block's text is searched: what rules it out, what rules a line out, what decides. */
export interface SearchPlan {
  /** Decides, for one text. */
  readonly matches: (text: string) => boolean;
  readonly invert: boolean;
  /** What a block must hold, as its filter knows it. Empty: nothing is known. */
  readonly grams: Uint32Array;
  /** Finds what a matching line must hold; absent: nothing is known, and each is tried. */
  readonly find?: FindBytes;
  /** Case does not matter. */
  readonly folded: boolean;
  /** A line in which it is found matches, without being tried. */
  readonly exact: boolean;
}

/** The plan for a filter; undefined where it asks nothing of the text. Throws `console.bad-pattern`. */
export function planSearch(filter: LogFilter): SearchPlan | undefined {
  const matches = createTextMatcher(filter);
  const { text = "" } = filter;
  if (matches === undefined) return undefined;
  const folded = filter.caseSensitive !== true;
  const invert = filter.invert === true;
  const pieces = filter.regex === true ? requiredPieces(text) : [text];
  // What UTF-8 cannot hold, or lies in several lines of the column, is not found by its bytes.
  const sought = pieces.filter((piece) => piece !== "" && !/[\n\p{Surrogate}]/u.test(piece));
  const longest = sought.reduce((best, piece) => (piece.length > best.length ? piece : best), "");
  const grams = new Set(sought.flatMap((piece) => [...gramsOf(Buffer.from(foldCase(piece)))]));
  return {
    ...{ matches, invert, folded },
    grams: Uint32Array.from(grams),
    ...(longest === ""
      ? {}
      : { find: createFinder(Buffer.from(folded ? foldCase(longest) : longest), folded) }),
    exact: filter.regex !== true && longest !== "",
  };
}

/**
 * Texts that every match of a regular expression holds; fewer than there are, never one too many.
 *
 * Only what stands outside of groups, classes and alternatives counts, and only ASCII: RE2 folds other letters its own way.
 */
export function requiredPieces(pattern: string): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  const close = (): void => {
    if (piece !== "") pieces.push(piece);
    piece = "";
  };
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === "|") return [];
    if (char === "(" || char === "[") {
      close();
      const end = char === "(" ? groupEnd(pattern, at) : classEnd(pattern, at);
      if (end === undefined) return [];
      at = end;
    } else if (char === "\\") {
      const next = pattern[++at] ?? "";
      if (/[\w\s]/.test(next)) {
        close();
        // \Q, \x41, \pL, \C and their like: what they take is not worth knowing.
        if (!/[dDsSwWbBAz]/.test(next)) return [];
      } else piece += next;
    } else if (char === "?" || char === "*" || char === "{") {
      piece = piece.slice(0, -1);
      close();
      if (char === "{") {
        const end = /^\{\d+(?:,\d*)?\}/.exec(pattern.slice(at, at + 16))?.[0];
        if (end === undefined) return [];
        at += end.length - 1;
      }
    } else if (char === "+" || char === "." || char === "^" || char === "$") close();
    else if (char >= " " && char <= "~") piece += char;
    else {
      close();
    }
  }
  close();
  return pieces;
}

/** The end of a group; undefined for one with flags, which may change what letters mean. */
function groupEnd(pattern: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "\\") at++;
    else if (char === "[") at = classEnd(pattern, at) ?? pattern.length;
    else if (char === "(") {
      depth++;
      if (pattern[at + 1] === "?" && !/^\?(?::|P?<)/.test(pattern.slice(at + 1, at + 4))) return undefined;
    } else if (char === ")" && --depth === 0) return at;
  }
  return undefined;
}

function classEnd(pattern: string, from: number): number | undefined {
  let at = from + 1;
  if (pattern[at] === "^") at++;
  // A bracket that comes first is one of the class.
  if (pattern[at] === "]") at++;
  for (; at < pattern.length; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "[" && pattern[at + 1] === ":") {
      const end = pattern.indexOf(":]", at);
      if (end !== -1) at = end + 1;
    } else if (pattern[at] === "]") return at;
  }
  return undefined;
}

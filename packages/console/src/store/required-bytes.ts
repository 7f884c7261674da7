import type { BytePattern } from "./find-bytes.js";

/*
 * What every text that a regular expression matches holds, told without running it: bytes side by side, to be found first.
 * Fewer than there are, never one too many; only ASCII, since RE2 folds other letters its own way.
 */

/** So many repetitions of one byte are told of at most. */
const MAX_REPEATED = 32;

const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const CLASSES: Readonly<Record<string, string>> = {
  d: DIGITS,
  w: `${DIGITS}${LETTERS}${LETTERS.toUpperCase()}_`,
  s: "\t\n\f\r ",
};

/** A piece of an expression that a repetition may stand behind. */
type Atom = { readonly end: number } & (
  | { readonly kind: "bytes"; readonly bytes: string }
  /** Takes something, or nothing; what is not told. */
  | { readonly kind: "anything" }
  /** Takes nothing: an edge of a word, the end of a group. */
  | { readonly kind: "nothing" }
  /** What is in it begins at `inner`. */
  | { readonly kind: "group"; readonly inner: number }
);

/**
 * For each alternative of a regular expression the patterns that its matches hold, all of them.
 *
 * An alternative without any says that nothing is known.
 */
export function requiredBytes(regex: string): readonly (readonly BytePattern[])[] {
  const alternatives: BytePattern[][] = [[]];
  let pattern: string[] = [];
  const close = (next: readonly string[]): void => {
    if (pattern.length > 0) alternatives.at(-1)!.push(pattern);
    pattern = [...next];
  };
  for (let at = 0; at < regex.length; ) {
    if (regex[at] === "|") {
      close([]);
      alternatives.push([]);
      at++;
      continue;
    }
    const atom = atomAt(regex, at);
    const times = atom && timesAt(regex, atom.end);
    if (atom === undefined || times === undefined) return [[]];
    const isOnce = times.end === atom.end;
    at = times.end;
    if (atom.kind === "bytes" && times.least > 0) {
      const repeated = Math.min(times.least, MAX_REPEATED);
      for (let count = 0; count < repeated; count++) pattern.push(atom.bytes);
      // What may come more often ends one pattern, and begins the next.
      if (!times.exact || repeated < times.least) close(Array<string>(repeated).fill(atom.bytes));
    } else if (atom.kind === "group" && isOnce) at = atom.inner;
    else if (atom.kind !== "nothing" || !isOnce) close([]);
  }
  close([]);
  return alternatives;
}

/** A regular expression as one pattern, where it is nothing but bytes side by side: what holds it matches. */
export function wholePattern(regex: string): BytePattern | undefined {
  const pattern: string[] = [];
  for (let at = 0; at < regex.length; ) {
    const atom = regex[at] === "|" ? undefined : atomAt(regex, at);
    const times = atom && timesAt(regex, atom.end);
    if (atom?.kind !== "bytes" || times?.exact !== true || times.least > MAX_REPEATED) return undefined;
    pattern.push(...Array<string>(times.least).fill(atom.bytes));
    at = times.end;
  }
  return pattern;
}

/** What stands at a place; undefined for what is not worth knowing, and may change what comes behind. */
function atomAt(regex: string, at: number): Atom | undefined {
  const char = regex[at]!;
  const end = at + 1;
  if (char === "(") return groupAt(regex, at);
  if (char === "[") return classAt(regex, at);
  if (char === "\\") return escapeAt(regex, at);
  if (char === "^" || char === "$" || char === ")") return { kind: "nothing", end };
  if (char === "." || char < " " || char > "~") return { kind: "anything", end };
  // A repetition of nothing.
  return "?*+{".includes(char) ? undefined : { kind: "bytes", bytes: char, end };
}

function escapeAt(regex: string, at: number): Atom | undefined {
  const char = regex[at + 1] ?? "";
  const end = at + 2;
  if (Object.hasOwn(CLASSES, char)) return { kind: "bytes", bytes: CLASSES[char]!, end };
  if (/[DSWtnrfva]/.test(char)) return { kind: "anything", end };
  if (/[bBAz]/.test(char)) return { kind: "nothing", end };
  // \Q, \x41, \pL, \C and their like.
  return /[!-/:-@[-`{-~]/.test(char) ? { kind: "bytes", bytes: char, end } : undefined;
}

/** How often the atom before a place has to come. */
function timesAt(
  regex: string,
  at: number,
): { readonly least: number; readonly exact: boolean; readonly end: number } | undefined {
  const char = regex[at];
  const behind = (end: number): number => (regex[end] === "?" ? end + 1 : end);
  if (char === "?" || char === "*") return { least: 0, exact: false, end: behind(at + 1) };
  if (char === "+") return { least: 1, exact: false, end: behind(at + 1) };
  if (char !== "{") return { least: 1, exact: true, end: at };
  const found = /^\{(\d+)(,\d*)?\}/.exec(regex.slice(at, at + 16));
  if (found === null) return undefined;
  return { least: Number(found[1]), exact: found[2] === undefined, end: behind(at + found[0].length) };
}

/** A group; undefined for one with flags, which may change what letters mean. */
function groupAt(regex: string, from: number): Atom | undefined {
  let depth = 0;
  let hasAlternatives = false;
  for (let at = from; at < regex.length; at++) {
    const char = regex[at];
    if (char === "\\") at++;
    else if (char === "[") at = classEnd(regex, at) ?? regex.length;
    else if (char === "|") hasAlternatives = true;
    else if (char === "(") {
      depth++;
      if (begin(regex, at) === undefined) return undefined;
    } else if (char === ")" && --depth === 0) {
      const end = at + 1;
      return hasAlternatives
        ? { kind: "anything", end }
        : { kind: "group", inner: from + begin(regex, from)!, end };
    }
  }
  return undefined;
}

/** How long the beginning of a group is: `(`, `(?:`, `(?P<name>`. */
const begin = (regex: string, at: number): number | undefined =>
  regex[at + 1] === "?" ? /^\(\?(?::|P?<\w+>)/.exec(regex.slice(at, at + 64))?.[0].length : 1;

function classAt(regex: string, from: number): Atom | undefined {
  const close = classEnd(regex, from);
  if (close === undefined) return undefined;
  const end = close + 1;
  const bytes = bytesOfClass(regex.slice(from + 1, close));
  return bytes === undefined ? { kind: "anything", end } : { kind: "bytes", bytes, end };
}

function classEnd(regex: string, from: number): number | undefined {
  let at = from + 1;
  if (regex[at] === "^") at++;
  // A bracket that comes first is one of the class.
  if (regex[at] === "]") at++;
  for (; at < regex.length; at++) {
    if (regex[at] === "\\") at++;
    else if (regex[at] === "[" && regex[at + 1] === ":") {
      const end = regex.indexOf(":]", at);
      if (end !== -1) at = end + 1;
    } else if (regex[at] === "]") return at;
  }
  return undefined;
}

/** The bytes of a class, which are its text without the brackets; undefined where it is more than characters and ranges. */
function bytesOfClass(text: string): string | undefined {
  if (text.startsWith("^") || text.includes("[:") || !/^[ -~]+$/.test(text)) return undefined;
  let bytes = "";
  const atoms = text.match(/\\.|[^\\]/g) ?? [];
  for (let index = 0; index < atoms.length; index++) {
    const first = memberOf(atoms[index]!);
    if (first === undefined) return undefined;
    if (atoms[index + 1] !== "-" || index + 2 >= atoms.length) {
      bytes += first;
      continue;
    }
    const last = memberOf(atoms[index + 2]!);
    if (first.length !== 1 || last?.length !== 1) return undefined;
    for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code++)
      bytes += String.fromCharCode(code);
    index += 2;
  }
  return bytes;
}

function memberOf(atom: string): string | undefined {
  if (atom.length === 1) return atom;
  const char = atom[1]!;
  if (Object.hasOwn(CLASSES, char)) return CLASSES[char];
  return /\w/.test(char) ? undefined : char;
}

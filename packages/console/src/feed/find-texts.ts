/** A stretch of a text: from, to (exclusive). */
export type Stretch = readonly [from: number, to: number];

/** Looks for many texts at once. */
export interface TextFinder {
  /** Every stretch that one of the texts covers, those that overlap or touch joined; empty when there is none. */
  find(text: string): readonly Stretch[];
  /** How many characters at the end of `text` could be the beginning of one of the texts; at least 3, else 0. */
  openEnd(text: string): number;
  /** How many characters at the beginning of `text` could be the end of one of the texts; at least 3, else 0. */
  openStart(text: string): number;
}

const hashBits = 16;
const tableSize = 1 << hashBits;
/** A shorter overlap at the border of two pieces says too little, and would be found everywhere. */
const shortestOverlap = 3;

/**
 * Makes a finder after Wu and Manber: three characters are looked at, and most often as many skipped.
 *
 * Work is bounded by the length of the text times a constant, as long as the texts are short (at most 48 here).
 */
export function createTextFinder(texts: ReadonlySet<string>): TextFinder {
  const list = [...texts];
  const shortest = list.reduce((least, text) => Math.min(least, text.length), 48);
  const shifts = new Uint8Array(tableSize).fill(shortest - 2);
  const candidates = new Map<number, string[]>();
  for (const text of list) {
    for (let at = 2; at < shortest; at++) {
      const hash = hashAt(text, at);
      const shift = shortest - 1 - at;
      if (shift < (shifts[hash] ?? 0)) shifts[hash] = shift;
      if (shift === 0) candidates.set(hash, [...(candidates.get(hash) ?? []), text]);
    }
  }
  // The longest first: the first that fits covers what the others would.
  for (const found of candidates.values()) found.sort((a, b) => b.length - a.length);

  return {
    find: (text) => {
      if (list.length === 0) return none;
      let found: [number, number][] | undefined;
      for (let at = shortest - 1; at < text.length; ) {
        const hash = hashAt(text, at);
        const shift = shifts[hash] ?? 0;
        if (shift > 0) {
          at += shift;
          continue;
        }
        const from = at - shortest + 1;
        const fits = candidates.get(hash)?.find((candidate) => text.startsWith(candidate, from));
        if (fits !== undefined) {
          found ??= [];
          const last = found.at(-1);
          const to = from + fits.length;
          if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
          else found.push([from, to]);
        }
        at += 1;
      }
      return found ?? none;
    },
    openEnd: (text) => longestOverlap(list, (one, length) => text.endsWith(one.slice(0, length))),
    openStart: (text) =>
      longestOverlap(list, (one, length) => text.startsWith(one.slice(one.length - length))),
  };
}

const none: readonly Stretch[] = [];

function hashAt(text: string, at: number): number {
  const hash = (text.charCodeAt(at - 2) << 10) ^ (text.charCodeAt(at - 1) << 5) ^ text.charCodeAt(at);
  return hash & (tableSize - 1);
}

function longestOverlap(list: readonly string[], fits: (one: string, length: number) => boolean): number {
  let longest = 0;
  for (const one of list) {
    for (let length = one.length - 1; length >= shortestOverlap && length > longest; length--) {
      if (fits(one, length)) longest = length;
    }
  }
  return longest;
}

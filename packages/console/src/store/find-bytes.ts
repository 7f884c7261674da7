/** Places where something is found, in order; of those in one line the first at least. */
export type FindBytes = (bytes: Buffer) => readonly number[];

/**
 * What stands side by side: for each byte those that may be there, as the characters of a string that have their codes.
 * `["o", "k", "0123456789"]` is `ok` and a digit.
 */
export type BytePattern = readonly string[];

const NEWLINE = 10;
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));

/** A pair of bytes as a place in a table that fits the processor's nearest memory: of each its lower seven bits. */
const PAIRS = 1 << 14;
const pairOf = (first: number, second: number): number => ((first & 127) << 7) | (second & 127);

/**
 * A search for one pattern in many texts; `folded`: letters of ASCII count in either case.
 *
 * Horspool's, by pairs of bytes: it looks at two in as many as the pattern has, because single ones say little where
 * ids are made of sixteen digits. Node's own search goes by the first byte, which for such an id stands everywhere.
 */
export function createFinder(pattern: BytePattern, folded: boolean): FindBytes {
  const sets = pattern.map((bytes) => setOf(bytes, folded));
  const members = sets.map((set) => [...set.keys()].filter((byte) => set[byte] === 1));
  if (pattern.length < 4 && members.every(({ length }) => length === 1)) {
    const needle = Buffer.from(members.flat());
    return (bytes) => oneByOne(bytes, (from) => bytes.indexOf(needle, from));
  }
  const [only] = sets;
  if (sets.length === 1 && only !== undefined) {
    return (bytes) => oneByOne(bytes, (from) => nextOf(bytes, from, only));
  }
  return createSkipping(sets, members);
}

function oneByOne(bytes: Buffer, next: (from: number) => number): readonly number[] {
  const found: number[] = [];
  for (let at = next(0); at !== -1; at = next(behindLine(bytes, at))) found.push(at);
  return found;
}

/** Where the next line begins: another find in the same one would say nothing new. */
function behindLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(NEWLINE, at);
  return end === -1 ? bytes.length : end + 1;
}

function createSkipping(sets: readonly Uint8Array[], members: readonly (readonly number[])[]): FindBytes {
  const last = sets.length - 1;
  // A step that is too short finds the same, later.
  const longest = Math.min(last, 255);
  const skip = new Uint8Array(PAIRS).fill(longest);
  for (let index = 0; index < last; index++) {
    const step = Math.min(longest, last - 1 - index);
    for (const first of members[index]!) {
      for (const second of members[index + 1]!) skip[pairOf(first, second)] = step;
    }
  }
  /** Looks at the pattern's place that ends with `at`, and answers with the next end. */
  const look = (bytes: Buffer, at: number, found: number[]): number => {
    const step = skip[((bytes[at - 1]! & 127) << 7) | (bytes[at]! & 127)]!;
    if (step > 0) return at + step;
    let index = last;
    while (index >= 0 && sets[index]![bytes[at - last + index]!] === 1) index--;
    if (index >= 0) return at + 1;
    found.push(at - last);
    return behindLine(bytes, at - last) + last;
  };
  return (bytes) => {
    // Both halves at once: each step waits for the memory of the one before, and two wait together.
    const middle = (bytes.length >> 1) + last;
    const end = bytes.length;
    const [front, back]: [number[], number[]] = [[], []];
    let first = last;
    let second = middle;
    while (first < middle && second < end) {
      first = look(bytes, first, front);
      second = look(bytes, second, back);
    }
    while (first < Math.min(middle, end)) first = look(bytes, first, front);
    while (second < end) second = look(bytes, second, back);
    return back.length === 0 ? front : front.concat(back);
  };
}

function setOf(bytes: string, folded: boolean): Uint8Array {
  const set = new Uint8Array(256);
  for (const char of bytes) {
    set[char.charCodeAt(0)] = 1;
    if (!folded || char >= "\x80") continue;
    set[char.toLowerCase().charCodeAt(0)] = 1;
    set[char.toUpperCase().charCodeAt(0)] = 1;
  }
  return set;
}

function nextOf(bytes: Buffer, from: number, set: Uint8Array): number {
  for (let at = from; at < bytes.length; at++) if (set[bytes[at]!] === 1) return at;
  return -1;
}

/** Letters of ASCII in small, in a copy. */
export function lowerCase(bytes: Uint8Array): Buffer {
  const lower = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at++) lower[at] = LOWER[bytes[at]!]!;
  return lower;
}

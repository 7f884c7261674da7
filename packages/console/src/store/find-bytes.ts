/** Finds the next place of a text in bytes from a place on; -1 where there is none. */
export type FindBytes = (bytes: Buffer, from: number) => number;

/** Shorter than this, a search by skipping skips too little. */
const SHORTEST = 4;

const SAME = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));

/**
 * A search for one needle in many texts; `folded`: letters of ASCII count in either case, and the needle has small ones.
 *
 * Horspool's: it looks at one byte in as many as the needle has, and folds only those it looks at. Node's own search goes
 * by the first byte, which for a digit of an id stands everywhere.
 */
export function createFinder(needle: Buffer, folded: boolean): FindBytes {
  const hasLetters = folded && needle.some((byte) => byte >= 97 && byte <= 122);
  if (needle.length < SHORTEST && !hasLetters) return (bytes, from) => bytes.indexOf(needle, from);
  const fold = folded ? LOWER : SAME;
  const last = needle.length - 1;
  const skip = new Uint32Array(256).fill(needle.length);
  for (let index = 0; index < last; index++) skip[needle[index]!] = last - index;
  if (folded) for (let byte = 65; byte <= 90; byte++) skip[byte] = skip[byte + 32]!;
  const end = needle[last]!;
  return (bytes, from) => {
    for (let at = from + last; at < bytes.length; ) {
      const byte = bytes[at]!;
      if (fold[byte] === end) {
        let index = 0;
        while (index < last && fold[bytes[at - last + index]!] === needle[index]) index++;
        if (index === last) return at - last;
      }
      at += skip[byte]!;
    }
    return -1;
  };
}

/** Letters of ASCII in small, in a copy. */
export function lowerCase(bytes: Uint8Array): Buffer {
  const lower = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at++) lower[at] = LOWER[bytes[at]!]!;
  return lower;
}

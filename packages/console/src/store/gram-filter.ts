/*
 * Whether a text may lie in a block, told without decompressing it: a bitmap of hashes of short pieces ("grams").
 *
 * Two kinds go in. All pieces of three bytes tell words that are not in the block. Pieces of three bytes do not tell ids
 * apart (each of the 4,096 of hexadecimal digits is in every block), and of longer ones there are too many; so of those
 * of five bytes only the ones with the least hash among eight neighbours go in ("winnowing", Schleimer, Wilkerson and
 * Aiken, 2003): a quarter of them, and every text of twelve bytes holds at least one, the same wherever it stands.
 */

const SHORT = 3;
const LONG = 5;
const WINDOW = 8;
/** A text as long as this has at least one long gram in the filter. */
const LONG_NEEDLE = LONG + WINDOW - 1;
const NEWLINE = 10;

/** Bits of the bitmap before it is folded. */
const FULL_BITS = 1 << 21;
const MIN_BITS = 1 << 9;
/** A bitmap is folded to half while no more than this share of its bits would be set. */
const MAX_SHARE = 0.3;

const bitmap = new Uint32Array(FULL_BITS / 32);
const recent = new Int32Array(WINDOW);

/** The filter of lines that are separated by a newline, case folded. Its length is a power of two. */
export function createGramFilter(lines: Uint8Array): Buffer {
  bitmap.fill(0);
  let hashes = new Uint32Array(4096);
  for (let from = 0; from < lines.length; ) {
    let end = lines.indexOf(NEWLINE, from);
    if (end === -1) end = lines.length;
    if ((end - from) * 2 > hashes.length) hashes = new Uint32Array((end - from) * 2);
    const count = hashGrams(lines, from, end, hashes);
    for (let index = 0; index < count; index++) {
      const hash = hashes[index]!;
      bitmap[(hash & (FULL_BITS - 1)) >>> 5]! |= 1 << (hash & 31);
    }
    from = end + 1;
  }
  let words = bitmap.length;
  const folded = bitmap.slice();
  while (words * 32 > MIN_BITS) {
    const half = words / 2;
    let set = 0;
    for (let index = 0; index < half; index++) set += ones(folded[index]! | folded[index + half]!);
    if (set > half * 32 * MAX_SHARE) break;
    for (let index = 0; index < half; index++) folded[index]! |= folded[index + half]!;
    words = half;
  }
  return Buffer.from(folded.buffer, 0, words * 4);
}

/** What a filter is asked for a text, case folded, without a newline in it. */
export function gramsOf(needle: Uint8Array): Uint32Array {
  const hashes = new Uint32Array(needle.length * 2);
  return Uint32Array.from(new Set(hashes.subarray(0, hashGrams(needle, 0, needle.length, hashes))));
}

/** False: the text is not there. True: it may be. */
export function mayHold(filter: Buffer, grams: Uint32Array): boolean {
  const mask = filter.length * 8 - 1;
  for (const hash of grams) {
    const bit = hash & mask;
    if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Writes the hashes of all grams between two places, and answers with how many there are. */
function hashGrams(bytes: Uint8Array, from: number, end: number, into: Uint32Array): number {
  let written = 0;
  for (let at = from; at + SHORT <= end; at++) {
    into[written++] = mix(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16));
  }
  if (end - from < LONG_NEEDLE) return written;
  let least = 0;
  let leastAt = -1;
  for (let at = from, count = 0; at + LONG <= end; at++, count++) {
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const hash = mix(Math.imul(low, 0x9e3779b1) ^ (bytes[at + 4]! + 0x5bd1e995));
    recent[count % WINDOW] = hash;
    let changed = false;
    if (leastAt === -1 || hash < least) {
      least = hash;
      leastAt = count;
      changed = true;
    } else if (leastAt <= count - WINDOW) {
      // The least has left the window: it is looked for again.
      least = hash;
      leastAt = count;
      for (let back = count - WINDOW + 1; back < count; back++) {
        const other = recent[back % WINDOW]!;
        if (other < least) {
          least = other;
          leastAt = back;
        }
      }
      changed = true;
    }
    if (count === WINDOW - 1 || (changed && count >= WINDOW)) into[written++] = least;
  }
  return written;
}

/** The end of MurmurHash3. */
function mix(value: number): number {
  let hash = value;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

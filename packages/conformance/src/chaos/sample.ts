/**
 * Chooses `count` of a list, in the list's own order; the same seed chooses the same.
 *
 * With a count of the list's length or more, the list comes back whole.
 */
export function sample<T>(list: readonly T[], count: number, seed: number): T[] {
  const random = randomNumbers(seed);
  const keys = list.map(() => random());
  const limit = [...keys].sort((a, b) => a - b)[count] ?? Number.POSITIVE_INFINITY;
  return list.filter((_, index) => (keys[index] ?? 0) < limit);
}

/** A small generator of numbers from 0 to 1 with a seed (mulberry32), so that a failing choice can be had again. */
export function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed, 2654435761);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

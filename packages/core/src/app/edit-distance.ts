/**
 * How many letters have to be inserted, removed, replaced or swapped with their neighbour to make `b` out of `a`.
 *
 * A swap counts once, because it is what fingers do: `wroker` is one step from `worker`.
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforePrevious[column - 2]! + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** Longer ones are no misspelling of anything, and comparing them would take time. */
const longestName = 64;

/**
 * The candidate that `name` was most likely meant to be, or undefined when none is near enough.
 *
 * Near is a third of the letters at most, upper and lower case being the same: `memmory` finds `memory`, `db` does
 * not find `web`.
 */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > longestName) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate.length > longestName || candidate === name) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3));
    if (distance <= allowed && distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * A hint for a name that is not among the known ones: the likely one first, else the list of them.
 *
 * `none` is said when there is nothing to choose from.
 */
export function suggest(name: string, candidates: readonly string[], none: string): string {
  const near = closest(name, candidates);
  if (near !== undefined) return `Did you mean "${near}"?`;
  if (candidates.length === 0) return none;
  return `Known: ${[...candidates].sort().join(", ")}.`;
}

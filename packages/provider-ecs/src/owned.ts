import type { Context, Owned, OwnedOptions, Scope } from "@deploy/core";

/** What an element contributes to `owned`: everything of its kind that carries our tags. One wave of reads, paged to the end. */
export type Finder = (context: Context, scope: Scope, options: OwnedOptions) => Promise<readonly Owned[]>;

/** Everything of a scope that AWS holds: all finders in parallel, each id once. */
export function createOwned(
  finders: readonly Finder[],
): (context: Context, scope: Scope, options?: OwnedOptions) => Promise<readonly Owned[]> {
  return async (context, scope, options = {}) => {
    const found = await Promise.all(finders.map((find) => find(context, scope, options)));
    const byId = new Map<string, Owned>();
    for (const owned of found.flat()) if (!byId.has(owned.id)) byId.set(owned.id, owned);
    return [...byId.values()];
  };
}

import type { Context, Owned, OwnedOptions, Scope } from "@deploy/core";

/**
 * Something of ours, as a finder found it. `standsAlone`: it goes on without the cluster and its security groups (a
 * managed database), so that keeping it keeps nothing else.
 */
export interface Found extends Owned {
  readonly standsAlone?: true;
}

/** What an element contributes to `owned`: everything of its kind that carries our tags. One wave of reads, paged to the end. */
export type Finder = (context: Context, scope: Scope, options: OwnedOptions) => Promise<readonly Found[]>;

/**
 * Everything of a scope that AWS holds: all finders in parallel, each id once. What they stand on (`foundation`) goes after
 * the processes, routes and add-ons, without their having to know each other.
 */
export function createOwned(
  finders: readonly Finder[],
  foundation: Finder,
): (context: Context, scope: Scope, options?: OwnedOptions) => Promise<readonly Owned[]> {
  return async (context, scope, options = {}) => {
    const [ground, ...found] = await Promise.all(
      [foundation, ...finders].map((find) => find(context, scope, options)),
    );
    const above = found.flat();
    const first = above
      .filter((one) => one.standsAlone !== true && standing.has(one.element))
      .map(({ id }) => id);
    const below = (ground ?? []).map((one) => ({ ...one, after: [...(one.after ?? []), ...first] }));
    const byId = new Map<string, Owned>();
    for (const { standsAlone: _alone, ...owned } of [...above, ...below]) {
      if (!byId.has(owned.id)) byId.set(owned.id, owned);
    }
    return [...byId.values()];
  };
}

/** Elements whose things stand in the cluster, in the security groups, or use the roles. */
const standing: ReadonlySet<string> = new Set(["containers", "ingress", "addons"]);

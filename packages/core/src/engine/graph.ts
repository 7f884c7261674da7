import { DeployError } from "../errors.js";
import { sameData } from "./compare.js";
import { findOuts } from "./late.js";
import type { AnyResource } from "./resource.js";

/** One resource in a graph. */
export interface GraphNode {
  readonly index: number;
  readonly resource: AnyResource;
  /** Whether some leaf of `desired` is late. */
  readonly late: boolean;
  /** Indexes of what its data comes from. */
  readonly needs: readonly number[];
  /** Indexes of everything that has to be there first: `needs` and `after`. */
  readonly dependencies: readonly number[];
}

/** All resources that are reachable from some roots. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly byId: ReadonlyMap<string, GraphNode>;
  /** Indexes, dependencies first, and what is foreseen. */
  readonly order: readonly number[];
}

interface Draft {
  readonly resource: AnyResource;
  late: boolean;
  /** With repetitions, which are dropped in the end: ten thousand sets would cost more than the graph. */
  readonly needs: number[];
  readonly dependencies: number[];
  readonly foreseen: number[];
}

/**
 * Collects everything the roots depend on, through late leaves of `desired` and through `after`.
 *
 * Two resources of one id and equal `desired` are one: the first object is used, the preconditions of both hold.
 *
 * @throws DeployError `plan.conflicting-resource` when one id is desired in two ways; `plan.cycle`.
 */
export function collectGraph(roots: readonly AnyResource[]): Graph {
  const drafts: Draft[] = [];
  const byId = new Map<string, number>();
  const byObject = new Map<AnyResource, number>();
  const open: AnyResource[] = [];

  const indexOf = (resource: AnyResource): number => {
    const known = byObject.get(resource);
    if (known !== undefined) return known;
    const twin = byId.get(resource.id);
    const index = twin ?? drafts.length;
    if (twin === undefined) {
      drafts.push({ resource, late: false, needs: [], dependencies: [], foreseen: [] });
      byId.set(resource.id, index);
    } else refuseConflict(drafts[twin]!.resource, resource);
    byObject.set(resource, index);
    open.push(resource);
    return index;
  };

  // A list instead of recursion: a chain may be longer than the stack.
  for (const root of roots) indexOf(root);
  for (let at = 0; at < open.length; at += 1) {
    const resource = open[at]!;
    const draft = drafts[byObject.get(resource)!]!;
    for (const out of findOuts(resource.desired)) {
      draft.late = true;
      for (const need of out.needs) {
        const index = indexOf(need);
        draft.needs.push(index);
        draft.dependencies.push(index);
      }
    }
    for (const earlier of resource.after ?? []) draft.dependencies.push(indexOf(earlier));
    for (const seen of resource.foresees ?? []) draft.foreseen.push(indexOf(seen));
  }

  const nodes = drafts.map((draft, index) => ({
    index,
    resource: draft.resource,
    late: draft.late,
    needs: unique(draft.needs),
    dependencies: unique(draft.dependencies),
  }));
  // What is foreseen is decided first; it adds to the order of the plan, not to that of the run.
  const order = orderOf(
    nodes.map(({ dependencies, index }) =>
      drafts[index]!.foreseen.length === 0 ? dependencies : [...dependencies, ...drafts[index]!.foreseen],
    ),
  );
  if (order.cycle !== undefined) throw cycleError(order.cycle.map((index) => nodes[index]!.resource.id));
  return { nodes, byId: new Map(nodes.map((node) => [node.resource.id, node])), order: order.indexes };
}

/** Dependencies first, or a cycle: its members in the order in which they depend on each other. */
export function orderOf(dependencies: readonly (readonly number[])[]): {
  readonly indexes: readonly number[];
  readonly cycle?: readonly number[];
} {
  const dependents = invert(dependencies);
  const missing = dependencies.map((list) => list.length);
  const indexes = missing.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let at = 0; at < indexes.length; at += 1) {
    for (const dependent of dependents[indexes[at]!]!) {
      missing[dependent]! -= 1;
      if (missing[dependent] === 0) indexes.push(dependent);
    }
  }
  if (indexes.length === dependencies.length) return { indexes };
  // Whoever still misses something depends on another such one: following that leads round the cycle.
  const path: number[] = [];
  const seen = new Map<number, number>();
  let at = missing.findIndex((count) => count > 0);
  while (!seen.has(at)) {
    seen.set(at, path.length);
    path.push(at);
    at = dependencies[at]!.find((dependency) => missing[dependency]! > 0)!;
  }
  return { indexes, cycle: path.slice(seen.get(at)!) };
}

/** For each index, who depends on it. */
export function invert(dependencies: readonly (readonly number[])[]): number[][] {
  const dependents: number[][] = dependencies.map(() => []);
  dependencies.forEach((list, index) => {
    for (const dependency of list) dependents[dependency]!.push(index);
  });
  return dependents;
}

/** The length of the longest way from each index to the end, itself included: what has the most before it goes first. */
export function pathLengths(
  dependencies: readonly (readonly number[])[],
  order: readonly number[],
  weight: (index: number) => number,
): readonly number[] {
  const lengths = dependencies.map((_, index) => weight(index));
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const index = order[at]!;
    for (const dependency of dependencies[index]!) {
      lengths[dependency] = Math.max(lengths[dependency]!, lengths[index]! + weight(dependency));
    }
  }
  return lengths;
}

/** The error for resources that wait for each other. */
export function cycleError(ids: readonly string[]): DeployError {
  return new DeployError({
    code: "plan.cycle",
    message: `These resources wait for each other: ${[...ids, ids[0]].join(" → ")}.`,
    hint: "Split one of them in two, the part that the others need and the part that needs the others.",
    details: { cycle: ids },
  });
}

function unique(indexes: readonly number[]): readonly number[] {
  return indexes.length < 2 ? indexes : [...new Set(indexes)];
}

function refuseConflict(first: AnyResource, second: AnyResource): void {
  if (sameData(first.desired, second.desired)) return;
  throw new DeployError({
    code: "plan.conflicting-resource",
    message: `"${first.id}" is desired in two different ways (${first.label}; ${second.label}).`,
    hint: "Give the two different names, or declare it once with everything it should be.",
    details: { id: first.id },
  });
}

import type { ElementName } from "../elements/scope.js";
import { cycleError, orderOf } from "./graph.js";
import type { KeptResource, PlanBlock, PlannedChange } from "./plan.js";
import type { Owned } from "./resource.js";

/** Above this part of a collection a prune looks like a mistake. */
const deletionThreshold = 0.3;
/** Below this size a collection has no threshold: one of three is no mistake. */
const smallestCollection = 10;

/** What will be removed, what stays, and in which order. */
export interface Removals {
  /** In an order that works: what is needed by nobody left, first; DNS records before everything else. */
  readonly remove: readonly Owned[];
  readonly kept: readonly KeptResource[];
}

/** Splits what is ours and not wanted into what is removed and what is kept. */
export function decideRemovals(unwanted: readonly Owned[], deleteData: readonly string[]): Removals {
  const byId = new Map<string, Owned>();
  for (const owned of unwanted) if (!byId.has(owned.id)) byId.set(owned.id, owned);
  const all = [...byId.values()];
  const kept = new Map<string, KeptResource>();
  for (const owned of all) {
    const reason = reasonToKeep(owned, deleteData);
    if (reason !== undefined) kept.set(owned.id, { id: owned.id, label: owned.label, reason });
  }
  const order = removalOrder(all);
  // In the order of removal, so that what stays keeps what it stands on, however long the chain.
  for (const owned of order) {
    if (kept.has(owned.id)) continue;
    const holder = owned.after?.find((id) => kept.has(id));
    if (holder === undefined) continue;
    const reason = `still needed by ${kept.get(holder)!.label}, which is kept`;
    kept.set(owned.id, { id: owned.id, label: owned.label, reason });
  }
  return { remove: order.filter((owned) => !kept.has(owned.id)), kept: [...kept.values()] };
}

/** For each removal the indexes of those that must be gone first. */
export function removalDependencies(removals: readonly Owned[]): readonly (readonly number[])[] {
  const indexes = new Map(removals.map((owned, index) => [owned.id, index]));
  return removals.map((owned, index) => {
    const first = new Set<number>();
    for (const id of owned.after ?? []) {
      const other = indexes.get(id);
      if (other === undefined || other === index) continue;
      // Names go before everything else, whatever they are said to need: a dangling name can be taken over.
      if (isName(owned) && !isName(removals[other]!)) continue;
      first.add(other);
    }
    return [...first];
  });
}

/** Whether it is a DNS record. */
export function isName(owned: { readonly element: ElementName }): boolean {
  return owned.element === "dns";
}

/** Blocks for every collection of which more than the threshold would go. */
export function thresholdBlocks(owned: readonly Owned[], removals: readonly Owned[]): readonly PlanBlock[] {
  const size = countByCollection(owned);
  const going = countByCollection(removals);
  const blocks: PlanBlock[] = [];
  for (const [collection, count] of going) {
    const total = size.get(collection) ?? 0;
    if (total < smallestCollection || count <= total * deletionThreshold) continue;
    blocks.push({
      id: collection,
      code: "plan.too-many-deletions",
      message: `${count} of ${total} would be deleted in ${collection}, more than 30 %.`,
      hint: "Look through the deletions; when they are all meant, run again with --force.",
    });
  }
  return blocks;
}

/** Names given to `deleteData` that nothing goes by. */
export function unusedNames(owned: readonly Owned[], deleteData: readonly string[]): readonly string[] {
  return deleteData.filter((name) => !owned.some((one) => namesOf(one).includes(name)));
}

/** A removal as a change of a plan. */
export function removalChange(owned: Owned, after: readonly string[]): PlannedChange {
  return {
    id: owned.id,
    label: owned.label,
    provider: owned.provider,
    element: owned.element,
    action: "delete",
    verb: "delete",
    fields: [],
    after,
    ...(owned.holdsData === undefined ? {} : { holdsData: owned.holdsData }),
  };
}

function reasonToKeep(owned: Owned, deleteData: readonly string[]): string | undefined {
  if (owned.shared === true) return "shared with others who still use it";
  if (owned.holdsData === undefined || namesOf(owned).some((name) => deleteData.includes(name)))
    return undefined;
  return `holds data (${owned.holdsData}); to delete it, name it: --delete-data ${shortName(owned)}`;
}

function namesOf(owned: Owned): readonly string[] {
  return [owned.id, owned.label, owned.id.slice(owned.id.lastIndexOf("/") + 1), shortName(owned)];
}

function shortName(owned: Owned): string {
  const text = (owned.holdsData ?? owned.label).trim();
  return text.slice(text.lastIndexOf(" ") + 1);
}

function removalOrder(all: readonly Owned[]): readonly Owned[] {
  const order = orderOf(removalDependencies(all));
  if (order.cycle !== undefined) throw cycleError(order.cycle.map((index) => all[index]!.id));
  const sorted = order.indexes.map((index) => all[index]!);
  return [...sorted.filter(isName), ...sorted.filter((owned) => !isName(owned))];
}

function countByCollection(owned: readonly Owned[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of owned) {
    const collection = `${one.provider}/${one.element}`;
    counts.set(collection, (counts.get(collection) ?? 0) + 1);
  }
  return counts;
}

import { decideAll, type NodeState } from "./decide.js";
import { digestOf } from "./digest.js";
import { collectGraph, type Graph } from "./graph.js";
import { isOut, UNKNOWN } from "./out.js";
import type { Plan, PlanBlock, PlannedChange } from "./plan.js";
import { internals, type PlanInput, type Preparation, type PreparedPlan } from "./prepared.js";
import { decideRemovals, removalChange, removalDependencies, thresholdBlocks, unusedNames } from "./prune.js";
import { createLimiters } from "./rate-limit.js";
import { readWave, timeOf } from "./read-wave.js";
import type { AnyResource, Owned } from "./resource.js";
import { createScrubber, type Scrubber } from "./scrub.js";

/**
 * Makes a plan: everything is read in one parallel wave, then compared with what is desired. Changes nothing.
 *
 * @throws DeployError `plan.conflicting-resource`, `plan.cycle`, or what a read failed with. What merely keeps the
 * plan from being applied is in `plan.blocks` instead.
 */
export async function preparePlan(input: PlanInput): Promise<PreparedPlan> {
  const graph = collectGraph(input.resources);
  const limiters = input.limiters ?? createLimiters(input.providers, input.context.clock);
  const resources = graph.nodes.map((node) => node.resource);
  const owners = input.prune ? input.providers.filter((provider) => provider.owned !== undefined) : [];
  const { scope, context, emit } = input;
  const wave = await readWave({ scope, resources, owners, context, limiters, emit });

  const blocks: PlanBlock[] = [...(input.blocks ?? [])];
  const adopt = input.options?.adopt ?? [];
  const deleteData = input.options?.deleteData ?? [];
  const states = decideAll(graph, wave.observed, new Set(adopt), blocks);
  const unwanted = wave.owned.filter((owned) => owned.history !== true && !graph.byId.has(owned.id));
  const { remove, kept } = decideRemovals(unwanted, deleteData);
  if (input.options?.force !== true) blocks.push(...thresholdBlocks(wave.owned, remove));

  const changes = [...plannedChanges(graph, states), ...removalChanges(remove)];
  const notes = [
    ...(input.notes ?? []),
    ...adopt
      .filter((id) => !graph.byId.has(id))
      .map((id) => `Nothing here is called ${id}, so nothing was adopted by it.`),
    ...(input.prune ? unusedNames(unwanted, deleteData) : []).map(
      (name) => `No data that would be lost is called ${name}.`,
    ),
  ];
  const scrubber = createScrubber();
  for (const state of states) {
    scrubber.learn(state.late);
    scrubber.learn(state.observed);
  }
  const plan: Plan = {
    spec: 1,
    app: input.scope.app,
    environment: input.scope.environment,
    operation: input.operation,
    createdAt: timeOf(input.context),
    identities: (await input.identities) ?? {},
    changes: changes.map((change) => withoutSecrets(change, scrubber)),
    unchanged: states.reduce((count, state) => (state.action === undefined ? count + 1 : count), 0),
    kept,
    blocks: blocks.map((block) => ({ ...block, ...scrubber.data(wordsOf(block)) })),
    notes,
    desired: Object.fromEntries(resources.map((resource) => [resource.id, digestOf(resource.desired)])),
  };
  return prepared(plan, { input, graph, states, remove, limiters, scrubber });
}

/** Ids stay as they are even where a secret is the same word: they are what a plan is compared by. */
function withoutSecrets(change: PlannedChange, scrubber: Scrubber): PlannedChange {
  if (change.fields.length === 0 && change.reason === undefined) return change;
  const fields = scrubber.data(change.fields);
  return {
    ...change,
    fields,
    ...(change.reason === undefined ? {} : { reason: scrubber.text(change.reason) }),
  };
}

function wordsOf(block: PlanBlock): Pick<PlanBlock, "message" | "hint"> {
  return { message: block.message, ...(block.hint === undefined ? {} : { hint: block.hint }) };
}

/** The plan with what is needed to apply it. */
export function prepared(plan: Plan, preparation: Preparation): PreparedPlan {
  const { graph, states } = preparation;
  const look = (resource: AnyResource): unknown => {
    const node = graph.byId.get(resource.id);
    return node === undefined ? UNKNOWN : states[node.index]!.output;
  };
  return {
    plan,
    limiters: preparation.limiters,
    resolve: (value) => (isOut(value) ? value.resolve(look) : value),
    observed: (resource) => {
      const node = graph.byId.get(resource.id);
      return node === undefined ? undefined : states[node.index]!.observed;
    },
    [internals]: preparation,
  };
}

/** The removals as changes, each with those of them that have to be done first. */
export function removalChanges(remove: readonly Owned[]): readonly PlannedChange[] {
  const dependencies = removalDependencies(remove);
  return remove.map((owned, index) =>
    removalChange(
      owned,
      dependencies[index]!.map((first) => remove[first]!.id),
    ),
  );
}

function plannedChanges(graph: Graph, states: readonly NodeState[]): readonly PlannedChange[] {
  const nearest: (readonly string[])[] = new Array(graph.nodes.length);
  const changes: PlannedChange[] = [];
  for (const index of graph.order) {
    const node = graph.nodes[index]!;
    nearest[index] = changesBefore(node.dependencies, graph, states, nearest);
    const { action, verb, fields, reason } = states[index]!;
    if (action === undefined) continue;
    const { id, label, provider, element } = node.resource;
    const after = nearest[index];
    changes.push({
      id,
      label,
      provider,
      element,
      action,
      verb,
      fields,
      ...(reason === undefined ? {} : { reason }),
      after,
    });
  }
  return changes;
}

/** The changes among the dependencies; an unchanged one passes on those before it, as the same list where it can. */
function changesBefore(
  dependencies: readonly number[],
  graph: Graph,
  states: readonly NodeState[],
  nearest: readonly (readonly string[])[],
): readonly string[] {
  const lists = dependencies.map((dependency) =>
    states[dependency]!.action === undefined ? nearest[dependency]! : [graph.nodes[dependency]!.resource.id],
  );
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  return [...new Set(filled.flat())];
}

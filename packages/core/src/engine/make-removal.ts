import { collectGraph } from "./graph.js";
import { prepared, removalChanges } from "./make-plan.js";
import type { PreparedPlan, RemovalInput } from "./prepared.js";
import { decideRemovals, unusedNames } from "./prune.js";
import { createLimiters } from "./rate-limit.js";
import { readWave, timeOf } from "./read-wave.js";
import { createScrubber } from "./scrub.js";

/** Makes the plan of a `down`: everything we own in this scope, DNS records first, data kept unless it is named. */
export async function prepareRemoval(input: RemovalInput): Promise<PreparedPlan> {
  const limiters = input.limiters ?? createLimiters(input.providers, input.context.clock);
  const owners = input.providers.filter((provider) => provider.owned !== undefined);
  const { scope, context, emit } = input;
  const wave = await readWave({ scope, resources: [], owners, context, limiters, emit });
  const deleteData = input.options?.deleteData ?? [];
  const { remove, kept } = decideRemovals(wave.owned, deleteData);
  const unused = unusedNames(wave.owned, deleteData);
  const plan = {
    spec: 1 as const,
    app: scope.app,
    environment: scope.environment,
    operation: "down" as const,
    createdAt: timeOf(context),
    identities: (await input.identities) ?? {},
    changes: removalChanges(remove),
    unchanged: 0,
    kept,
    blocks: input.blocks ?? [],
    notes: [...(input.notes ?? []), ...unused.map((name) => `No data that would be lost is called ${name}.`)],
    desired: {},
  };
  return prepared(plan, {
    input,
    graph: collectGraph([]),
    states: [],
    remove,
    limiters,
    scrubber: createScrubber(),
  });
}

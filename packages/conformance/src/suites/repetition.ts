import assert from "node:assert/strict";
import { type Scenario, skip } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { assertSettledApp, composed, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";
import { faultyFetch } from "../workbench/faulty-fetch.js";
import { whole } from "./composition.js";

/*
 * What a subject claims may be sent twice is not held against a provider that does so. Here the claim is tried: whoever
 * calls everything repeatable, to get its double writes past the kit, is caught by what they leave.
 */

/** What is sent twice by the kit does at the vendor what it would do once. */
export const repetition: readonly Scenario[] = [
  defineScenario({
    name: "provider: composed, every request that may be sent twice is sent twice, and there is nothing twice",
    element: "provider",
    async try(bench) {
      const wanted = whole(bench);
      const faulty = faultyFetch(bench.subject, bench.context().fetch, ({ reads, repeatable }) =>
        !reads && repeatable ? { kind: "twice" } : undefined,
      );
      await up(bench, composed(bench, { ...wanted, fetch: faulty.fetch }));
      const changed = { ...wanted, config: { GREETING: "other" } };
      await up(bench, composed(bench, { ...changed, fetch: faulty.fetch }));
      if (!faulty.seen.some(({ reads, repeatable }) => !reads && repeatable))
        skip("no request of context.fetch is said to be safe to repeat");
      await assertSettledApp(bench, changed);
      await assertNothingTwice(bench);
      if (bench.provider.containers === undefined) return;
      const releases = await composed(bench, changed).releases();
      assert.equal(releases.length, 2, "two deployments have made more than two releases");
    },
  }),
];

/** Clearing away, which follows, sees what nobody lists. */
async function assertNothingTwice(bench: Bench): Promise<void> {
  const ids = (await bench.owned()).map(({ id }) => id);
  assert.deepEqual([...ids].sort(), [...new Set(ids)].sort(), "the vendor holds something twice");
  const held = (await bench.subject.fixtures?.inspect?.(bench.scope, bench.context())) ?? [];
  assert.deepEqual([...held].sort(), [...new Set(held)].sort(), "the vendor holds something twice");
}

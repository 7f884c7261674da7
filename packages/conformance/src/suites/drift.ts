import assert from "node:assert/strict";
import type { Scenario } from "../scenario.js";
import type { Subject } from "../subject.js";
import { assertSettledApp, composed, planOf, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

/** One scenario for each kind of resource that the author can change by hand, and one for each foreign thing. */
export function driftScenarios(subject: Subject): readonly Scenario[] {
  const { tamper = {}, foreign = {} } = subject.fixtures ?? {};
  return [...Object.keys(tamper).map(driftOf), ...Object.keys(foreign).map(adoptionOf)];
}

function driftOf(kind: string): Scenario {
  return defineScenario({
    name: `provider: drift of ${kind}, made by hand, is shown by the next plan and mended by the next run`,
    element: "provider",
    fixtures: ["tamper"],
    async try(bench) {
      const wanted = { domains: true, addon: bench.provider.addons !== undefined };
      await up(bench, composed(bench, wanted));
      await assertSettledApp(bench, wanted);
      await bench.fixture("tamper")[kind]!(bench.scope, bench.context());
      const plan = await planOf(bench, composed(bench, wanted));
      assert.notDeepEqual(plan.changes, [], `${kind} was changed by hand, and the plan does not see it`);
      await up(bench, composed(bench, wanted));
      await assertSettledApp(bench, wanted, "planned after it was mended");
    },
  });
}

function adoptionOf(kind: string): Scenario {
  return defineScenario({
    name: `provider: foreign ${kind} blocks the plan, is not touched, and is adopted by word only`,
    element: "provider",
    fixtures: ["foreign"],
    async try(bench) {
      const { id: idOf, plant, untouched, remove } = bench.fixture("foreign")[kind]!;
      const id = idOf(bench.scope);
      await plant(bench.scope, bench.context());
      try {
        const wanted = { domains: true, addon: bench.provider.addons !== undefined };
        const plan = await planOf(bench, composed(bench, wanted));
        assert.ok(
          plan.blocks.some((block) => block.id === id),
          `${id} is foreign, and the plan is not blocked by it (blocks: ${plan.blocks.map((block) => block.id).join(", ")})`,
        );
        await bench.failure("a deployment over something foreign", () => up(bench, composed(bench, wanted)));
        assert.ok(await untouched(bench.scope, bench.context()), "it was changed although nobody said so");
        assert.ok(!(await bench.owned()).some((one) => one.id === id), "owned() lists something foreign");
        await up(bench, composed(bench, wanted), { adopt: [id] });
        await assertSettledApp(bench, wanted);
        assert.ok(
          (await bench.owned()).some((one) => one.id === id),
          "adopted, it is still not ours",
        );
      } finally {
        await remove(bench.scope, bench.context());
      }
    },
  });
}

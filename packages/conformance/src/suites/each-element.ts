import assert from "node:assert/strict";
import type { AnyResource, Provider } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { assertEmpty, type Bench } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";
import { killEverywhere, repeating } from "../workbench/interrupt.js";
import { type Alone, alone } from "./alone.js";

/** What holds for every element alone: planned, made, changed, removed, each of them repeated and interrupted. */
export const eachElement: readonly Scenario[] = alone.flatMap(scenariosOf);

function scenariosOf(one: Alone): readonly Scenario[] {
  const { element, requires, fixtures } = one;
  const described = { element, requires, ...(fixtures === undefined ? {} : { fixtures }) };
  return [
    defineScenario({
      ...described,
      name: `${element}: planning changes nothing, and planned again after applying there is nothing to do`,
      async try(bench) {
        await one.prepare?.(bench);
        const before = idsOf(await bench.owned());
        const first = await bench.plan(await one.first(bench, bench.provider));
        assert.deepEqual(first.plan.blocks, []);
        assert.deepEqual(idsOf(await bench.owned()), before, "a plan has made something");
        await bench.apply(await one.first(bench, bench.provider));
        await settled(bench, one, bench.freshProvider());
      },
    }),
    defineScenario({
      ...described,
      name: `${element}: made twice there is one, and changed twice it is as it should be`,
      async try(bench) {
        await one.prepare?.(bench);
        await bench.apply(await one.first(bench, repeating(bench.freshProvider())));
        await settled(bench, one, bench.freshProvider());
        assertUnique(idsOf(await bench.owned()));
        if (one.second === undefined) return;
        const { plan } = await bench.plan(await one.second(bench, bench.freshProvider()));
        assert.notDeepEqual(plan.changes, [], "the plan does not see that something else is wanted");
        await bench.apply(await one.second(bench, repeating(bench.freshProvider())));
        await bench.assertSettled(await one.second(bench, bench.freshProvider()));
        assertUnique(idsOf(await bench.owned()));
      },
    }),
    defineScenario({
      ...described,
      name: `${element}: removed twice it is gone, and removing what is not there is fine`,
      async try(bench) {
        await one.prepare?.(bench);
        const made = await one.first(bench, bench.provider);
        await bench.apply(made);
        const owned = (await bench.owned()).filter((thing) => thing.element === element);
        const isShared = owned.length === 0 && (await isShownToOthers(bench, one));
        assert.ok(owned.length > 0 || isShared, `owned() does not list what ${element} has made`);
        // Handles of a second look: what they lead to is gone when they are used.
        const stale = (await bench.owned()).filter((thing) => thing.element === element);
        for (const thing of [...owned, ...owned, ...stale]) await thing.remove(bench.context());
        const left = (await bench.owned()).filter(
          (thing) => thing.element === element && thing.shared !== true,
        );
        assert.deepEqual(idsOf(left), [], "it is still there after it was removed");
      },
    }),
    defineScenario({
      ...described,
      name: `${element}: killed between any two calls, the next run finishes it`,
      async try(bench) {
        await one.prepare?.(bench);
        await killEverywhere(bench, async (provider) => bench.apply(await one.first(bench, provider)));
        await settled(bench, one, bench.freshProvider());
        assertUnique(idsOf(await bench.owned()));
      },
    }),
  ];
}

async function settled(bench: Bench, one: Alone, provider: Provider): Promise<void> {
  const { plan } = await bench.plan(await one.first(bench, provider), { provider });
  assertEmpty(plan);
}

/** Whether its resources have the same ids in every scope: such things are the account's, and no scope owns them. */
async function isShownToOthers(bench: Bench, one: Alone): Promise<boolean> {
  const other = { app: bench.scope.app, environment: "another" };
  const [own, others] = await Promise.all([
    one.first(bench, bench.provider),
    one.first(bench, bench.provider, other),
  ]);
  return idsOf(own).every((id) => idsOf(others).includes(id));
}

function idsOf(things: readonly (Pick<AnyResource, "id"> & object)[]): readonly string[] {
  return things.map(({ id }) => id).sort();
}

function assertUnique(ids: readonly string[]): void {
  const doubles = ids.filter((id, index) => ids.indexOf(id) !== index);
  assert.deepEqual(doubles, [], "the vendor holds something twice");
}

import assert from "node:assert/strict";
import { type CostEstimate, isSupported } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { addonKind, composed } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "costs" as const;

/** The estimate for the composed app, asked of the provider itself. */
function estimate(bench: Bench, instances: number, addon = false): Promise<CostEstimate> {
  const { environment } = composed(bench, { instances, addon });
  return bench.part("costs").estimate(bench.context(), environment);
}

function total({ items }: CostEstimate): number {
  return items.reduce((sum, { quantity, monthly }) => sum + quantity * monthly, 0);
}

/** Costs: an honest price before it is paid. */
export const costs: readonly Scenario[] = [
  defineScenario({
    name: "costs: an estimate says its currency, date and source, what it counts and what it leaves out",
    element,
    requires: ["costs"],
    async try(bench) {
      const found = await estimate(bench, 1);
      assert.match(found.currency, /^[A-Z]{3}$/, "the currency is no code of three letters");
      assert.match(found.pricesOf, /^\d{4}-\d{2}-\d{2}/, "pricesOf is no date");
      assert.ok(found.source.trim() !== "", "there is no source");
      assert.ok(found.notCounted.length > 0, "an estimate that leaves nothing out is not honest");
      for (const { label, quantity, monthly } of found.items) {
        assert.ok(label.trim() !== "", "an item without a label");
        assert.ok(Number.isFinite(quantity) && quantity >= 0, `${label}: the quantity is ${quantity}`);
        assert.ok(Number.isFinite(monthly) && monthly >= 0, `${label}: the price is ${monthly}`);
      }
    },
  }),
  defineScenario({
    name: "costs: more is never cheaper, and an add-on is counted",
    element,
    requires: ["costs"],
    async try(bench) {
      const one = await estimate(bench, 1);
      assert.ok(total(await estimate(bench, 3)) >= total(one), "three instances cost less than one");
      const kind = addonKind(bench.provider);
      if (kind === undefined || !isSupported(bench.provider.addons?.capabilities.kinds[kind])) return;
      const more = await estimate(bench, 1, true);
      assert.ok(total(more) >= total(one), "with an add-on it costs less than without");
      assert.ok(
        more.items.length > one.items.length || total(more) > total(one),
        "an add-on changes nothing in the estimate",
      );
    },
  }),
  defineScenario({
    name: "costs: asking for the price makes nothing",
    element,
    requires: ["costs", "owned"],
    async try(bench) {
      const before = (await bench.owned()).map(({ id }) => id).sort();
      await estimate(bench, 2);
      assert.deepEqual((await bench.owned()).map(({ id }) => id).sort(), before);
    },
  }),
];

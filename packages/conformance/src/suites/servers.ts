import assert from "node:assert/strict";
import type { Scenario } from "../scenario.js";
import { defineScenario } from "../workbench/define.js";

/** Servers: what the processes run on. */
export const servers: readonly Scenario[] = [
  defineScenario({
    name: "servers: the status says that something runs once it was made, and looking makes nothing",
    element: "servers",
    requires: ["servers"],
    async try(bench) {
      const element = bench.part("servers");
      const before = await element.status(bench.context(), bench.scope);
      const { resources } = element.resources(bench.scope, { memory: 64_000_000, instances: 1 });
      const { plan } = await bench.plan(resources);
      if (!before.some((one) => one.state === "running")) {
        assert.notDeepEqual(plan.changes, [], "nothing runs, and the plan has nothing to do");
      }
      await bench.apply(resources);
      const after = await element.status(bench.context(), bench.scope);
      assert.ok(
        after.some((one) => one.state === "running"),
        "nothing runs after it was made",
      );
      for (const one of after)
        assert.ok(one.name !== "" && one.description !== "", "a server without a name or description");
    },
  }),
  defineScenario({
    name: "servers: other needs are planned as a change or not at all, never as a second server",
    element: "servers",
    requires: ["servers"],
    async try(bench) {
      const needs = (instances: number) =>
        bench.part("servers").resources(bench.scope, { memory: instances * 64_000_000, instances }).resources;
      await bench.apply(needs(1));
      const { plan } = await bench.plan(needs(3));
      assert.deepEqual(
        plan.changes.filter((change) => change.action === "create").map(({ id }) => id),
        [],
      );
      await bench.apply(needs(3));
      await bench.assertSettled(needs(3));
    },
  }),
];

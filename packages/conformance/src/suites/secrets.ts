import assert from "node:assert/strict";
import { redact, reveal } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { kitSecret } from "../workbench/bench.js";
import { defineScenario } from "../workbench/define.js";

const element = "secrets" as const;

/** Secrets: values that only the processes may see. */
export const secrets: readonly Scenario[] = [
  defineScenario({
    name: "secrets: a value is listed by name and version only, and read back as it was",
    element,
    requires: ["secrets", "secrets.reveal"],
    async try(bench) {
      const store = bench.part("secrets");
      for (const [name, value] of Object.entries(oddValues)) {
        bench.transcript.keepSecret(value);
        await store.set(bench.context(), bench.scope, name, redact(value));
        const read = await store.reveal(bench.context(), bench.scope, name);
        assert.equal(reveal(read), value, `${name} is not read back as it was`);
      }
      const listed = await store.list(bench.context(), bench.scope);
      assert.deepEqual(listed.map(({ name }) => name).sort(), Object.keys(oddValues).sort());
      for (const entry of listed)
        assert.ok(!Number.isNaN(Date.parse(entry.setAt)), `${entry.name}: setAt is no time`);
    },
  }),
  defineScenario({
    name: "secrets: the same value again keeps the version, another one makes the next",
    element,
    requires: ["secrets", "secrets.versions"],
    async try(bench) {
      const store = bench.part("secrets");
      const set = (value: string): Promise<{ readonly version: string }> =>
        store.set(bench.context(), bench.scope, "KIT_SECRET", redact(value));
      const first = await set(kitSecret);
      assert.equal((await set(kitSecret)).version, first.version, "the same value has made a new version");
      const second = await set(`${kitSecret}-two`);
      assert.notEqual(second.version, first.version, "another value has the same version");
      const [listed] = await store.list(bench.context(), bench.scope);
      assert.equal(listed?.version, second.version, "list() and set() disagree about the version");
    },
  }),
  defineScenario({
    name: "secrets: forgetting is safe to repeat, and unknown names are fine",
    element,
    requires: ["secrets"],
    async try(bench) {
      const store = bench.part("secrets");
      await store.unset(bench.context(), bench.scope, "NEVER_SET");
      await store.set(bench.context(), bench.scope, "KIT_SECRET", redact(kitSecret));
      await store.unset(bench.context(), bench.scope, "KIT_SECRET");
      await store.unset(bench.context(), bench.scope, "KIT_SECRET");
      assert.deepEqual(await store.list(bench.context(), bench.scope), []);
    },
  }),
  defineScenario({
    name: "secrets: reading one that is not set fails with secrets.missing",
    element,
    requires: ["secrets", "secrets.reveal"],
    async try(bench) {
      const error = await bench.failure("reveal of a secret that is not set", () =>
        bench.part("secrets").reveal(bench.context(), bench.scope, "NEVER_SET"),
      );
      assert.equal(error.code, "secrets.missing");
      assert.equal(error.retryable, false);
    },
  }),
  defineScenario({
    name: "secrets: a declared secret without a value blocks the plan, and one with a value does not",
    element,
    requires: ["secrets"],
    async try(bench) {
      const node = (value?: string) => [
        bench
          .part("secrets")
          .secret(bench.scope, "KIT_SECRET", value === undefined ? undefined : redact(value)) as never,
      ];
      const { plan } = await bench.plan(node());
      assert.deepEqual(
        plan.blocks.map(({ code }) => code),
        ["secrets.missing"],
      );
      assert.ok(plan.blocks[0]?.hint, "the block says nothing about how to set it");
      await bench.apply(node(kitSecret));
      await bench.assertSettled(node());
      await bench.assertSettled(node(kitSecret));
    },
  }),
  defineScenario({
    name: "secrets: one environment does not see those of another",
    element,
    requires: ["secrets"],
    async try(bench) {
      const store = bench.part("secrets");
      const other = bench.otherScope("other");
      await store.set(bench.context(), bench.scope, "KIT_SECRET", redact(kitSecret));
      assert.deepEqual(await store.list(bench.context(), other), []);
      await store.unset(bench.context(), other, "KIT_SECRET");
      assert.equal((await store.list(bench.context(), bench.scope)).length, 1);
    },
  }),
  defineScenario({
    name: "secrets: a stored secret counts as data, so that nothing removes it unasked",
    element,
    requires: ["secrets", "owned"],
    async try(bench) {
      const store = bench.part("secrets");
      const node = store.secret(bench.scope, "KIT_SECRET", redact(kitSecret)) as never;
      await bench.apply([node]);
      const { plan } = await bench.plan([], { prune: true });
      assert.deepEqual(plan.changes, [], "a full plan without the secret deletes it");
      const kept = plan.kept.map(({ id }) => id);
      assert.deepEqual(
        kept,
        [(node as { id: string }).id],
        "owned() does not list it by the id of its resource",
      );
    },
  }),
];

/** Values that were lost on their way somewhere: several lines, quotes, dollars, other scripts. */
const oddValues: Readonly<Record<string, string>> = {
  KIT_PLAIN: `${kitSecret}-plain`,
  KIT_LINES: `-----BEGIN KEY-----\n${kitSecret}\n-----END KEY-----\n`,
  KIT_QUOTES: `${kitSecret} "double" 'single' \\back $HOME \`tick\` %41`,
  KIT_UNICODE: `${kitSecret} äß日本🔑`,
};

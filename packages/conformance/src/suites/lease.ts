import assert from "node:assert/strict";
import type { LeaseGrant, LeaseHolder } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import type { Bench } from "../workbench/bench.js";
import { composed, follow, secretName, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "lease" as const;
const requires = ["lease"];

const holder = (name: string): LeaseHolder => ({ name, since: new Date(0).toISOString(), operation: "up" });

async function take(bench: Bench, name: string, scope = bench.scope): Promise<LeaseGrant> {
  const answer = await bench.part("lease").acquire(bench.context(), scope, holder(name));
  assert.ok("granted" in answer, `${name} does not get a lock that is free`);
  return answer.granted;
}

/** The deploy lock of an environment. */
export const lease: readonly Scenario[] = [
  defineScenario({
    name: "lease: it is granted once, and the second one learns who holds it",
    element,
    requires,
    async try(bench) {
      const lock = bench.part("lease");
      assert.equal(await lock.holder(bench.context(), bench.scope), undefined);
      const granted = await take(bench, "maria");
      await granted.check();
      const answer = await lock.acquire(bench.context(), bench.scope, holder("jonas"));
      assert.ok("holder" in answer, "the lock is granted twice");
      assert.deepEqual(answer.holder, holder("maria"));
      assert.deepEqual(await lock.holder(bench.context(), bench.scope), holder("maria"));
      await granted.release();
    },
  }),
  defineScenario({
    name: "lease: given back it is free, and giving it back again takes nothing from the next holder",
    element,
    requires,
    async try(bench) {
      const first = await take(bench, "maria");
      await first.release();
      await first.release();
      assert.equal(await bench.part("lease").holder(bench.context(), bench.scope), undefined);
      const second = await take(bench, "jonas");
      await first.release();
      await second.check();
      assert.deepEqual(await bench.part("lease").holder(bench.context(), bench.scope), holder("jonas"));
      await second.release();
    },
  }),
  defineScenario({
    name: "lease: broken, whoever held it is told so, and giving it back is still fine",
    element,
    requires,
    async try(bench) {
      const lock = bench.part("lease");
      const first = await take(bench, "maria");
      await lock.break(bench.context(), bench.scope);
      await lock.break(bench.context(), bench.scope);
      const error = await bench.failure("check of a broken lock", () => first.check());
      assert.equal(error.code, "lease.lost");
      const second = await take(bench, "jonas");
      await bench.failure("check of a lock that somebody else has now", () => first.check());
      await first.release();
      await second.check();
      await second.release();
    },
  }),
  defineScenario({
    name: "lease: of ten who want it at once, one gets it",
    element,
    requires,
    async try(bench) {
      const names = Array.from({ length: 10 }, (_, index) => `person ${index}`);
      const answers = await Promise.all(
        names.map((name) => bench.freshProvider().lease!.acquire(bench.context(), bench.scope, holder(name))),
      );
      const granted = answers.flatMap((answer) => ("granted" in answer ? [answer.granted] : []));
      for (const one of granted) await one.release();
      assert.equal(granted.length, 1, `${granted.length} of ten hold the lock at once`);
    },
  }),
  defineScenario({
    name: "lease: each environment has its own",
    element,
    requires,
    async try(bench) {
      const one = await take(bench, "maria");
      const other = await take(bench, "jonas", bench.otherScope("other"));
      await one.release();
      await other.check();
      await other.release();
    },
  }),
  defineScenario({
    name: "lease: while somebody holds it a deployment is refused, and nothing is changed",
    element,
    requires: ["lease", "containers"],
    fixtures: ["app"],
    async try(bench) {
      const granted = await take(bench, "maria");
      const before = (await bench.owned()).map(({ id }) => id);
      const error = await bench.failure("up while the lock is held", () => up(bench, composed(bench)));
      assert.equal(error.code, "lease.held");
      assert.match(error.message, /maria/);
      assert.deepEqual(
        (await bench.owned()).map(({ id }) => id),
        before,
      );
      await granted.release();
      await follow(bench, composed(bench, { app: { secrets: [] } }).up());
      assert.equal(
        await bench.part("lease").holder(bench.context(), bench.scope),
        undefined,
        `${secretName}: kept`,
      );
    },
  }),
];

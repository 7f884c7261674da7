import assert from "node:assert/strict";
import type { DnsProvider } from "@deploy/core";
import { type Scenario, skip } from "../scenario.js";
import { assertEmpty, type Bench } from "../workbench/bench.js";
import {
  addonName,
  assertSettledApp,
  composed,
  follow,
  planOf,
  up,
  type Wanted,
} from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";
import { killEverywhere, repeating } from "../workbench/interrupt.js";

const element = "provider" as const;

/** Everything the provider can do at once; an add-on only where it is the provider's own, since it takes its time. */
export function whole(bench: Bench): Wanted {
  const { provider } = bench;
  const release = (provider.containers ?? bench.filler.containers).capabilities.releaseCommand === true;
  return {
    domains: true,
    addon: provider.addons !== undefined,
    ...(release ? { release: "echo prepared" } : {}),
  };
}

/** All elements in one plan, by way of `createDeployer`; what the provider lacks is filled in. */
export const composition: readonly Scenario[] = [
  defineScenario({
    name: "provider: composed, an app comes up, a second plan is empty, and a second run changes nothing",
    element,
    async try(bench) {
      const wanted = whole(bench);
      const { result } = await up(bench, composed(bench, wanted));
      assert.ok(result.plan.changes.length > 0);
      await assertSettledApp(bench, wanted);
      const again = await up(bench, composed(bench, wanted));
      assertEmpty(again.result.plan, "run again");
      assert.equal(again.result.release, result.release, "running again has made a release");
    },
  }),
  defineScenario({
    name: "provider: composed, down removes everything, and afterwards all of it would have to be made again",
    element,
    requires: ["owned"],
    async try(bench) {
      const wanted = whole(bench);
      const first = await up(bench, composed(bench, wanted));
      // A gate is opened by somebody else, and was not made: a network that was there before, and stays.
      const made = new Set(
        first.result.plan.changes.filter(({ action }) => action === "create").map(({ id }) => id),
      );
      assert.ok(made.size > 0, "nothing was made");
      const deployer = composed(bench, wanted);
      const { result } = await follow(
        bench,
        deployer.down({ confirm: bench.scope.app, deleteData: [addonName, "KIT_SECRET"] }),
      );
      assert.deepEqual(result.left, [], "down leaves something behind");
      const again = await follow(bench, deployer.down({ confirm: bench.scope.app }));
      assert.deepEqual(again.result.removed, [], "a second down finds something to remove");
      const fresh = await planOf(bench, composed(bench, wanted));
      const elsewhere = await planOf(bench, composed(bench, { ...wanted, scope: bench.otherScope("other") }));
      const planned = new Set(fresh.changes.map(({ id }) => id));
      const blocked = new Set(fresh.blocks.map(({ id }) => id));
      // What has the same id in every environment belongs to the account, and may stay.
      const left = Object.keys(fresh.desired).filter(
        (id) =>
          made.has(id) &&
          !planned.has(id) &&
          !blocked.has(id) &&
          !(id in elsewhere.desired) &&
          id.startsWith(`${bench.provider.name}/`),
      );
      assert.deepEqual(left, [], "still there after everything was removed");
    },
  }),
  defineScenario({
    name: "provider: composed, down keeps what holds data until it is named",
    element,
    requires: ["owned"],
    async try(bench) {
      if (bench.provider.secrets === undefined && bench.provider.addons === undefined)
        skip("it holds no data");
      const wanted = whole(bench);
      await up(bench, composed(bench, wanted));
      const holding = (await bench.owned())
        .filter(({ holdsData }) => holdsData !== undefined)
        .map(({ id }) => id);
      assert.ok(holding.length > 0, "nothing that was made says that it holds data");
      await follow(bench, composed(bench, wanted).down({ confirm: bench.scope.app }));
      const kept = (await bench.owned()).map(({ id }) => id);
      assert.deepEqual(
        holding.filter((id) => !kept.includes(id)),
        [],
        "data is gone that nobody has named",
      );
    },
  }),
  defineScenario({
    name: "provider: composed, what is no longer declared is removed by the next deployment",
    element,
    requires: ["owned"],
    async try(bench) {
      await up(bench, composed(bench, { domains: true }));
      const before = new Set((await bench.owned()).map(({ id }) => id));
      // Without hosts it is still the DNS provider: one that is not named any more is not asked for what it holds.
      const isDns = bench.provider.dns !== undefined && bench.subject.fixtures?.zone !== undefined;
      const environment = isDns ? { dns: bench.freshProvider() as DnsProvider } : {};
      await up(bench, composed(bench, { environment }));
      await assertSettledApp(bench);
      const records = (await bench.owned()).filter(
        (one) => one.element === "dns" || one.element === "certificates",
      );
      assert.deepEqual(
        records.map(({ id }) => id),
        [],
        "it is no longer declared, and still there",
      );
      assert.ok(before.size > 0);
    },
  }),
  defineScenario({
    name: "provider: composed, every call that makes something may be repeated",
    element,
    async try(bench) {
      const wanted = whole(bench);
      await up(bench, composed(bench, { ...wanted, provider: repeating(bench.freshProvider()) }));
      await assertSettledApp(bench, wanted);
      const releases = await composed(bench, wanted).releases();
      if (bench.provider.containers !== undefined)
        assert.equal(releases.length, 1, "made twice, there are two releases");
      const changed = { ...wanted, config: { GREETING: "other" } };
      await up(bench, composed(bench, { ...changed, provider: repeating(bench.freshProvider()) }));
      await assertSettledApp(bench, changed);
    },
  }),
  defineScenario({
    name: "provider: composed, killed between any two calls the next run finishes it, as if nothing had happened",
    element,
    async try(bench) {
      const wanted = { ...whole(bench), addon: false };
      const kills = await killEverywhere(bench, (provider) =>
        up(bench, composed(bench, { ...wanted, provider })),
      );
      if (kills === 0 && bench.provider.dns !== undefined && bench.subject.fixtures?.zone === undefined) {
        skip("the subject supplies no fixtures.zone, so that no record was wanted");
      }
      if (kills === 0) skip("nothing that it has changes anything in a deployment");
      await assertSettledApp(bench, wanted);
      const changed = { ...wanted, config: { GREETING: "other" } };
      await killEverywhere(bench, (provider) => up(bench, composed(bench, { ...changed, provider })));
      await assertSettledApp(bench, changed);
      if (bench.provider.containers === undefined) return;
      const releases = await composed(bench, changed).releases();
      assert.deepEqual(
        releases.map(({ state }) => state),
        ["active", "superseded"],
        "an undisturbed run makes two releases",
      );
      const [second, first] = releases;
      assert.ok((second?.number ?? 0) > (first?.number ?? 0), "the numbers do not rise");
    },
  }),
  defineScenario({
    name: "provider: composed, a removal that is killed between any two calls is finished by the next",
    element,
    requires: ["owned"],
    async try(bench) {
      await up(bench, composed(bench, { domains: true }));
      const options = { confirm: bench.scope.app, deleteData: [addonName, "KIT_SECRET"] };
      await killEverywhere(bench, (provider) =>
        follow(bench, composed(bench, { domains: true, provider }).down(options)),
      );
      const left = (await bench.owned()).filter((one) => one.shared !== true).map(({ id }) => id);
      assert.deepEqual(left, []);
    },
  }),
  defineScenario({
    name: "provider: composed, two who deploy at once leave one of both, whole",
    element,
    async try(bench) {
      const wanted = (greeting: string) => ({ config: { GREETING: greeting } });
      const both = ["one", "two"];
      const ends = await Promise.allSettled(
        both.map((greeting) => up(bench, composed(bench, wanted(greeting)), { lockWaitMs: 30_000 })),
      );
      // Without a lock one of them may be refused; it says so, and running it again is enough.
      for (const [index, end] of ends.entries()) {
        if (end.status === "rejected") await up(bench, composed(bench, wanted(both[index]!)));
      }
      const status = await composed(bench).status();
      const serving = new Set(
        status.processes.flatMap(({ instances }) => instances.map(({ release }) => release)),
      );
      if (bench.provider.containers !== undefined) {
        assert.deepEqual([...serving], [status.release], "instances of two releases serve side by side");
        const releases = await composed(bench).releases();
        assert.equal(releases.filter(({ state }) => state === "active").length, 1);
        const active = releases.find(({ state }) => state === "active");
        await assertSettledApp(bench, wanted(active?.config.GREETING ?? ""));
      }
      const ids = (await bench.owned()).map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, "the vendor holds something twice");
    },
  }),
  defineScenario({
    name: "provider: composed, after a failure in the middle everything can be removed",
    element,
    requires: ["owned"],
    async try(bench) {
      // Clearing away, which every scenario ends with, is what is tried here.
      const crash = bench.subject.fixtures?.app?.crash ?? "exit 9";
      await bench.failure("a deployment of an app that ends at once", () =>
        up(bench, composed(bench, { ...whole(bench), web: crash })),
      );
    },
  }),
  defineScenario({
    name: "provider: composed, cancelled in the middle it ends soon, says so, and the next run finishes it",
    element,
    async try(bench) {
      const stop = new AbortController();
      const operation = composed(bench, { signal: stop.signal }).up({ secrets: {} });
      const bound = (bench.subject.timeouts?.abort ?? 3_000) + 10_000;
      let started = 0;
      const running = (async () => {
        for await (const event of operation) {
          if (event.type === "started") started += 1;
          if (started === 2) stop.abort();
        }
      })().catch((thrown: unknown) => thrown);
      await bench.within(bound, "a deployment, after it was cancelled", running);
      await up(bench, composed(bench));
      await assertSettledApp(bench);
    },
  }),
  defineScenario({
    name: "provider: composed, environments of one app stand side by side, and one goes without the other",
    element,
    requires: ["owned"],
    async try(bench) {
      const other = bench.otherScope("other");
      await up(bench, composed(bench));
      await up(bench, composed(bench, { scope: other, config: { GREETING: "other" } }));
      await assertSettledApp(bench);
      await follow(bench, composed(bench).down({ confirm: bench.scope.app, deleteData: ["KIT_SECRET"] }));
      await assertSettledApp(
        bench,
        { scope: other, config: { GREETING: "other" } },
        "the other one, after one was removed",
      );
    },
  }),
];

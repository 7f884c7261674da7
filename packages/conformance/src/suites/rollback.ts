import assert from "node:assert/strict";
import { redact } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { type Bench, kitSecret } from "../workbench/bench.js";
import { assertSettledApp, composed, follow, runIn, secretName, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "containers" as const;
const fixtures = ["app"] as const;

/** Two releases that differ in image, config and secret. */
async function twoReleases(bench: Bench): Promise<void> {
  bench.transcript.keepSecret(`${kitSecret}-two`);
  await up(bench, composed(bench));
  bench.workplace.write("version.txt", "two");
  const second = composed(bench, { config: { GREETING: "second", EXTRA: "more" } });
  await up(bench, second, { secrets: { [secretName]: redact(`${kitSecret}-two`) } });
}

/** Going back, as a part of containers. */
export const rollback: readonly Scenario[] = [
  defineScenario({
    name: "containers: a rollback brings back image, config and secrets as a new release",
    element,
    requires: ["containers", "containers.rollback"],
    fixtures,
    async try(bench) {
      await twoReleases(bench);
      const deployer = composed(bench);
      const { result } = await follow(bench, deployer.rollback());
      const releases = await deployer.releases();
      assert.equal(releases.length, 3, "a rollback is a release of its own");
      assert.equal(result.release, releases[0]?.number);
      assert.ok((releases[0]?.number ?? 0) > (releases[1]?.number ?? 0), "its number is not the highest");
      const [third, second, first] = releases;
      assert.deepEqual(
        releases.map(({ state }) => state),
        ["active", "superseded", "superseded"],
      );
      assert.equal(third?.origin.repeats, first?.number);
      assert.equal(third?.image.digest, first?.image.digest, "the image is not the one of release 1");
      assert.notEqual(third?.image.digest, second?.image.digest);
      assert.deepEqual(third?.config, first?.config, "the config is not the one of release 1");
      assert.deepEqual(third?.secrets, first?.secrets, "the secrets are not those of release 1");
    },
  }),
  defineScenario({
    name: "containers: after a rollback the processes see the old config and the old secret",
    element,
    requires: ["containers", "containers.rollback", "containers.run", "secrets", "secrets.versions"],
    fixtures,
    async try(bench) {
      await twoReleases(bench);
      const deployer = composed(bench);
      const see = async (): Promise<string> =>
        (await runIn(deployer, "echo $GREETING $EXTRA; echo $KIT_SECRET")).output;
      assert.deepEqual((await see()).split("\n").slice(0, 2), ["second more", `${kitSecret}-two`]);
      await follow(bench, deployer.rollback());
      assert.deepEqual(
        (await see())
          .split("\n")
          .slice(0, 2)
          .map((line) => line.trim()),
        ["hello", kitSecret],
      );
    },
  }),
  defineScenario({
    name: "containers: back to a release by number, and forth again by a deployment",
    element,
    requires: ["containers", "containers.rollback"],
    fixtures,
    async try(bench) {
      await twoReleases(bench);
      await up(bench, composed(bench, { config: { GREETING: "third" } }));
      const deployer = composed(bench);
      const [, second] = await deployer.releases();
      await follow(bench, deployer.rollback({ to: second?.number ?? 0 }));
      const [fourth] = await deployer.releases();
      assert.deepEqual([fourth?.origin.repeats, fourth?.config.GREETING], [second?.number, "second"]);
      const wanted = { config: { GREETING: "third" } };
      await up(bench, composed(bench, wanted));
      const [fifth] = await deployer.releases();
      assert.equal(fifth?.config.GREETING, "third");
      assert.ok((fifth?.number ?? 0) > (fourth?.number ?? 0), "the numbers do not rise");
      await assertSettledApp(bench, wanted);
    },
  }),
  defineScenario({
    name: "containers: a rollback to a release that never served, or is not there, is refused",
    element,
    requires: ["containers", "containers.rollback"],
    fixtures,
    async try(bench) {
      await up(bench, composed(bench));
      const deployer = composed(bench);
      await bench.failure("a rollback with nothing to go back to", () => deployer.rollback());
      await bench.failure("a rollback to an unknown release", () => deployer.rollback({ to: 99 }));
      assert.equal((await deployer.releases()).length, 1);
    },
  }),
];

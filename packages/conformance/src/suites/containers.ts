import assert from "node:assert/strict";
import { type Deployer, systemClock } from "@deploy/core";
import type { Scenario } from "../scenario.js";
import { type Bench, kitSecret } from "../workbench/bench.js";
import { assertSettledApp, composed, follow, runIn, up } from "../workbench/compose.js";
import { defineScenario } from "../workbench/define.js";

const element = "containers" as const;
const fixtures = ["app"] as const;

async function deployed(bench: Bench): Promise<Deployer> {
  const deployer = composed(bench);
  await up(bench, deployer);
  return deployer;
}

/** Containers: releases in service, and what is done with them. */
export const containers: readonly Scenario[] = [
  defineScenario({
    name: "containers: the first release has a number, is in service, and says who made it of what",
    element,
    requires: ["containers"],
    fixtures,
    async try(bench) {
      const deployer = composed(bench, { instances: 2 });
      assert.deepEqual(await deployer.releases(), [], "there are releases before anything was deployed");
      const { result } = await up(bench, deployer, { message: "the first one" });
      // The vendor's own sequence where it has one: that need not begin with 1, nor go on by ones.
      const first = result.release ?? 0;
      assert.ok(Number.isInteger(first) && first >= 1, `${first} is no number of a release`);
      const [release, ...others] = await deployer.releases();
      assert.deepEqual(others, []);
      assert.equal(release?.number, first);
      assert.equal(release?.state, "active");
      assert.equal(release?.config.GREETING, "hello");
      assert.equal(release?.origin.message, "the first one");
      assert.ok(release?.origin.author, "the release does not say who made it");
      assert.ok(!Number.isNaN(Date.parse(release?.createdAt ?? "")), "createdAt is no time");
      const status = await deployer.status();
      assert.equal(status.release, first);
      const web = status.processes.find((process) => process.name === "web");
      assert.equal(web?.desired, 2);
      assert.deepEqual(
        web?.instances.map(({ name, state, release: of }) => ({ name, state, of })),
        ["web.1", "web.2"].map((name) => ({ name, state: "running", of: first })),
      );
    },
  }),
  defineScenario({
    name: "containers: another config is another release, numbers rise, and one alone is active",
    element,
    requires: ["containers"],
    fixtures,
    async try(bench) {
      await deployed(bench);
      for (const greeting of ["good day", "good night"]) {
        const changed = { config: { GREETING: greeting } };
        await up(bench, composed(bench, changed));
        await assertSettledApp(bench, changed);
      }
      const releases = await composed(bench).releases();
      assert.deepEqual(
        releases.map(({ state }) => state),
        ["active", "superseded", "superseded"],
      );
      const numbers = releases.map(({ number }) => number);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((one, other) => other - one),
        "the numbers do not rise",
      );
      assert.deepEqual(
        releases.map(({ config }) => config.GREETING),
        ["good night", "good day", "hello"],
        "a release has changed after it was made",
      );
    },
  }),
  defineScenario({
    name: "containers: config that is no longer declared is gone from the next release",
    element,
    requires: ["containers"],
    fixtures,
    async try(bench) {
      await up(bench, composed(bench, { config: { GREETING: "hello", EXTRA: "more" } }));
      await up(bench, composed(bench));
      const [release] = await composed(bench).releases();
      assert.deepEqual(Object.keys(release?.config ?? {}).includes("EXTRA"), false);
      await assertSettledApp(bench);
    },
  }),
  defineScenario({
    name: "containers: what a second person changes meanwhile is seen, not assumed",
    element,
    requires: ["containers"],
    fixtures,
    async try(bench) {
      await deployed(bench);
      await up(bench, composed(bench, { config: { GREETING: "from somebody else" } }));
      const { result } = await up(bench, composed(bench));
      assert.notDeepEqual(result.plan.changes, [], "the plan does not see what somebody else has released");
      const [release] = await composed(bench).releases();
      assert.equal(release?.config.GREETING, "hello");
    },
  }),
  defineScenario({
    name: "containers: a process that ends at once fails the rollout, and the one in service stays",
    element,
    requires: ["containers", "containers.atomicRelease"],
    fixtures,
    async try(bench) {
      const deployer = await deployed(bench);
      const crash = bench.fixture("app").crash ?? "exit 9";
      const broken = composed(bench, { web: crash, config: { GREETING: "broken" } });
      const error = await bench.failure("a rollout whose process ends at once", () => up(bench, broken));
      assert.ok(error.code.startsWith("containers."), `the code is ${error.code}`);
      const releases = await deployer.releases();
      assert.equal(
        releases.find(({ state }) => state === "active")?.number,
        1,
        "the release in service was given up",
      );
      const failed = releases.find(({ number }) => number === 2);
      assert.equal(failed?.state, "failed");
      assert.ok(failed?.failure, "the failed release does not say why");
      const { processes } = await deployer.status();
      for (const instance of processes.flatMap(({ instances }) => instances))
        assert.equal(instance.release, 1);
      await up(bench, composed(bench));
      await assertSettledApp(bench);
      const [newest] = (await deployer.releases()).filter(({ state }) => state === "active");
      assert.equal(newest?.config.GREETING, "hello", "config of the failed release is in service");
    },
  }),
  defineScenario({
    name: "containers: a release command that fails keeps the processes as they are",
    element,
    requires: ["containers", "containers.releaseCommand"],
    fixtures,
    async try(bench) {
      const { result } = await up(bench, composed(bench, { release: "echo prepared" }));
      bench.workplace.write("version.txt", "two");
      const broken = composed(bench, { release: "exit 3", config: { GREETING: "broken" } });
      const error = await bench.failure("a release command that fails", () => up(bench, broken));
      assert.match(error.code, /^containers\.release-command/);
      assert.match(JSON.stringify(error), /\b3\b/, "the error does not say the exit code");
      const [failed] = await composed(bench).releases();
      assert.equal(failed?.state, "failed");
      assert.ok(failed.number > (result.release ?? 0));
      const { processes } = await composed(bench).status();
      for (const { release } of processes.flatMap(({ instances }) => instances))
        assert.ok(
          release < Number(failed?.number ?? 0) && release >= (result.release ?? 0),
          "other processes serve",
        );
    },
  }),
  defineScenario({
    name: "containers: the release command runs once for an image, before its processes, and again when asked",
    element,
    requires: ["containers", "containers.releaseCommand", "logs", "logs.releaseOutput"],
    fixtures,
    async try(bench) {
      const wanted = { release: "echo prepared" };
      const runs = async (): Promise<number> => {
        let count = 0;
        for await (const line of composed(bench, wanted).logs({
          processes: ["release"],
          contains: "prepared",
        })) {
          if (line.text === "prepared") count += 1;
        }
        return count;
      };
      const { events } = await up(bench, composed(bench, wanted));
      const order = events.flatMap((event) => (event.type === "done" ? [event.label] : []));
      const command = order.findIndex((label) => label.includes("release command"));
      const processes = order.findIndex((label) => label.startsWith("process"));
      assert.ok(command >= 0 && command < processes, `the order was ${order.join(", ")}`);
      await up(bench, composed(bench, { ...wanted, config: { GREETING: "other" } }));
      assert.equal(await runs(), 1, "it has run again although the image is the same");
      await up(bench, composed(bench, { ...wanted, config: { GREETING: "other" } }), {
        rerunReleaseCommand: true,
      });
      assert.equal(await runs(), 2, "it has not run again although it was asked for");
    },
  }),
  defineScenario({
    name: "containers: scaling changes the instances and makes no release, and the next plan leaves it",
    element,
    requires: ["containers", "containers.scale"],
    fixtures,
    async try(bench) {
      const deployer = await deployed(bench);
      const { release } = await deployer.status();
      for (const web of [2, 2, 1]) {
        await follow(bench, deployer.scale({ web }));
        const status = await deployer.status();
        assert.equal(status.processes.find(({ name }) => name === "web")?.instances.length, web);
        assert.equal(status.release, release);
        await assertSettledApp(bench, {}, "planned after scaling");
      }
      assert.equal((await deployer.releases()).length, 1);
    },
  }),
  defineScenario({
    name: "containers: a restart replaces the instances and makes no release",
    element,
    requires: ["containers"],
    fixtures,
    async try(bench) {
      const deployer = await deployed(bench);
      const shot = async (): Promise<string> =>
        JSON.stringify(
          (await deployer.status()).processes.map(({ instances }) =>
            instances.map(({ since, restarts }) => [since, restarts]),
          ),
        );
      const before = await shot();
      // Vendors tell in whole seconds since when something runs.
      await systemClock.sleep(1_100);
      await follow(bench, deployer.restart("web"));
      assert.notEqual(await shot(), before, "no instance was replaced");
      assert.equal((await deployer.releases()).length, 1);
      await assertSettledApp(bench);
    },
  }),
  defineScenario({
    name: "containers: jobs are listed with their schedule, and forgotten with their declaration",
    element,
    requires: ["containers", "containers.jobs"],
    fixtures,
    async try(bench) {
      const jobs = { nightly: { command: "echo night", schedule: "3 4 * * *" } };
      await up(bench, composed(bench, { app: { jobs } }));
      const status = await composed(bench).status();
      assert.deepEqual(
        status.jobs.map(({ name, schedule }) => [name, schedule]),
        [["nightly", "3 4 * * *"]],
      );
      await up(bench, composed(bench));
      assert.deepEqual((await composed(bench).status()).jobs, []);
    },
  }),
  defineScenario({
    name: "containers: a one-off command ends with its true exit code and sees config, secrets and input",
    element,
    requires: ["containers", "containers.run"],
    fixtures,
    async try(bench) {
      const deployer = await deployed(bench);
      for (const code of [0, 7, 42]) assert.equal((await runIn(deployer, `exit ${code}`)).exitCode, code);
      assert.equal((await runIn(deployer, "kill -9 $$")).exitCode, 137, "killed by signal 9 is 137");
      const said = await runIn(deployer, "echo $GREETING $OWN; echo $KIT_SECRET", { env: { OWN: "own" } });
      const [greeting, secret] = said.output.split("\n");
      assert.equal(greeting, "hello own");
      if (bench.provider.secrets !== undefined) assert.equal(secret, kitSecret);
      const input = new TextEncoder().encode("typed in");
      assert.equal((await runIn(deployer, "cat", { input })).output, "typed in");
    },
  }),
  defineScenario({
    name: "containers: a command goes into an instance that serves, and an unknown instance is refused",
    element,
    requires: ["containers", "containers.exec"],
    fixtures,
    async try(bench) {
      const deployer = await deployed(bench);
      assert.deepEqual(await runIn(deployer, "echo inside; exit 5", { mode: "exec" }), {
        output: "inside\n",
        exitCode: 5,
      });
      const request = { command: "echo no", mode: "exec", stdio: "capture", instance: "web.99" } as const;
      await bench.failure("exec in an unknown instance", () =>
        bench.part("containers").run(bench.context(), bench.scope, request),
      );
    },
  }),
  defineScenario({
    name: "containers: where nothing is deployed there is nothing, and nothing fails",
    element,
    requires: ["containers"],
    async try(bench) {
      const part = bench.part("containers");
      const status = await part.status(bench.context(), bench.scope);
      assert.equal(status.release, undefined);
      assert.deepEqual(
        status.processes.flatMap(({ instances }) => instances),
        [],
      );
      assert.deepEqual(await part.releases(bench.context(), bench.scope), []);
      await bench.failure("the spec of an unknown release", () =>
        part.releaseSpec(bench.context(), bench.scope, 4711),
      );
    },
  }),
];

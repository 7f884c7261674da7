import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStage, hurriedClock, type Stage } from "./stage.js";

// Real processes, and a real database, on whatever else this machine does.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

/**
 * What Heroku's own tools and others have reported as success although it was none, and the reverse. Each test is named
 * after the report of a user, and shows the honest outcome.
 */
let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(async () => {
  const { failures, violations } = stage.double;
  await stage.close();
  expect(failures).toEqual([]);
  expect(violations).toEqual([]);
});

const release = "echo migrating; exit $FAILS";
const working = { release, config: { GREETING: "hello", FAILS: "0" } };
const broken = { release: "echo about to fail; exit 3", config: { GREETING: "hello", FAILS: "0" } };
const change = (): void => stage.write({ "version.txt": String(Math.random()) });
const currentVersion = (): number | undefined =>
  stage.double.state.apps[0]?.releases.findLast(({ status }) => status === "succeeded")?.version;
const dynoVersions = (): number[] => [
  ...new Set(stage.double.state.apps[0]!.dynos.map(({ release: of }) => of.version)),
];

describe("no success on failure", () => {
  it("heroku/cli#1271: a release that is still pending after its output ended, and fails then", async () => {
    await stage.up(working);
    const served = currentVersion();
    change();
    stage.double.scripts.releases.push({ ends: "failed", pendingAfterOutput: 400 });
    const error = await stage.failure(working);
    expect(error.code).toBe("containers.release-command-failed");
    expect(stage.log.join("\n")).toContain("has not decided yet");
    expect(currentVersion()).toBe(served);
    expect(dynoVersions()).toEqual([served]);
  });

  it("gonuit/heroku-docker-deploy#10, hatchet#92: a release command that fails, with exit code and last lines", async () => {
    await stage.up(working);
    change();
    const error = await stage.failure(broken);
    // The config that says what is released went ahead of the code: the old code runs with it.
    const served = currentVersion();
    expect(error.code).toBe("containers.release-command-failed");
    expect(error.details.exitCode).toBe(3);
    expect(error.message).toContain("about to fail");
    expect(dynoVersions()).toEqual([served]);
    const [newest] = await stage.deployer().releases();
    expect(newest?.state).toBe("failed");
    // What failed is not taken for done: the next deployment does it.
    expect((await stage.deployer(broken).plan()).changes).not.toEqual([]);
    await stage.up(working);
    expect(dynoVersions()).toEqual([currentVersion()]);
  });

  it("a release that expires", async () => {
    await stage.up(working);
    change();
    stage.double.scripts.releases.push({ ends: "expired" });
    expect((await stage.failure(working)).code).toBe("containers.release-expired");
  });

  it("heroku/cli#1082, dpl#209: a build that fails, with its last 30 lines", async () => {
    const output = Array.from({ length: 50 }, (_, index) => `line ${index + 1}`).join("\n");
    stage.double.scripts.builds.push({ ends: "failed", output: `${output}\n` });
    const error = await stage.failure();
    expect(error.code).toBe("images.build-failed");
    const last = error.details.lastLines as readonly string[];
    expect(last.length).toBeLessThanOrEqual(30);
    expect(last).toContain("line 50");
    expect(error.message).not.toContain("line 1\n");
    await stage.up();
  });

  it("heroku/cli#1319, dpl#222: a one-off command that fails", async () => {
    await stage.up();
    const session = await stage.deployer().run({ command: "no-such-command" });
    expect(await session.exitCode).toBe(127);
  });

  it("a one-off command whose connection is lost: the exit code is unknown, and not 0", async () => {
    await stage.up();
    const session = await stage.deployer().run({ command: "echo begun; kill -9 $PPID; sleep 5" });
    await expect(session.exitCode).rejects.toMatchObject({ code: "containers.exit-code-unknown" });
  });

  it("a web process that exits: crashed, with exit code and last lines", async () => {
    await stage.up();
    stage.write({ "web.mjs": 'console.error("no database"); process.exit(9);' });
    const error = await stage.failure();
    expect(error.code).toBe("containers.crashed");
    expect(error.details.exitCode).toBe(9);
    expect(error.message).toContain("no database");
    const status = await stage.deployer().status();
    expect(
      status.processes.find(({ name }) => name === "web")?.instances.map(({ state }) => state),
    ).not.toContain("running");
  });

  it("a web process that does not bind its port: R10", async () => {
    stage.write({ "web.mjs": "setInterval(() => {}, 1000);" });
    const error = await stage.failure();
    expect(error.details.herokuCode).toBe("R10");
    expect(error.hint).toContain("$PORT");
  });

  it("a worker that ends at once, although its dyno is up for a moment", async () => {
    const error = await stage.failure({
      processes: { web: { command: "node web.mjs", health: "/healthz" }, worker: { command: "exit 4" } },
    });
    expect(error.code).toBe("containers.crashed");
    expect(error.message).toContain("worker.1");
    expect(error.details.exitCode).toBe(4);
  });

  it("a web process that is up and does not answer well", async () => {
    const error = await stage.failure({
      processes: {
        web: { command: "HEALTH=500 node web.mjs", health: { path: "/healthz", startWithin: "1 s" } },
      },
      config: { GREETING: "hello" },
    });
    expect(error.code).toBe("containers.not-answering");
    expect(error.message).toContain("500");
  }, 200_000);
});

describe("no failure on success, and no endless waiting", () => {
  it("dpl#1257: a build that is decided long after its output ended is waited for", async () => {
    stage.double.scripts.builds.push({ ends: "failed", output: "slow\n", pace: 20 });
    await stage.failure();
    stage.double.scripts.releases.push({ ends: "succeeded", pendingAfterOutput: 600 });
    await stage.up(working);
    expect(dynoVersions()).toEqual([currentVersion()]);
  });

  it("dpl#918: what is gone (410) ends the waiting with an error", async () => {
    stage.double.faults.set({
      method: "GET",
      path: "/apps/{app}/builds/{build}",
      times: Number.POSITIVE_INFINITY,
      does: { kind: "answer", status: 410, id: "gone", message: "This resource is gone." },
    });
    expect((await stage.failure()).code).toBe("heroku.gone");
  });

  it("output that is cut is taken up behind the last byte, and nothing comes twice", async () => {
    stage.double.scripts.streamCuts.push(10, 25);
    await stage.up({ release: "for i in 1 2 3 4 5 6 7 8 9; do echo step $i; done" });
    expect(stage.output.filter((line) => line.startsWith("step"))).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => `step ${number}`),
    );
  });

  it("heroku/cli#878, #1551: a one-off command whose dyno cannot be met does not hang, and its dyno is stopped", async () => {
    await stage.up();
    const [host, port] = stage.double.rendezvousAddress.split(":");
    expect([host, port].every(Boolean)).toBe(true);
    const deployer = stage.deployer({}, {}, "staging", { SSL_CERT_FILE: "" });
    await expect(deployer.run({ command: "sleep 60" })).rejects.toMatchObject({
      code: "containers.rendezvous-blocked",
    });
    expect(stage.double.state.apps[0]!.dynos.filter(({ type }) => type === "run")).toEqual([]);
  });

  it("heroku/cli#1551: a release that stays pending for ever is given up after 65 minutes", async () => {
    await stage.up(working);
    const served = currentVersion();
    change();
    stage.double.scripts.releases.push({ ends: "succeeded", pendingAfterOutput: 24 * 3_600_000 });
    stage.clock = hurriedClock();
    const began = stage.clock.now();
    const error = await stage.failure(working);
    expect(error.code).toBe("containers.release-pending");
    expect(error.message).toContain("still pending");
    expect(error.hint).toContain("status.heroku.com");
    expect((stage.clock.now() - began) / 60_000).toBeGreaterThan(65);
    expect(dynoVersions()).toEqual([served]);
    // Another run waits for the same release, and neither builds nor releases once more.
    expect((await stage.failure(working)).code).toBe("containers.release-pending");
    expect(stage.double.state.apps[0]!.builds).toHaveLength(2);
  });

  it("a lost answer to the build is not another build", async () => {
    stage.double.faults.set({ method: "POST", path: "/apps/{app}/builds", does: { kind: "lost" } });
    await stage.up();
    expect(stage.double.state.apps[0]!.builds).toHaveLength(1);
  });

  it("a lost answer to a rollback is not another rollback", async () => {
    await stage.up();
    change();
    await stage.up({ config: { GREETING: "second" } });
    stage.double.faults.set({ method: "POST", path: "/apps/{app}/releases", does: { kind: "lost" } });
    await stage.deployer().rollback();
    const descriptions = stage.double.state.apps[0]!.releases.map(({ description }) => description);
    expect(descriptions.filter((one) => one.startsWith("Rollback"))).toHaveLength(1);
  });
});

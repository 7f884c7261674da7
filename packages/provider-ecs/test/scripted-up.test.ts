import { beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../../cli/src/exit-codes.js";
import { serviceName } from "../src/containers/describe.js";
import { failingReleases } from "./support/failing-releases.js";
import { has } from "./support/needs.js";
import { type RolloutTruth, rolloutEnds } from "./support/rollout-truth.js";
import { changesAmong, errorOf, type SmallApp, smallDeployer } from "./support/small-app.js";
import { mishaps, missingAtFirst, notPlaced, roleNotAssumable, type StoppedTask } from "./support/truths.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * Whole runs of `up` against what AWS says and no emulator does: each ends in the right error, with what happened, what to
 * do, and the exit code that the program ends with; or, where it passes, well.
 */

const service = serviceName({ app: "shop", environment: "production" }, "web");

describe.skipIf(!(await has("python")))("up", () => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });
  let versions = 0;
  const deployer = (more: Partial<SmallApp> = {}) => {
    versions += 1;
    return smallDeployer({ env: vendor().env, version: `v${versions}`, ...more });
  };
  const told = (truth: Partial<RolloutTruth>): void =>
    vendor().proxy.script(...rolloutEnds({ service, container: "web", ends: "failed", ...truth }));

  beforeAll(async () => {
    await deployer().up();
  }, 120_000);

  describe("ends with what happened, what to do, and exit code 1, when the next release", () => {
    it.each(failingReleases(service))(
      "%s",
      async (_name, truth, reason, message, hint) => {
        told(truth);
        const error = await errorOf(deployer().up());
        expect(error.code).toBe("containers.rollout-failed");
        expect(exitCodeOf(error.code)).toBe(1);
        expect(error.details).toMatchObject({ reason, process: "web" });
        expect(error.message).toMatch(message);
        expect(error.message).toContain("The release before it stays in service");
        expect(error.hint).toMatch(hint);
        const [task] = truth.tasks ?? [];
        if (task?.exitCode !== undefined) expect(error.details.exitCode).toBe(task.exitCode);
        if (truth.lines !== undefined) expect(error.details.lastLines).toEqual(truth.lines);
        // ECS goes back by itself.
        expect(vendor().proxy.names.filter((one) => one === "ecs:UpdateService")).toHaveLength(1);
      },
      60_000,
    );
  });

  it("stops a deployment that can never succeed, instead of waiting for the circuit breaker", async () => {
    const stoppedReason = "CannotPullContainerError: failed to resolve ref shop@sha256:00: not found";
    told({ ends: "stuck", tasks: [{ stopCode: "TaskFailedToStart", stoppedReason }] });
    const error = await errorOf(deployer().up());
    expect(error.details).toMatchObject({ reason: "image-missing", because: "trying again cannot help" });
    const stops = vendor().proxy.calls.filter(({ operation }) => operation === "StopServiceDeployment");
    expect(stops.map(({ input }) => input.stopType)).toEqual(["ROLLBACK"]);
  }, 60_000);

  it("stops a deployment whose tasks ECS starts less and less often", async () => {
    told({
      ends: "stuck",
      tasks: [{ exitCode: 1, ranSeconds: 2 }],
      lines: ["no such table"],
      events: [`(service ${service}) is unable to consistently start tasks successfully.`],
    });
    const error = await errorOf(deployer().up());
    expect(exitCodeOf(error.code)).toBe(1);
    expect(error.details).toMatchObject({ reason: "crashed", because: "ECS tries less and less often" });
    expect(error.details.lastLines).toEqual(["no such table"]);
    expect(vendor().proxy.names).toContain("ecs:StopServiceDeployment");
  }, 60_000);

  it.each<readonly [string, StoppedTask]>([
    [
      "AWS took the machine back",
      { stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted.", exitCode: 137 },
    ],
    [
      "AWS retires the machine",
      { stopCode: "TerminationNotice", stoppedReason: "Task stopped by termination notice.", exitCode: 143 },
    ],
    [
      "a task ended on SIGTERM, with 143, as it was told to",
      { stopCode: "UserInitiated", stoppedReason: "Task stopped by user", exitCode: 143 },
    ],
    [
      "an instance of it was scaled away",
      {
        stopCode: "ServiceSchedulerInitiated",
        stoppedReason: "Scaling activity initiated by (deployment ecs-svc/0000000000000000009)",
        exitCode: 143,
      },
    ],
  ])(
    "goes on waiting when %s: that is no failure of the release",
    async (_name, task) => {
      told({ ends: "completed", looks: 3, tasks: [{ ...task, ranSeconds: 60 }] });
      await expect(deployer().up()).resolves.toMatchObject({ release: expect.any(Number) });
    },
    60_000,
  );

  it("has no instances left of a first release that failed, and the next one begins anew", async () => {
    const name = "first";
    const own = serviceName({ app: name, environment: "production" }, "web");
    told({ service: own, tasks: [{ exitCode: 1, ranSeconds: 1 }], lines: ["no such table"] });
    const error = await errorOf(deployer({ name }).up());
    expect(exitCodeOf(error.code)).toBe(1);
    expect(error.message).toMatch(/exit code 1.*nothing to go back to.*0 instances/);
    expect(error.details).toMatchObject({ lastLines: ["no such table"] });
    const updates = () => vendor().proxy.calls.filter(({ operation }) => operation === "UpdateService");
    expect(updates().map(({ input }) => input.desiredCount)).toEqual([0]);
    vendor().proxy.reset();
    await deployer({ name }).up();
    expect(updates().map(({ input }) => input.desiredCount)).toEqual([1]);
  }, 60_000);

  describe("with a release command", () => {
    const release = (command: string): Partial<SmallApp> => ({ app: { release: command } });

    it("runs it once for an image, and again when asked", async () => {
      const runs = () => vendor().proxy.names.filter((name) => name === "ecs:RunTask").length;
      const same = (config: Record<string, string>) =>
        deployer({ version: "once", app: { release: "migrate once", config } });
      await same({ GREETING: "hello" }).up();
      expect(runs()).toBe(1);
      await same({ GREETING: "other" }).up();
      expect(runs()).toBe(1);
      await same({ GREETING: "third" }).up({ rerunReleaseCommand: true });
      expect(runs()).toBe(2);
    }, 60_000);

    it("waits for a task that ECS does not know yet", async () => {
      vendor().proxy.script(missingAtFirst({ times: 2 }));
      await deployer(release("migrate one")).up();
      expect(vendor().proxy.names.filter((name) => name === "ecs:RunTask")).toHaveLength(1);
    }, 60_000);

    it("waits until ECS may assume a new role", async () => {
      vendor().proxy.script(roleNotAssumable({ on: "ecs:RunTask", times: 3 }));
      await deployer(release("migrate two")).up();
      expect(vendor().proxy.names.filter((name) => name === "ecs:RunTask")).toHaveLength(4);
    }, 60_000);

    it.each([
      ["RESOURCE:MEMORY", "no-room", /No instance has room/],
      ["RESOURCE:ENI", "no-network-interface", /network interface/],
      ["AGENT", "no-instance", /No instance of the cluster/],
      ["Capacity is unavailable at this time.", "no-capacity", /no machine free/],
    ])(
      "says why it was not placed (%s), and leaves the processes alone",
      async (reason, _name, message) => {
        vendor().proxy.script(notPlaced({ reason }));
        const error = await errorOf(deployer(release(`migrate ${reason}`)).up());
        expect(exitCodeOf(error.code)).toBe(1);
        expect(error.message).toMatch(message);
        expect(error.hint).not.toBe("");
        expect(vendor().proxy.names).not.toContain("ecs:UpdateService");
      },
      60_000,
    );

    it("ends with its exit code and output, and leaves the processes alone", async () => {
      vendor().proxy.script(
        {
          on: "ecs:DescribeTasks",
          tell: {
            rewrite: (output) => ({
              ...output,
              tasks: ((output.tasks ?? []) as Record<string, unknown>[]).map(
                ({ launchType: _, ...task }) => ({
                  ...task,
                  lastStatus: "STOPPED",
                  containers: [{ name: "release", lastStatus: "STOPPED", exitCode: 3 }],
                }),
              ),
            }),
          },
        },
        {
          on: "logs:GetLogEvents",
          tell: {
            answer: {
              events: [{ timestamp: 1, message: "no such column", ingestionTime: 1 }],
              nextForwardToken: "f/1",
              nextBackwardToken: "b/1",
            },
          },
        },
      );
      const error = await errorOf(deployer(release("migrate badly")).up());
      expect(error).toMatchObject({
        code: "containers.release-command-failed",
        details: { exitCode: 3 },
      });
      expect(error.details.lastLines).toContain("no such column");
      expect(exitCodeOf(error.code)).toBe(1);
      expect(vendor().proxy.names).not.toContain("ecs:UpdateService");
    }, 60_000);
  });

  describe("of an app that is new", () => {
    it("waits until ECS may assume the role", async () => {
      vendor().proxy.script(roleNotAssumable({ times: 3 }));
      await deployer({ name: "young" }).up();
      expect(vendor().proxy.names.filter((name) => name === "ecs:CreateService")).toHaveLength(4);
    }, 60_000);

    it("says so when ECS never may", async () => {
      vendor().proxy.script(roleNotAssumable({ times: 1_000 }));
      const error = await errorOf(deployer({ name: "never" }).up());
      expect(error.code).toBe("containers.role-not-assumable");
      expect(exitCodeOf(error.code)).toBe(1);
      expect(error.message).toContain("Unable to assume the service linked role");
      expect(error.hint).toContain("ecs-tasks.amazonaws.com");
    }, 60_000);
  });

  describe("whose one change on its way was", () => {
    it.each(Object.keys(mishaps) as (keyof typeof mishaps)[])(
      "%s, ends well all the same",
      async (name) => {
        vendor().proxy.script({ on: "ecs:UpdateService", times: 1, tell: mishaps[name] });
        const next = deployer();
        await next.up();
        vendor().proxy.reset();
        expect((await next.plan()).changes).toEqual([]);
      },
      60_000,
    );
  });

  it.each(["throttled", "failed", "lostBefore", "truncated", "notJson"] as const)(
    "changes nothing when every look at the services is %s",
    async (name) => {
      vendor().proxy.script({ on: "ecs:DescribeServices", tell: mishaps[name] });
      const error = await errorOf(deployer().up());
      expect(exitCodeOf(error.code)).toBe(1);
      expect(error.code).toMatch(/^ecs\./);
      expect(error.hint).not.toBe("");
      expect(changesAmong(vendor().proxy.calls)).toEqual([]);
    },
    60_000,
  );
});

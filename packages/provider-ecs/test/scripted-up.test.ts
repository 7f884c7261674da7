import { beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../../cli/src/exit-codes.js";
import { serviceName } from "../src/containers/describe.js";
import { has } from "./support/needs.js";
import { type RolloutTruth, rolloutEnds } from "./support/rollout-truth.js";
import { changesAmong, errorOf, type SmallApp, smallDeployer } from "./support/small-app.js";
import { mishaps, missingAtFirst, notPlaced, roleNotAssumable } from "./support/truths.js";
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
    it.each<readonly [string, Partial<RolloutTruth>, reason: string, message: RegExp, hint: RegExp]>([
      [
        "crashes",
        { tasks: [{ exitCode: 1, ranSeconds: 2 }], lines: ["Traceback", "KeyError: 'DATABASE_URL'"] },
        "crashed",
        /web ended with exit code 1/,
        /last lines/i,
      ],
      [
        "needs more memory than it has",
        {
          tasks: [
            {
              exitCode: 137,
              reason: "OutOfMemoryError: Container killed due to memory usage",
              ranSeconds: 9,
            },
          ],
        },
        "out-of-memory",
        /more memory than it has \(512 MiB\)/,
        /`memory`/,
      ],
      [
        "is killed, and nobody says why",
        { tasks: [{ exitCode: 137, ranSeconds: 9 }] },
        "killed",
        /was killed \(exit code 137\)/,
        /memory/,
      ],
      [
        "does not end on SIGTERM when it is replaced",
        {
          tasks: [
            {
              stopCode: "ServiceSchedulerInitiated",
              stoppedReason: "Task failed container health checks",
              exitCode: 137,
              ranSeconds: 300,
            },
          ],
        },
        "unhealthy",
        /fails its health check/,
        /0\.0\.0\.0/,
      ],
      [
        "is told to stop and has to be killed",
        {
          tasks: [
            {
              stopCode: "UserInitiated",
              stoppedReason: "Task stopped by user",
              exitCode: 137,
              ranSeconds: 300,
            },
          ],
        },
        "killed-while-stopping",
        /did not end by itself within \d+ s of SIGTERM/,
        /stopWithin/,
      ],
      [
        "aborts itself",
        { tasks: [{ exitCode: 134, ranSeconds: 1 }], lines: ["FATAL ERROR: heap out of memory"] },
        "native-crash",
        /aborted itself \(exit code 134\)/,
        /libraries/,
      ],
      [
        "crashes in native code",
        { tasks: [{ exitCode: 139, ranSeconds: 1 }] },
        "native-crash",
        /crashed in native code \(exit code 139\)/,
        /libraries/,
      ],
      [
        "is for another processor",
        { tasks: [{ exitCode: 1, ranSeconds: 0 }], lines: ["exec /usr/bin/node: exec format error"] },
        "wrong-architecture",
        /another processor than amd64/,
        /linux\/amd64/,
      ],
      [
        "cannot be pulled",
        {
          tasks: [
            {
              stopCode: "TaskFailedToStart",
              stoppedReason:
                "CannotPullContainerError: failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:00: not found",
            },
          ],
        },
        "image-missing",
        /not in its registry/,
        /Deploy again/,
      ],
      [
        "may not read its secrets",
        {
          tasks: [
            {
              stopCode: "TaskFailedToStart",
              stoppedReason:
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/x/1 is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:123456789012:parameter/deploy/shop/production/TOKEN",
            },
          ],
        },
        "secret-unreadable",
        /secret cannot be read: arn:aws:ssm:us-east-1:123456789012:parameter\/deploy\/shop\/production\/TOKEN/,
        /execution role/,
      ],
      [
        "does not answer the load balancer",
        { target: { reason: "Target.Timeout", description: "Request timed out" } },
        "not-listening",
        /does not answer the load balancer/,
        /0\.0\.0\.0/,
      ],
      [
        "answers the load balancer with an error",
        {
          target: {
            reason: "Target.ResponseCodeMismatch",
            description: "Health checks failed with these codes: [500]",
          },
        },
        "wrong-answer",
        /with 500, and 200 to 399/,
        /`health`/,
      ],
      [
        "has no network interface left",
        {
          events: [
            `(service ${service}) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 1 encountered error "RESOURCE:ENI".`,
          ],
        },
        "no-network-interface",
        /network interface left/,
        /larger instance type/,
      ],
      [
        "is placed nowhere",
        {
          events: [
            `(service ${service}) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.`,
          ],
        },
        "no-capacity",
        /no machine free/,
        /Wait/,
      ],
    ])(
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

  it("goes on waiting when AWS took the machine back: that is no failure of ours", async () => {
    const interrupted = {
      stopCode: "SpotInterruption",
      stoppedReason: "Your Spot Task was interrupted.",
      exitCode: 137,
      ranSeconds: 60,
    };
    told({ ends: "completed", looks: 3, tasks: [interrupted] });
    await expect(deployer().up()).resolves.toMatchObject({ release: expect.any(Number) });
  }, 60_000);

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

import type { ResolvedProcess } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { describeServices } from "../src/containers/describe.js";
import type { FailureQuery } from "../src/containers/failed-tasks.js";
import { lookAtRollout, type Rollout, rolloutError, type Watched } from "../src/containers/rollout-watch.js";
import { createElementBench } from "./support/element-bench.js";
import { has } from "./support/needs.js";
import { type FailedRollout, failedRollout } from "./support/truths.js";
import { useVendor } from "./support/use-vendor.js";

/*
 * Failed rollouts as AWS tells them: each ends in an error that says what happened and what to do. The rows are those of
 * the table of signals in the research for this provider; no emulator can tell them.
 */

const cluster = "shop";
const service = "shop-web";
const deploymentId = "ecs-svc/1111111111111111111";
const previous = "ecs-svc/0000000000000000000";
const webProcess: ResolvedProcess = {
  name: "web",
  command: "node server.js",
  health: { path: "/healthz", everyMs: 5_000, timeoutMs: 2_000, startWithinMs: 60_000 },
  listens: true,
  internal: false,
  volumes: {},
  drainMs: 10_000,
  stopWithinMs: 10_000,
  config: {},
};

describe.skipIf(!(await has("python")))("a rollout that fails on AWS", () => {
  const vendor = useVendor();

  const look = async (told: Partial<FailedRollout>, looks = 1): Promise<readonly Rollout[]> => {
    vendor().proxy.script(
      ...failedRollout({ cluster, service, container: "web", deploymentId, previous, ...told }),
    );
    const bench = createElementBench({ url: vendor().proxy.url });
    const context = bench.context();
    const query: FailureQuery = {
      scope: bench.scope,
      cluster,
      process: webProcess,
      release: 2,
      deploymentId,
      architecture: "amd64",
    };
    const watched: Watched = { deploymentId, release: 2, isFirst: told.previous === undefined, told: 0 };
    const seen: Rollout[] = [];
    for (let index = 0; index < looks; index += 1) {
      const [found] = await describeServices(bench.parts, context, cluster, [service]);
      if (found === undefined) throw new Error("the scripted service was not read");
      seen.push(await lookAtRollout(bench.parts, context, query, found, watched));
    }
    return seen;
  };
  const errorOf = async (
    told: Partial<FailedRollout>,
  ): Promise<{ message: string; hint: string; details: object }> => {
    const [rollout] = await look(told);
    if (rollout?.state !== "failed") throw new Error(`it has not failed but is ${rollout?.state}`);
    const error = rolloutError(
      {
        scope: { app: "shop", environment: "production" },
        cluster,
        process: webProcess,
        release: 2,
        deploymentId,
        architecture: "amd64",
      },
      { isFirst: false },
      rollout,
    );
    return { message: error.message, hint: error.hint ?? "", details: error.details ?? {} };
  };

  it.each<readonly [name: string, told: Partial<FailedRollout>, message: RegExp, hint: RegExp]>([
    [
      "crashed",
      { tasks: [{ exitCode: 1, ranSeconds: 2 }], lines: ["Traceback", "KeyError: 'X'"] },
      /web ended with exit code 1/,
      /last lines/i,
    ],
    [
      "out-of-memory",
      {
        tasks: [
          { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage", ranSeconds: 9 },
        ],
      },
      /needed more memory.*512 MiB/,
      /memory/,
    ],
    [
      "native-crash",
      { tasks: [{ exitCode: 139, ranSeconds: 1 }] },
      /crashed in native code \(exit code 139\)/,
      /libraries/,
    ],
    [
      "wrong-architecture",
      { tasks: [{ exitCode: 1, ranSeconds: 0 }], lines: ["exec /usr/bin/node: exec format error"] },
      /another processor than amd64/,
      /linux\/amd64/,
    ],
    [
      "image-missing",
      {
        tasks: [
          {
            stopCode: "TaskFailedToStart",
            stoppedReason:
              "CannotPullContainerError: failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:00: not found",
          },
        ],
      },
      /image is not in its registry/,
      /Deploy again/,
    ],
    [
      "image-forbidden",
      {
        tasks: [
          {
            stopCode: "TaskFailedToStart",
            stoppedReason:
              "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/acme/shop:1: pulling from host registry-1.docker.io failed with status code [manifests 1]: 403 Forbidden",
          },
        ],
      },
      /may not be pulled/,
      /execution role|registry\(\)/,
    ],
    [
      "image-unreachable",
      {
        tasks: [
          {
            stopCode: "TaskFailedToStart",
            stoppedReason:
              'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: Head "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/shop/manifests/1": dial tcp 52.46.1.1:443: i/o timeout',
          },
        ],
      },
      /registry cannot be reached/,
      /NAT gateway/,
    ],
    [
      "secret-unreadable",
      {
        tasks: [
          {
            stopCode: "TaskFailedToStart",
            stoppedReason:
              "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /deploy/shop/production/TOKEN",
          },
        ],
      },
      /secret cannot be read.*\/deploy\/shop\/production\/TOKEN/,
      /secrets set/,
    ],
    [
      "not-listening",
      { target: { reason: "Target.Timeout", description: "Request timed out" } },
      /does not answer the load balancer/,
      /0\.0\.0\.0/,
    ],
    [
      "wrong-answer",
      {
        target: {
          reason: "Target.ResponseCodeMismatch",
          description: "Health checks failed with these codes: [302]",
        },
      },
      /a redirect \(302\)/,
      /answer by itself: without a login/,
    ],
    [
      "unhealthy",
      { target: { reason: "Target.FailedHealthChecks", description: "Health checks failed" } },
      /fails its health check/,
      /PORT/,
    ],
    [
      "no-port",
      {
        events: [
          `(service ${service}) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 1) is already using a port required by your task.`,
        ],
      },
      /fixed port/,
      /0\/100/,
    ],
    [
      "no-room",
      {
        events: [
          `(service ${service}) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 1) has insufficient memory available.`,
        ],
      },
      /No instance has room/,
      /larger instance type/,
    ],
    [
      "no-capacity",
      {
        events: [
          `(service ${service}) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.`,
        ],
      },
      /no machine free/,
      /spot/,
    ],
    [
      "quota",
      {
        events: [
          `(service ${service}) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently.`,
        ],
      },
      /quota of the account/,
      /servicequotas/,
    ],
    [
      "backing-off",
      {
        events: [
          `(service ${service}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.`,
        ],
      },
      /tries less and less often/,
      /deploy again/,
    ],
    [
      "deadlock",
      {
        events: [
          `(service ${service}) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.`,
        ],
      },
      /neither stop an old task nor start a new one/,
      /0 and 100/,
    ],
  ])("says of %s what happened and what to do", async (name, told, message, hint) => {
    const error = await errorOf(told);
    expect(error.details).toMatchObject({ reason: name, process: "web", release: 2 });
    expect(error.message).toMatch(message);
    expect(error.message).toContain("The release before it stays in service");
    expect(error.hint).toMatch(hint);
  });

  it("has the last lines and the exit code in the error", async () => {
    const error = await errorOf({ tasks: [{ exitCode: 3, ranSeconds: 1 }], lines: ["one", "two"] });
    expect(error.details).toMatchObject({ exitCode: 3, lastLines: ["one", "two"] });
  });

  it("is followed by its own deployment: in progress, then failed, although the previous one is PRIMARY again", async () => {
    const seen = await look({ tasks: [{ exitCode: 1, ranSeconds: 1 }], looks: 2 }, 3);
    expect(seen.map(({ state }) => state)).toEqual(["running", "running", "failed"]);
  });

  it("is no failure of the release when AWS took the machine back", async () => {
    const error = await errorOf({
      tasks: [
        {
          stopCode: "SpotInterruption",
          stoppedReason: "Your Spot Task was interrupted.",
          exitCode: 137,
          ranSeconds: 60,
        },
        { exitCode: 2, ranSeconds: 1 },
      ],
    });
    expect(error.details).toMatchObject({ reason: "crashed", exitCode: 2 });
  });
});

import { describe, expect, it } from "vitest";
import { diagnose, type FailureSigns, failureTable } from "./failure-table.js";

/** For every row: signs as AWS documents them, and words which have to be said about them. */
const examples: Readonly<Record<string, readonly { signs: FailureSigns; says: RegExp; hints?: RegExp }[]>> = {
  "taken-back": [
    { signs: { stopCode: "SpotInterruption", exitCode: 137, wasStopped: true }, says: /took back/ },
    { signs: { stopCode: "TerminationNotice", exitCode: 143 }, says: /no fault/ },
  ],
  scaled: [
    {
      signs: { stoppedReason: "Scaling activity initiated by (deployment ecs-svc/123)", exitCode: 137 },
      says: /newer deployment/,
    },
  ],
  "wrong-architecture": [
    {
      signs: { exitCode: 1, lines: ["exec /bin/sh: exec format error"], architecture: "amd64" },
      says: /another processor/,
      hints: /linux\/amd64.*arm64/,
    },
    {
      signs: {
        stoppedReason:
          "CannotPullContainerError: pull image manifest has been retried 1 time(s): image manifest does not contain descriptor matching platform 'linux/amd64'",
      },
      says: /another processor/,
    },
  ],
  "image-missing": [
    {
      signs: {
        stopCode: "TaskFailedToStart",
        stoppedReason:
          "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123.dkr.ecr.us-east-1.amazonaws.com/shop:1: not found",
      },
      says: /not in its registry/,
      hints: /Deploy again/,
    },
    { signs: { reason: "CannotPullContainerError: manifest unknown" }, says: /not in its registry/ },
  ],
  "image-forbidden": [
    {
      signs: { stoppedReason: "CannotPullECRContainerError: AccessDeniedException: User is not authorized" },
      says: /may not be pulled: CannotPullECR/,
      hints: /execution role/,
    },
  ],
  "image-rate-limited": [
    {
      signs: {
        stoppedReason: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit",
      },
      says: /refuses more pulls/,
    },
  ],
  "image-unreachable": [
    {
      signs: {
        stoppedReason:
          "CannotPullContainerError: pull image manifest has been retried 5 time(s): dial tcp 10.0.0.1:443: i/o timeout",
      },
      says: /cannot be reached/,
      hints: /NAT/,
    },
  ],
  "image-too-large": [
    { signs: { reason: "CannotPullContainerError: write /layer: no space left on device" }, says: /disk/ },
  ],
  "image-failed": [{ signs: { reason: "CannotPullContainerError: unexpected EOF" }, says: /unexpected EOF/ }],
  "secret-unreadable": [
    {
      signs: {
        stopCode: "TaskFailedToStart",
        stoppedReason:
          "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException on arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-key",
      },
      says: /arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-key/,
      hints: /execution role/,
    },
    {
      signs: {
        stoppedReason:
          "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: context deadline exceeded",
      },
      says: /cannot be read/,
      hints: /cannot be reached/,
    },
  ],
  "log-group-missing": [
    {
      signs: {
        stoppedReason:
          "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: ResourceNotFoundException: The specified log group does not exist.",
      },
      says: /log group/,
    },
  ],
  "role-not-assumable": [
    {
      signs: {
        events: [
          "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.",
        ],
      },
      says: /role/,
      hints: /ecs-tasks/,
    },
  ],
  "start-refused": [
    {
      signs: {
        reason:
          'CannotStartContainerError: failed to create task: OCI runtime create failed: exec: "sh": executable file not found in $PATH',
      },
      says: /"sh"/,
      hints: /in the image/,
    },
  ],
  "no-port": [
    {
      signs: {
        events: [
          "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 1) is already using a port required by your task.",
        ],
      },
      says: /fixed port/,
      hints: /0\/100/,
    },
    { signs: { stoppedReason: "RESOURCE:PORTS" }, says: /fixed port/ },
  ],
  "no-network-interface": [{ signs: { stoppedReason: "RESOURCE:ENI" }, says: /network interface/ }],
  "no-room": [
    {
      signs: {
        events: ["The closest matching container-instance 1 has insufficient memory available."],
        memory: 512,
        process: "web",
      },
      says: /another web \(512 MiB\)/,
    },
    { signs: { stoppedReason: "RESOURCE:MEMORY" }, says: /room/ },
  ],
  "no-instance": [
    {
      signs: {
        events: [
          "(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.",
        ],
      },
      says: /No instance/,
    },
  ],
  "no-capacity": [
    {
      signs: {
        stoppedReason:
          "Capacity is unavailable at this time. Please try again later or in a different availability zone",
      },
      says: /no machine free/,
      hints: /spot/,
    },
  ],
  quota: [
    {
      signs: { events: ["You've reached the limit on the number of vCPUs you can run concurrently"] },
      says: /quota/,
    },
  ],
  deadlock: [
    {
      signs: {
        events: [
          "(service web) was unable to stop or start tasks during a deployment because of the service deployment configuration.",
        ],
      },
      says: /neither stop/,
      hints: /0 and 100/,
    },
  ],
  "out-of-memory": [
    {
      signs: {
        exitCode: 137,
        reason: "OutOfMemoryError: Container killed due to memory usage",
        memory: 512,
        process: "web",
      },
      says: /more memory than it has \(512 MiB\)/,
      hints: /memory/,
    },
  ],
  "not-listening": [
    {
      signs: { target: { reason: "Target.Timeout" }, port: 8080, process: "web" },
      says: /does not answer/,
      hints: /127\.0\.0\.1.*8080/,
    },
  ],
  "wrong-answer": [
    {
      signs: {
        target: {
          reason: "Target.ResponseCodeMismatch",
          description: "Health checks failed with these codes: [404]",
        },
        healthPath: "/healthz",
        process: "web",
      },
      says: /web answers \/healthz with 404/,
    },
  ],
  "slow-start": [
    {
      signs: {
        target: { reason: "Target.FailedHealthChecks" },
        ranMs: 20_000,
        startWithinMs: 30_000,
        process: "web",
      },
      says: /within 30 s/,
      hints: /startWithin/,
    },
  ],
  unhealthy: [
    {
      signs: {
        stoppedReason: "Task failed ELB health checks in (target-group arn:x)",
        healthPath: "/",
        ranMs: 900_000,
        startWithinMs: 60_000,
      },
      says: /fails its health check \(\/\)/,
    },
    { signs: { stoppedReason: "Task failed container health checks" }, says: /fails its health check/ },
  ],
  "killed-while-stopping": [
    {
      signs: { exitCode: 137, wasStopped: true, stopWithinMs: 10_000 },
      says: /within 10 s of SIGTERM/,
      hints: /stopWithin/,
    },
  ],
  killed: [{ signs: { exitCode: 137, memory: 512 }, says: /137/, hints: /512 MiB/ }],
  "native-crash": [
    { signs: { exitCode: 139 }, says: /native code/ },
    { signs: { exitCode: 134 }, says: /aborted/ },
  ],
  terminated: [{ signs: { exitCode: 143 }, says: /as it should/ }],
  "command-missing": [
    { signs: { exitCode: 127 }, says: /not in the image/ },
    { signs: { exitCode: 126 }, says: /cannot be executed/ },
  ],
  ended: [{ signs: { exitCode: 0, stopCode: "EssentialContainerExited" }, says: /has to stay up/ }],
  crashed: [
    {
      signs: { exitCode: 1, stopCode: "EssentialContainerExited", process: "web" },
      says: /web ended with exit code 1/,
      hints: /output/,
    },
  ],
  "backing-off": [
    {
      signs: { events: ["(service web) is unable to consistently start tasks successfully."] },
      says: /less and less/,
    },
  ],
  "failed-to-start": [
    { signs: { stopCode: "TaskFailedToStart", stoppedReason: "Something new" }, says: /Something new/ },
  ],
};

describe("the table of failures", () => {
  it.each(failureTable.map((row) => row.name))(
    "%s has an example, says what happened and what to do",
    (name) => {
      const own = examples[name];
      expect(own, `no example of ${name}`).toBeDefined();
      for (const { signs, says, hints } of own!) {
        const diagnosis = diagnose(signs);
        expect(diagnosis.name).toBe(name);
        expect(diagnosis.message).toMatch(says);
        expect(diagnosis.message).not.toMatch(/undefined|\.$/);
        expect(diagnosis.hint).toMatch(hints ?? /./);
        expect(diagnosis.hint).not.toMatch(/undefined/);
      }
    },
  );

  it("has no example without a row", () => {
    expect(Object.keys(examples).sort()).toEqual(failureTable.map((row) => row.name).sort());
  });

  it("does not blame the release for what AWS or an operator did", () => {
    for (const name of ["taken-back", "scaled", "terminated"]) {
      expect(failureTable.find((row) => row.name === name)?.fault).toBe("none");
    }
  });

  it("says something about what it has never seen", () => {
    expect(diagnose({ stoppedReason: "A meteorite", process: "web" })).toEqual({
      name: "unknown",
      fault: "maybe",
      message: "web stopped: A meteorite",
      hint: "Look at its output: `deploy logs`.",
    });
  });
});

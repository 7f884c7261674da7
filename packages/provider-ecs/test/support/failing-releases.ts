import type { RolloutTruth } from "./rollout-truth.js";

/** What AWS says of a release that does not come up, and what `up` has to make of it. */
export type FailingRelease = readonly [
  name: string,
  told: Partial<RolloutTruth>,
  reason: string,
  message: RegExp,
  hint: RegExp,
];

/**
 * Every way in which a release can fail that AWS tells of: exit codes, reasons of stopped tasks, health checks of targets,
 * events of the service. Texts are AWS's own, see `truths.ts`.
 */
export function failingReleases(service: string): readonly FailingRelease[] {
  return [
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
    [
      "may not be pulled",
      {
        tasks: [
          {
            stopCode: "TaskFailedToStart",
            stoppedReason:
              "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/acme/shop:1: pulling from host registry-1.docker.io failed with status code [manifests 1]: 403 Forbidden",
          },
        ],
      },
      "image-forbidden",
      /may not be pulled: CannotPullContainerError/,
      /execution role.*`registry\(\)`/,
    ],
    [
      "is out of reach",
      {
        tasks: [
          {
            stopCode: "TaskFailedToStart",
            stoppedReason:
              'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: Head "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/shop/manifests/1": dial tcp 52.46.1.1:443: i/o timeout',
          },
        ],
      },
      "image-unreachable",
      /registry cannot be reached/,
      /NAT gateway/,
    ],
    [
      "asks for a port that is taken",
      {
        events: [
          `(service ${service}) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 1) is already using a port required by your task.`,
        ],
      },
      "no-port",
      /fixed port/,
      /0\/100/,
    ],
    [
      "finds no room",
      {
        events: [
          `(service ${service}) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance 1) has insufficient memory available.`,
        ],
      },
      "no-room",
      /No instance has room for another web/,
      /larger instance type/,
    ],
    [
      "is one task too many for the account",
      {
        events: [
          `(service ${service}) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently.`,
        ],
      },
      "quota",
      /quota of the account/,
      /servicequotas/,
    ],
    [
      "may neither start nor stop a task",
      {
        events: [
          `(service ${service}) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.`,
        ],
      },
      "deadlock",
      /neither stop an old task nor start a new one/,
      /0 and 100/,
    ],
    [
      "answers the load balancer with a redirect",
      {
        target: {
          reason: "Target.ResponseCodeMismatch",
          description: "Health checks failed with these codes: [302]",
        },
      },
      "wrong-answer",
      /answers \/healthz with a redirect \(302\)/,
      /without a login, without HTTPS/,
    ],
    [
      "listens on another port",
      { target: { reason: "Target.FailedHealthChecks", description: "Health checks failed" } },
      "unhealthy",
      /fails its health check \(\/healthz\)/,
      /0\.0\.0\.0 and on PORT \(\d+\)/,
    ],
    [
      "takes too long to start",
      {
        target: { reason: "Target.FailedHealthChecks", description: "Health checks failed" },
        tasks: [
          {
            stopCode: "ServiceSchedulerInitiated",
            stoppedReason: "Task failed ELB health checks in (target-group arn:aws:x)",
            exitCode: 143,
            ranSeconds: 20,
          },
        ],
      },
      "slow-start",
      /was not healthy within \d+ s of its start/,
      /startWithin/,
    ],
    [
      "has a command that is not in its image",
      { tasks: [{ exitCode: 127, ranSeconds: 0 }] },
      "command-missing",
      /is not in the image \(exit code 127\)/,
      /`command`/,
    ],
    [
      "ends by itself",
      { tasks: [{ exitCode: 0, ranSeconds: 3 }] },
      "ended",
      /ended by itself \(exit code 0\)/,
      /`release` or in a job/,
    ],
  ];
}

import type { Script } from "./scripts.js";

/*
 * What AWS says and no emulator does, as scripts: data, in the shapes of AWS's own outputs (the proxy checks them by its
 * models). Texts are AWS's: "Amazon ECS stopped tasks error messages", "Amazon ECS service event messages", "Health check
 * reason codes" of Elastic Load Balancing, "Troubleshoot certificate requests" of ACM.
 */

const region = "arn:aws:ecs:us-east-1:123456789012";
/** When everything told here happened, ISO. */
const at = "2026-11-22T12:00:00.000Z";

/** The first `times` calls of CreateService find that ECS may not assume the role yet. */
export function roleNotAssumable({
  times,
  on = "ecs:CreateService",
}: {
  times: number;
  on?: string;
}): Script {
  return {
    on,
    times,
    tell: {
      error: "InvalidParameterException",
      message:
        "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
    },
  };
}

/** A task that has stopped. */
export interface StoppedTask {
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly exitCode?: number;
  /** Of the container. */
  readonly reason?: string;
  /** Seconds that it ran. Absent: it never did. */
  readonly ranSeconds?: number;
}

/** A deployment that does not come up, and everything that can be read about it. */
export interface FailedRollout {
  readonly cluster: string;
  readonly service: string;
  readonly container: string;
  /** Ours. */
  readonly deploymentId: string;
  readonly tasks?: readonly StoppedTask[];
  /** Lines that each task has printed. */
  readonly lines?: readonly string[];
  readonly target?: { readonly reason: string; readonly description: string };
  /** Texts of the service's events, newest first. */
  readonly events?: readonly string[];
  /** How many looks find it in progress before it has failed. Default 0. */
  readonly looks?: number;
  /** The deployment before it, which ECS goes back to. Absent: it was the first. */
  readonly previous?: string;
}

/** In progress for some looks, then FAILED by the circuit breaker and, where there is one, the previous deployment PRIMARY. */
export function failedRollout(rollout: FailedRollout): Script[] {
  const { cluster, service, container, deploymentId, looks = 0, previous } = rollout;
  const { tasks = [], lines = [], target, events = [] } = rollout;
  const targetGroupArn =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef";
  const deployment = (id: string, status: string, rolloutState: string, more: object = {}): object => ({
    id,
    status,
    rolloutState,
    taskDefinition: `${region}:task-definition/${service}:${id === deploymentId ? 2 : 1}`,
    desiredCount: 1,
    pendingCount: 0,
    runningCount: id === deploymentId ? 0 : 1,
    failedTasks: id === deploymentId ? tasks.length : 0,
    createdAt: at,
    updatedAt: at,
    ...more,
  });
  const described = (deployments: readonly object[]): object => ({
    services: [
      {
        serviceArn: `${region}:service/${cluster}/${service}`,
        serviceName: service,
        clusterArn: `${region}:cluster/${cluster}`,
        status: "ACTIVE",
        desiredCount: 1,
        runningCount: previous === undefined ? 0 : 1,
        pendingCount: 0,
        deployments,
        events: events.map((message, index) => ({ id: `event-${index}`, createdAt: at, message })),
        ...(target === undefined
          ? {}
          : { loadBalancers: [{ targetGroupArn, containerName: container, containerPort: 8080 }] }),
      },
    ],
    failures: [],
  });
  const running = described([
    deployment(deploymentId, "PRIMARY", "IN_PROGRESS", { failedTasks: 0 }),
    ...(previous === undefined ? [] : [deployment(previous, "ACTIVE", "COMPLETED")]),
  ]);
  const failed = described([
    deployment(deploymentId, previous === undefined ? "PRIMARY" : "ACTIVE", "FAILED", {
      rolloutStateReason: `ECS deployment circuit breaker: ${tasks.length === 0 ? "tasks failed to start" : "task failed to start"}.`,
    }),
    ...(previous === undefined
      ? []
      : [
          deployment(previous, "PRIMARY", "IN_PROGRESS", {
            rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${previous}.`,
          }),
        ]),
  ]);
  const arns = tasks.map((_, index) => `${region}:task/${cluster}/${String(index).padStart(32, "0")}`);
  return [
    ...(looks === 0 ? [] : [{ on: "ecs:DescribeServices", times: looks, tell: { answer: running } }]),
    { on: "ecs:DescribeServices", after: looks, tell: { answer: failed } },
    { on: "ecs:ListTasks", tell: { answer: { taskArns: arns } } },
    {
      on: "ecs:DescribeTasks",
      tell: {
        answer: {
          tasks: tasks.map((task, index) =>
            stoppedTask(task, { arn: arns[index] ?? "", container, deploymentId }),
          ),
          failures: [],
        },
      },
    },
    {
      on: "logs:GetLogEvents",
      tell: {
        answer: {
          events: lines.map((message) => ({
            timestamp: Date.parse(at),
            message,
            ingestionTime: Date.parse(at),
          })),
          nextForwardToken: "f/1",
          nextBackwardToken: "b/1",
        },
      },
    },
    {
      on: "elasticloadbalancing:DescribeTargetHealth",
      tell: {
        answer: {
          TargetHealthDescriptions: [
            {
              Target: { Id: "10.0.0.7", Port: 8080 },
              TargetHealth: {
                State: "unhealthy",
                Reason: target?.reason ?? "Target.FailedHealthChecks",
                Description: target?.description ?? "Health checks failed",
              },
            },
          ],
        },
      },
    },
  ];
}

function stoppedTask(
  task: StoppedTask,
  { arn, container, deploymentId }: { arn: string; container: string; deploymentId: string },
): object {
  const { stopCode = "EssentialContainerExited", stoppedReason, exitCode, reason, ranSeconds } = task;
  const started = Date.parse(at) - (ranSeconds ?? 0) * 1000;
  return {
    taskArn: arn,
    lastStatus: "STOPPED",
    desiredStatus: "STOPPED",
    startedBy: deploymentId,
    stopCode,
    stoppedReason: stoppedReason ?? "Essential container in task exited",
    cpu: "256",
    memory: "512",
    ...(ranSeconds === undefined ? {} : { startedAt: new Date(started).toISOString() }),
    stoppingAt: at,
    stoppedAt: at,
    containers: [
      {
        name: container,
        lastStatus: "STOPPED",
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(reason === undefined ? {} : { reason }),
      },
    ],
  };
}

/** The first looks at tasks find none: what RunTask has just started is not known everywhere yet. */
export function missingAtFirst({ times }: { times: number }): Script {
  return {
    on: "ecs:DescribeTasks",
    times,
    tell: {
      rewrite: (_output, { input }) => ({
        tasks: [],
        failures: ((input.tasks ?? []) as readonly string[]).map((arn) => ({ arn, reason: "MISSING" })),
      }),
    },
  };
}

/** No task can be placed, and RunTask says so in its answer, which is 200. */
export function notPlaced({ reason }: { reason: string }): Script {
  return {
    on: "ecs:RunTask",
    tell: { answer: { tasks: [], failures: [{ arn: `${region}:container-instance/shop/1`, reason }] } },
  };
}

/** What may happen to any call on its way. */
export const mishaps: Readonly<
  Record<"throttled" | "failed" | "lostBefore" | "lostAfter" | "truncated" | "notJson", Script["tell"]>
> = {
  throttled: { error: "ThrottlingException", message: "Rate exceeded", status: 400 },
  failed: { error: "ServerException", message: "Service unavailable. Please try again later.", status: 500 },
  lostBefore: { fault: { kind: "reset", when: "before" } },
  lostAfter: { fault: { kind: "reset", when: "after" } },
  truncated: { fault: { kind: "truncate" } },
  notJson: { body: () => "<html><body><h1>502 Bad Gateway</h1></body></html>" },
};

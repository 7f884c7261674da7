import type { Script } from "./scripts.js";
import type { StoppedTask } from "./truths.js";

/** What becomes of the next deployment of a service, and everything that can be read about it. */
export interface RolloutTruth {
  readonly service: string;
  readonly container: string;
  /** `failed`: by the circuit breaker. `stuck`: in progress for ever, and its tasks fail. */
  readonly ends: "failed" | "completed" | "stuck";
  /** Tasks of it that have stopped, newest first. */
  readonly tasks?: readonly StoppedTask[];
  /** Lines that each task has printed. */
  readonly lines?: readonly string[];
  readonly target?: { readonly reason: string; readonly description: string };
  /** Texts of the service's events, newest first. */
  readonly events?: readonly string[];
  /** How many looks find it in progress. Default 1. */
  readonly looks?: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Tells of a service's next deployment what moto never does: it is in progress for some looks, tasks of it stop, and it
 * ends. The deployment before it is PRIMARY again once the circuit breaker has ended it. For `deployer.up()` as a whole,
 * where {@link import("./truths.js").failedRollout} tells of one look.
 */
export function rolloutEnds(truth: RolloutTruth): Script[] {
  const { service: name, container, ends, tasks = [], lines = [], target, events = [], looks = 1 } = truth;
  let ours: Fields | undefined;
  let before: Fields | undefined;
  let looked = 0;

  const account = "us-east-1:123456789012";
  const taskArn = (index: number): string =>
    `arn:aws:ecs:${account}:task/deploy-production/${String(index + 1).padStart(32, "0")}`;
  const serviceDeployment = (): string =>
    `arn:aws:ecs:${account}:service-deployment/deploy-production/${name}/${String(ours?.id).split("/").at(-1)}`;
  const state = (): "running" | "failed" | "completed" => {
    if (ends === "stuck" || looked <= looks) return "running";
    return ends;
  };
  const isGoneBack = (): boolean => state() === "failed" && before !== undefined;

  const deployments = (): readonly Fields[] => {
    const failedTasks = looked === 0 ? 0 : tasks.length;
    const own = (status: string, rolloutState: string, rolloutStateReason: string): Fields => ({
      ...ours,
      status,
      rolloutState,
      rolloutStateReason,
      failedTasks,
      desiredCount: 1,
      runningCount: rolloutState === "COMPLETED" ? 1 : 0,
      pendingCount: 0,
    });
    const other = (status: string, rolloutState: string, rolloutStateReason: string): readonly Fields[] =>
      before === undefined ? [] : [{ ...before, status, rolloutState, rolloutStateReason }];
    if (state() === "completed") return [own("PRIMARY", "COMPLETED", "ECS deployment completed.")];
    if (state() === "running") {
      return [
        own("PRIMARY", "IN_PROGRESS", "ECS deployment in progress."),
        ...other("ACTIVE", "COMPLETED", "ECS deployment completed."),
      ];
    }
    const failed = own(
      isGoneBack() ? "ACTIVE" : "PRIMARY",
      "FAILED",
      "ECS deployment circuit breaker: tasks failed to start.",
    );
    const back = `ECS deployment circuit breaker: rolling back to deploymentId ${String(before?.id)}.`;
    return [...other("PRIMARY", "IN_PROGRESS", back), failed];
  };
  const told = (service: Fields): Fields => {
    if (ours === undefined) return service;
    const createdAt = new Date().toISOString();
    return {
      ...service,
      deployments: deployments(),
      currentServiceDeployment: serviceDeployment(),
      events:
        looked === 0 ? [] : events.map((message, index) => ({ id: `event-${index}`, createdAt, message })),
    };
  };
  const started = (output: Record<string, unknown>, input: Fields): object => {
    const service = output.service as Fields;
    const isOurs =
      String(input.serviceName ?? input.service)
        .split("/")
        .at(-1) === name;
    if (!isOurs || input.taskDefinition === undefined) return { ...output, service: told(service) };
    ours = (service.deployments as readonly Fields[])[0];
    looked = 0;
    return { ...output, service: told(service) };
  };
  const ofService = (input: Fields): boolean =>
    ours !== undefined && String(input.serviceName).split("/").at(-1) === name;

  return [
    { on: "ecs:CreateService", tell: { rewrite: (output, { input }) => started(output, input) } },
    { on: "ecs:UpdateService", tell: { rewrite: (output, { input }) => started(output, input) } },
    {
      on: "ecs:DescribeServices",
      tell: {
        rewrite(output) {
          const services = (output.services ?? []) as readonly Fields[];
          const own = services.find(({ serviceName, status }) => serviceName === name && status === "ACTIVE");
          if (ours === undefined) before = (own?.deployments as readonly Fields[] | undefined)?.[0];
          else looked += 1;
          return { ...output, services: services.map((one) => (one === own ? told(one) : one)) };
        },
      },
    },
    {
      on: "ecs:DescribeServiceDeployments",
      tell: {
        answer: () => ({
          serviceDeployments: [
            serviceDeploymentOf(serviceDeployment(), state(), looked === 0 ? 0 : tasks.length),
          ],
        }),
      },
    },
    { on: "ecs:StopServiceDeployment", tell: { answer: {} } },
    {
      on: "ecs:ListTasks",
      when: ({ input }) => ofService(input),
      tell: { answer: { taskArns: tasks.map((_, index) => taskArn(index)) } },
    },
    {
      on: "ecs:DescribeTasks",
      when: ({ input }) => ((input.tasks ?? []) as readonly string[]).includes(taskArn(0)),
      tell: {
        answer: () => ({
          tasks: tasks.map((task, index) =>
            stopped(task, { arn: taskArn(index), container, startedBy: String(ours?.id), index }),
          ),
          failures: [],
        }),
      },
    },
    {
      on: "logs:GetLogEvents",
      tell: {
        answer: {
          events: lines.map((message) => ({ timestamp: 1, message, ingestionTime: 1 })),
          nextForwardToken: "f/1",
          nextBackwardToken: "b/1",
        },
      },
    },
    ...(target === undefined
      ? []
      : [
          {
            on: "elasticloadbalancing:DescribeTargetHealth",
            tell: {
              answer: {
                TargetHealthDescriptions: [
                  {
                    Target: { Id: "10.0.0.7", Port: 8080 },
                    TargetHealth: {
                      State: "unhealthy",
                      Reason: target.reason,
                      Description: target.description,
                    },
                  },
                ],
              },
            },
          },
        ]),
  ];
}

function serviceDeploymentOf(
  arn: string,
  state: "running" | "failed" | "completed",
  failureCount: number,
): object {
  const status = { running: "IN_PROGRESS", failed: "ROLLBACK_IN_PROGRESS", completed: "SUCCESSFUL" }[state];
  return {
    serviceDeploymentArn: arn,
    status,
    ...(state === "failed"
      ? { statusReason: "Service deployment rolled back because the circuit breaker threshold was exceeded." }
      : {}),
    deploymentCircuitBreaker: { status: "MONITORING", failureCount, threshold: 2 },
  };
}

function stopped(
  task: StoppedTask,
  place: {
    readonly arn: string;
    readonly container: string;
    readonly startedBy: string;
    readonly index: number;
  },
): object {
  const { stopCode = "EssentialContainerExited", stoppedReason, exitCode, reason, ranSeconds } = task;
  const end = Date.now() - place.index * 1000;
  const iso = (at: number): string => new Date(at).toISOString();
  return {
    taskArn: place.arn,
    lastStatus: "STOPPED",
    desiredStatus: "STOPPED",
    startedBy: place.startedBy,
    stopCode,
    stoppedReason: stoppedReason ?? "Essential container in task exited",
    cpu: "256",
    memory: "512",
    ...(ranSeconds === undefined ? {} : { startedAt: iso(end - ranSeconds * 1000) }),
    stoppingAt: iso(end),
    stoppedAt: iso(end),
    containers: [
      {
        name: place.container,
        lastStatus: "STOPPED",
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(reason === undefined ? {} : { reason }),
      },
    ],
  };
}

import type { Context, ResolvedProcess, Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import { type DescribedService, type DescribedTask, describeTasks } from "./describe.js";
import { type Diagnosis, diagnose, type FailureSigns } from "./failure-table.js";
import { idInArn, logGroupOf, streamPrefix } from "./families.js";
import { portOf } from "./task-definition.js";

/** Lines of output that go with a failure. */
const linesShown = 30;
/** The newest stopped tasks that are looked at. */
const tasksShown = 20;
/** Events of a service that are looked at. */
const eventsShown = 10;

/** Why a rollout fails: what is said about the newest task of ours that failed, or about what the service reports. */
export interface Failure extends Diagnosis {
  readonly taskArn?: string;
  readonly exitCode?: number;
  readonly stoppedReason?: string;
  readonly lastLines: readonly string[];
  readonly events: readonly string[];
}

/** Whose deployment is looked at. */
export interface FailureQuery {
  readonly scope: Scope;
  readonly cluster: string;
  readonly process: ResolvedProcess;
  readonly release: number;
  /** Tasks of this deployment only: what an older one did is none of ours. */
  readonly deploymentId: string;
  readonly architecture: string;
}

/** Finds out why a deployment does not come up: its stopped tasks, their output, its targets, the service's events. */
export async function findFailure(
  parts: Parts,
  context: Context,
  query: FailureQuery,
  service: DescribedService,
): Promise<Failure> {
  const deployment = service.deployments?.find(({ id }) => id === query.deploymentId);
  const since = deployment?.createdAt?.getTime() ?? 0;
  const events = newEvents(service, since);
  const [tasks, target] = await Promise.all([
    stoppedTasks(parts, context, query, service),
    unhealthyTarget(parts, context, service),
  ]);
  const common: FailureSigns = {
    process: query.process.name,
    architecture: query.architecture,
    ...(query.process.listens ? { port: portOf(query.process) } : {}),
    startWithinMs: query.process.health.startWithinMs,
    stopWithinMs: query.process.stopWithinMs,
    events: [
      ...(deployment?.rolloutStateReason === undefined ? [] : [deployment.rolloutStateReason]),
      ...events,
    ],
    ...(query.process.health.path === undefined ? {} : { healthPath: query.process.health.path }),
  };
  for (const task of tasks) {
    const lastLines = await lastLinesOf(parts, context, query, task);
    const signs = { ...common, events: [], lines: lastLines, ...signsOf(task, query.process.name) };
    // What a load balancer says is about the newest task; a container that ended speaks for itself.
    const asked =
      signs.exitCode === undefined ||
      signs.exitCode === 0 ||
      signs.exitCode === 143 ||
      signs.exitCode === 137;
    const diagnosis = diagnose({ ...signs, ...(target === undefined || !asked ? {} : { target }) });
    if (diagnosis.fault === "none") continue;
    return {
      ...diagnosis,
      lastLines,
      events,
      ...(task.taskArn === undefined ? {} : { taskArn: task.taskArn }),
      ...(signs.exitCode === undefined ? {} : { exitCode: signs.exitCode }),
      ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
    };
  }
  const signs = { ...common, ...(target === undefined ? {} : { target }) };
  return { ...diagnose(signs), lastLines: [], events };
}

/** What a stopped task shows. */
export function signsOf(task: DescribedTask, container: string): FailureSigns {
  const containers = task.containers ?? [];
  const failed =
    containers.find(
      ({ name, exitCode, reason }) => name === container && (exitCode !== undefined || reason !== undefined),
    ) ??
    containers.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0) ??
    containers.find(({ reason }) => reason !== undefined);
  const memory = Number(failed?.memory ?? task.memory);
  const ran = (task.stoppingAt ?? task.stoppedAt)?.getTime();
  const started = task.startedAt?.getTime();
  return {
    ...(task.stopCode === undefined ? {} : { stopCode: task.stopCode }),
    ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
    ...(failed?.reason === undefined ? {} : { reason: failed.reason }),
    ...(failed?.exitCode === undefined ? {} : { exitCode: failed.exitCode }),
    wasStopped: task.stopCode === "ServiceSchedulerInitiated" || task.stopCode === "UserInitiated",
    ...(ran === undefined || started === undefined ? {} : { ranMs: ran - started }),
    ...(Number.isFinite(memory) && memory > 0 ? { memory } : {}),
  };
}

function newEvents(service: DescribedService, since: number): readonly string[] {
  return (service.events ?? [])
    .filter(({ createdAt }) => (createdAt?.getTime() ?? 0) >= since - 1_000)
    .slice(0, eventsShown)
    .flatMap(({ message }) => (message === undefined ? [] : [message]))
    .filter((message) =>
      /fail|unhealthy|error|throttl|unable|missing|alarm|rolling back|insufficient|limit/i.test(message),
    );
}

async function stoppedTasks(
  parts: Parts,
  context: Context,
  query: FailureQuery,
  service: DescribedService,
): Promise<readonly DescribedTask[]> {
  const { taskArns } = await parts.clients.send(context, "ecs", "ListTasks", {
    cluster: query.cluster,
    serviceName: service.serviceName,
    desiredStatus: "STOPPED",
  });
  const tasks = await describeTasks(parts, context, query.cluster, (taskArns ?? []).slice(0, 100));
  return tasks
    .filter(({ startedBy }) => startedBy === query.deploymentId)
    .sort((one, other) => stoppedAt(other) - stoppedAt(one))
    .slice(0, tasksShown);
}

function stoppedAt(task: DescribedTask): number {
  return (task.stoppedAt ?? task.stoppingAt ?? task.createdAt)?.getTime() ?? 0;
}

/** Why a target that should take traffic does not; what is being registered or drained is left out. */
async function unhealthyTarget(
  parts: Parts,
  context: Context,
  service: DescribedService,
): Promise<FailureSigns["target"]> {
  const arn = service.loadBalancers?.[0]?.targetGroupArn;
  if (arn === undefined) return undefined;
  const answer = await parts.clients
    .send(context, "elb", "DescribeTargetHealth", { TargetGroupArn: arn })
    .catch(() => undefined);
  const health = answer?.TargetHealthDescriptions?.find(
    ({ TargetHealth }) => TargetHealth?.State === "unhealthy",
  )?.TargetHealth;
  if (health?.Reason === undefined) return undefined;
  return {
    reason: health.Reason,
    ...(health.Description === undefined ? {} : { description: health.Description }),
  };
}

/** The end of a task's output; empty when it has printed nothing, or nothing can be read. */
async function lastLinesOf(
  parts: Parts,
  context: Context,
  query: Pick<FailureQuery, "scope" | "release"> & { readonly process: { readonly name: string } },
  task: DescribedTask,
): Promise<readonly string[]> {
  if (task.taskArn === undefined) return [];
  const logStreamName = `${streamPrefix(query.process.name, query.release)}/${query.process.name}/${idInArn(task.taskArn)}`;
  const answer = await parts.clients
    .send(context, "logs", "GetLogEvents", {
      logGroupName: logGroupOf(query.scope),
      logStreamName,
      limit: linesShown,
      startFromHead: false,
    })
    .catch(() => undefined);
  return (answer?.events ?? []).flatMap(({ message }) =>
    message === undefined ? [] : [message.replace(/\n$/, "")],
  );
}

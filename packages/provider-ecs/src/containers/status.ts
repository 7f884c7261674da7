import type {
  ContainersStatus,
  Context,
  InstanceStatus,
  JobStatus,
  ProcessStatus,
  ResolvedJob,
  Scope,
} from "@deploy/core";
import { isForeign } from "@deploy/core";
import type { Parts } from "../parts.js";
import { readTags, tagKey } from "../tags.js";
import {
  type DescribedService,
  type DescribedTask,
  describeServices,
  describeTaskDefinition,
  listTasks,
  serviceName,
} from "./describe.js";
import { internalAddress } from "./discovery.js";
import { signsOf } from "./failed-tasks.js";
import { diagnose } from "./failure-table.js";
import { familyOf } from "./families.js";
import { readSchedule } from "./jobs.js";
import type { StoredManifest } from "./manifest.js";
import { listManifests } from "./release-list.js";
import { readRelease } from "./release-node.js";
import { nextRun } from "./schedule-expression.js";
import { releaseOf } from "./service-release.js";
import { processTasks } from "./tasks.js";

/** Failures within the hour that make a loop of crashes. */
const crashesOfLoop = 3;

/** What is in service now; nothing is no error. */
export async function readStatus(parts: Parts, context: Context, scope: Scope): Promise<ContainersStatus> {
  const newest = await readRelease(parts, context, scope);
  if (newest === undefined || isForeign(newest)) return { processes: [], jobs: [] };
  const manifest = newest as StoredManifest;
  const [serving, processes, jobs] = await Promise.all([
    servingRelease(parts, context, scope, manifest),
    processStatuses(parts, context, scope, manifest),
    Promise.all(manifest.jobs.map((job) => jobStatus(parts, context, scope, job))),
  ]);
  return {
    ...(serving === undefined ? {} : { release: serving }),
    processes,
    jobs: jobs.filter((job) => job !== undefined),
  };
}

async function servingRelease(
  parts: Parts,
  context: Context,
  scope: Scope,
  newest: StoredManifest,
): Promise<number | undefined> {
  if (newest.servedAt !== undefined) return newest.number;
  const all = await listManifests(parts, context, scope);
  return all.find(({ servedAt }) => servedAt !== undefined)?.number;
}

async function processStatuses(
  parts: Parts,
  context: Context,
  scope: Scope,
  manifest: StoredManifest,
): Promise<readonly ProcessStatus[]> {
  const { clusterName } = parts.foundation(scope);
  const names = manifest.processes.map(({ name }) => name);
  const [services, tasks] = await Promise.all([
    describeServices(
      parts,
      context,
      clusterName,
      names.map((name) => serviceName(scope, name)),
    ),
    processTasks(
      parts,
      context,
      scope,
      names.map((name) => familyOf(scope, "process", name)),
    ),
  ]);
  const releases = releaseCache(parts, context);
  return Promise.all(
    manifest.processes.map(async (process) => {
      const service = services.find((one) => one.serviceName === serviceName(scope, process.name));
      const own = tasks.filter((one) => one.process === process.name);
      const alive = own.filter(({ task }) => task.lastStatus !== "STOPPED");
      const current = service === undefined ? undefined : await releaseOf(parts, context, service);
      const instances = await Promise.all(
        alive.map(async ({ instance, task }): Promise<InstanceStatus> => {
          const isCurrent = task.taskDefinitionArn === service?.taskDefinition;
          const release =
            isCurrent && current !== undefined ? current : await releases(task.taskDefinitionArn);
          return instanceStatus(
            process.name,
            instance,
            release,
            task,
            own.map((one) => one.task),
          );
        }),
      );
      return {
        name: process.name,
        desired: service?.desiredCount ?? 0,
        instances: instances.sort(
          (one, other) => numberOf(one) - numberOf(other) || (one.since < other.since ? -1 : 1),
        ),
        ...(process.listens ? { address: internalAddress(parts, scope, process) } : {}),
      };
    }),
  );
}

function numberOf({ name }: InstanceStatus): number {
  return Number(name.slice(name.lastIndexOf(".") + 1));
}

/** The release of a task definition by its ARN, asked once. */
function releaseCache(parts: Parts, context: Context): (arn: string | undefined) => Promise<number> {
  const known = new Map<string, Promise<number>>();
  return (arn) => {
    if (arn === undefined) return Promise.resolve(0);
    const present =
      known.get(arn) ??
      describeTaskDefinition(parts, context, arn).then((answer) =>
        Number(readTags(answer?.tags)[tagKey.release] ?? 0),
      );
    known.set(arn, present);
    return present;
  };
}

function instanceStatus(
  process: string,
  name: string,
  release: number,
  task: DescribedTask,
  fellows: readonly DescribedTask[],
): InstanceStatus {
  const crashed = fellows.filter(
    (one) =>
      one.lastStatus === "STOPPED" &&
      one.startedBy === task.startedBy &&
      diagnose(signsOf(one, process)).fault !== "none",
  );
  const last = crashed.sort((one, other) => time(other.stoppedAt) - time(one.stoppedAt))[0];
  const isLoop = crashed.length >= crashesOfLoop && task.lastStatus !== "RUNNING";
  const unhealthy = task.healthStatus === "UNHEALTHY";
  const problem =
    last === undefined
      ? unhealthy
        ? "its health check fails"
        : undefined
      : diagnose({ ...signsOf(last, process), process }).message;
  return {
    name,
    state: isLoop ? "crash-loop" : stateOf(task),
    release,
    since: new Date(time(task.startedAt ?? task.createdAt)).toISOString(),
    restarts: crashed.length,
    ...(problem === undefined ? {} : { problem }),
  };
}

function time(date: Date | undefined): number {
  return date?.getTime() ?? 0;
}

/** ECS's "Task lifecycle states" in our words. */
function stateOf(task: DescribedTask): InstanceStatus["state"] {
  switch (task.lastStatus) {
    case "RUNNING":
      if (task.desiredStatus === "STOPPED") return "draining";
      return task.healthStatus === "UNHEALTHY" ? "starting" : "running";
    case "DEACTIVATING":
      return "draining";
    case "STOPPING":
    case "DEPROVISIONING":
      return "stopping";
    case "STOPPED":
      return "stopped";
    default:
      return "starting";
  }
}

/** A job that has a schedule; its last run as long as ECS knows it, an hour. */
async function jobStatus(
  parts: Parts,
  context: Context,
  scope: Scope,
  job: ResolvedJob,
): Promise<JobStatus | undefined> {
  const { clusterName: cluster } = parts.foundation(scope);
  const [schedule, tasks] = await Promise.all([
    readSchedule(parts, context, scope, job.name),
    listTasks(parts, context, cluster, { family: familyOf(scope, "job", job.name), stopped: true }),
  ]);
  if (schedule === undefined) return undefined;
  const next =
    schedule.State === "DISABLED" ? undefined : nextRun(job.schedule, job.timeZone, context.clock.now());
  const last = [...tasks]
    .filter(({ lastStatus }) => lastStatus === "STOPPED")
    .sort((one, other) => time(other.createdAt) - time(one.createdAt))[0];
  return {
    name: job.name,
    schedule: job.schedule,
    ...(next === undefined ? {} : { nextRun: next }),
    ...(last === undefined ? {} : { lastRun: lastRunOf(last) }),
  };
}

function lastRunOf(task: DescribedTask): NonNullable<JobStatus["lastRun"]> {
  const from = time(task.startedAt ?? task.createdAt);
  const until = time(task.executionStoppedAt ?? task.stoppingAt ?? task.stoppedAt);
  const watchdog = task.containers?.find(({ name }) => name === "timeout")?.exitCode;
  const own = task.containers?.find(({ name }) => name === "job")?.exitCode;
  return {
    at: new Date(from).toISOString(),
    exitCode: (watchdog === 124 ? 124 : own) ?? null,
    seconds: Math.max(0, Math.round((until - from) / 1000)),
  };
}

/** Services of the newest release, by process. */
export async function servicesOf(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<
  { readonly manifest: StoredManifest; readonly services: ReadonlyMap<string, DescribedService> } | undefined
> {
  const newest = await readRelease(parts, context, scope);
  if (newest === undefined || isForeign(newest)) return undefined;
  const manifest = newest as StoredManifest;
  const { clusterName } = parts.foundation(scope);
  const names = new Map(manifest.processes.map(({ name }) => [serviceName(scope, name), name]));
  const found = await describeServices(parts, context, clusterName, [...names.keys()]);
  return {
    manifest,
    services: new Map(found.map((service) => [names.get(service.serviceName ?? "") ?? "", service])),
  };
}

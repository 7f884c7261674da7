import { type Context, DeployError, isForeign, type Resource, type Scope } from "@deploy/core";
import { type DescribedTask, describeTasks } from "../containers/describe.js";
import { hashOf, idInArn, logGroupOf, streamPrefix } from "../containers/families.js";
import type { ContainerDefinition, TaskDefinitionInput } from "../containers/task-definition.js";
import { unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { alone } from "../resources.js";
import { appTags, lowerTags } from "../tags.js";
import { addonFamily, addonTag } from "./names.js";

/** A task of an add-on that ends by itself. */
export interface OneOff {
  readonly addon: string;
  /** Part of the family's name: `extensions`, `backup`. */
  readonly purpose: string;
  readonly containers: readonly ContainerDefinition[];
  readonly volumes?: TaskDefinitionInput["volumes"];
  /** Role of the containers' own calls. Default: none. */
  readonly taskRole?: string;
  /** Equal tokens start one task, within a day. */
  readonly token: string;
}

/** Milliseconds between two looks at a task, and until it has to be over. */
const pollMs = 2_000;
const longestMs = 25 * 60_000;
/** Milliseconds that RunTask's answer may be ahead of what DescribeTasks knows ("eventual consistency", RunTask). */
const unseenMs = 60_000;

/** Starts it and answers with its ARN. */
export async function startOneOff(
  parts: Parts,
  context: Context,
  scope: Scope,
  task: OneOff,
): Promise<string> {
  const { clients, settings } = parts;
  const foundation = parts.foundation(scope);
  const input = await definitionOf(parts, context, scope, task);
  const made = await clients.send(context, "ecs", "RegisterTaskDefinition", input, { repeatable: true });
  const taskDefinition = made.taskDefinition?.taskDefinitionArn;
  if (taskDefinition === undefined) throw new Error("a task definition without an ARN");
  const tags = { ...appTags(settings, scope), [addonTag]: task.addon };
  const started = await clients.send(
    context,
    "ecs",
    "RunTask",
    {
      cluster: foundation.clusterName,
      taskDefinition,
      count: 1,
      ...(await placement(parts, context, scope)),
      startedBy: `deploy-addon-${task.purpose}`.slice(0, 36),
      clientToken: task.token.slice(0, 64),
      tags: lowerTags(tags),
    },
    { repeatable: true },
  );
  const arn = started.tasks?.[0]?.taskArn;
  if (arn !== undefined) return arn;
  const [failure] = started.failures ?? [];
  throw new DeployError({
    code: "addons.not-placed",
    message: `The task for the ${task.purpose} of ${task.addon} could not be placed: ${failure?.reason ?? "no reason"}.`,
    hint: "Look whether the cluster has room (memory, ports) and the agent of its instance is connected.",
    retryable: true,
    details: { reason: failure?.reason, detail: failure?.detail },
  });
}

/**
 * Waits for its end.
 *
 * @throws `addons.task-failed` with the exit code, the reason and the last lines of its log; `addons.task-lost`,
 * `addons.task-too-long`.
 */
export async function finishOneOff(
  parts: Parts,
  context: Context,
  scope: Scope,
  arn: string,
  what: string,
): Promise<void> {
  const { clusterName } = parts.foundation(scope);
  const startedAt = context.clock.now();
  for (let said = ""; ; ) {
    const [task] = await describeTasks(parts, context, clusterName, [arn]);
    const waited = context.clock.now() - startedAt;
    if (task === undefined && waited > unseenMs) throw lost(what, arn);
    if (task?.lastStatus === "STOPPED") return ended(parts, context, scope, task, what);
    const state = (task?.lastStatus ?? "PENDING").toLowerCase();
    if (state !== said) context.log(`${what}: ${state}`);
    said = state;
    if (waited > longestMs) {
      await clientsStop(parts, context, clusterName, arn);
      throw new DeployError({
        code: "addons.task-too-long",
        message: `${what} took longer than ${longestMs / 60_000} minutes, and was stopped.`,
        hint: "Look at its log, and take large databases back up by other means (backup: false).",
      });
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}

async function ended(
  parts: Parts,
  context: Context,
  scope: Scope,
  task: DescribedTask,
  what: string,
): Promise<void> {
  const failed = (task.containers ?? []).filter((container) => container.exitCode !== 0);
  if (failed.length === 0 && (task.containers ?? []).length > 0) return;
  const lines = await lastLines(
    parts,
    context,
    scope,
    task,
    failed.map((one) => one.name ?? ""),
  );
  const [first] = failed;
  const reason = first?.reason ?? task.stoppedReason;
  const exit = first?.exitCode === undefined ? "" : ` with exit code ${first.exitCode}`;
  throw new DeployError({
    code: "addons.task-failed",
    message: `${what} ended${exit}: ${lines.at(-1) ?? reason ?? "it said nothing"}`,
    hint: "Look at what it says; nothing of the data was changed. Then run the same again.",
    details: { task: task.taskArn, reason, exitCode: first?.exitCode, lines },
  });
}

async function lastLines(
  parts: Parts,
  context: Context,
  scope: Scope,
  task: DescribedTask,
  containers: readonly string[],
): Promise<readonly string[]> {
  const id = idInArn(task.taskArn ?? "");
  const streams = containers.map(
    (container) => `${streamPrefix(`addon:${container}`, 0)}/${container}/${id}`,
  );
  const found = await Promise.all(
    streams.map((logStreamName) =>
      unlessGone(
        parts.clients.send(context, "logs", "FilterLogEvents", {
          logGroupName: logGroupOf(scope),
          logStreamNames: [logStreamName],
        }),
      ).catch(() => undefined),
    ),
  );
  const lines = found.flatMap((answer) => answer?.events ?? []).map((event) => event.message ?? "");
  return lines.slice(-30);
}

/** Where containers of an add-on write their lines. */
export function addonLogs(
  parts: Parts,
  scope: Scope,
  container: string,
): ContainerDefinition["logConfiguration"] {
  return {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroupOf(scope),
      "awslogs-region": parts.settings.region,
      "awslogs-stream-prefix": streamPrefix(`addon:${container}`, 0),
    },
  };
}

async function definitionOf(
  parts: Parts,
  context: Context,
  scope: Scope,
  task: OneOff,
): Promise<TaskDefinitionInput> {
  const foundation = parts.foundation(scope);
  const { arn: executionRoleArn } = await present(context, foundation.executionRole);
  const input: TaskDefinitionInput = {
    family: addonFamily(scope, task.addon, task.purpose),
    networkMode: foundation.networkMode,
    executionRoleArn,
    ...(task.taskRole === undefined ? {} : { taskRoleArn: task.taskRole }),
    requiresCompatibilities: [foundation.networkMode === "awsvpc" ? "FARGATE" : "EC2"],
    ...(foundation.networkMode === "awsvpc" ? { cpu: "256", memory: "512" } : {}),
    runtimePlatform: {
      cpuArchitecture: parts.settings.capacity.architecture === "arm64" ? "ARM64" : "X86_64",
      operatingSystemFamily: "LINUX",
    },
    ...(task.volumes === undefined ? {} : { volumes: task.volumes }),
    containerDefinitions: task.containers.map((container) => ({
      ...container,
      ...(foundation.networkMode === "bridge" ? { memoryReservation: 64, memory: 512 } : {}),
      logConfiguration: addonLogs(parts, scope, container.name ?? ""),
    })),
  };
  const tags = { ...appTags(parts.settings, scope), [addonTag]: task.addon, "deploy:hash": hashOf(input) };
  return { ...input, tags: lowerTags(tags) };
}

/** Where its tasks go: the app's own network and security group, so that they reach what the app reaches. */
async function placement(parts: Parts, context: Context, scope: Scope): Promise<object> {
  const foundation = parts.foundation(scope);
  if (foundation.networkMode === "bridge") return foundation.placement;
  const [network, group] = await Promise.all([
    present(context, foundation.network),
    present(context, foundation.taskGroup),
  ]);
  return {
    ...foundation.placement,
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...network.subnetIds],
        securityGroups: [group.groupId, ...parts.settings.network.securityGroups],
        assignPublicIp: parts.settings.network.publicAddresses ? "ENABLED" : "DISABLED",
      },
    },
  };
}

/** What a resource of the foundation is now. @throws `addons.no-foundation`. */
export async function present<T>(context: Context, resource: Resource<unknown, T>): Promise<T> {
  const found = await resource.read(alone(context));
  if (found !== undefined && !isForeign(found)) return found as T;
  throw new DeployError({
    code: "addons.no-foundation",
    message: `There is no ${resource.label}, which the add-on's task needs.`,
    hint: "Run `deploy up` first.",
  });
}

async function clientsStop(parts: Parts, context: Context, cluster: string, task: string): Promise<void> {
  const input = { cluster, task, reason: "it took too long" };
  await unlessGone(parts.clients.send(context, "ecs", "StopTask", input, { repeatable: true }));
}

function lost(what: string, arn: string): DeployError {
  return new DeployError({
    code: "addons.task-lost",
    message: `ECS does not know the task for ${what} any more.`,
    hint: "Run the same again: it is started anew.",
    details: { task: arn },
  });
}

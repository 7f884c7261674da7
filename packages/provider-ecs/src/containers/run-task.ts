import { type Context, DeployError, type Scope } from "@deploy/core";
import type { Input } from "../clients/modules.js";
import type { Parts } from "../parts.js";
import type { Foundation } from "../servers/foundation.js";
import { appTags, lowerTags } from "../tags.js";
import { type DescribedTask, describeTasks } from "./describe.js";
import { signsOf } from "./failed-tasks.js";
import { diagnose } from "./failure-table.js";
import { idInArn, logGroupOf, streamPrefix } from "./families.js";
import { onceRolesAreKnown } from "./role-not-assumable.js";

/** Where tasks of a scope run; plain data, for those who start one by hand. */
export interface TaskNetwork {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly publicAddress: boolean;
}

/** A task to start. */
export interface TaskRequest {
  readonly taskDefinition: string;
  /** The container whose command is replaced, and which the exit code is of. */
  readonly container: string;
  /** Text for the container's shell. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Found again by it: 128 letters, digits, hyphens, slashes, underscores. */
  readonly startedBy: string;
  /** The same token is the same task; 64 characters. */
  readonly token: string;
  /** CPU units and MiB in place of the task definition's; Fargate only. */
  readonly size?: { readonly cpu: number; readonly memory: number };
}

/** Between two looks at a task, milliseconds. */
const pollMs = 2_000;
/** A task that was just started may not be known yet: so long, milliseconds. */
const unknownMs = 30_000;

/** Where tasks of this scope run, looked up. With bridge mode there is nothing to say. */
export async function findNetwork(
  parts: Parts,
  context: Context,
  foundation: Foundation,
): Promise<TaskNetwork | undefined> {
  if (foundation.networkMode !== "awsvpc") return undefined;
  const [network, group] = await Promise.all([
    foundation.network.read(context),
    foundation.taskGroup.read(context),
  ]);
  if (network === undefined || group === undefined || "foreign" in network || "foreign" in group) {
    throw new DeployError({
      code: "containers.not-deployed",
      message: "The network that tasks run in is not there.",
      hint: "Deploy first: deploy up.",
    });
  }
  return {
    subnets: network.subnetIds,
    securityGroups: [group.groupId, ...parts.settings.network.securityGroups],
    publicAddress: parts.settings.network.publicAddresses,
  };
}

/** A network as RunTask, CreateService and a schedule's target spell it. */
export function awsvpcOf(
  network: TaskNetwork | undefined,
): Pick<Input<"ecs", "RunTask">, "networkConfiguration"> {
  if (network === undefined) return {};
  return {
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...network.subnets],
        securityGroups: [...network.securityGroups],
        assignPublicIp: network.publicAddress ? "ENABLED" : "DISABLED",
      },
    },
  };
}

/**
 * Starts one task.
 *
 * @throws `containers.cannot-start` with what ECS says when it cannot be placed.
 */
export async function startTask(
  parts: Parts,
  context: Context,
  scope: Scope,
  foundation: Foundation,
  network: TaskNetwork | undefined,
  request: TaskRequest,
): Promise<DescribedTask> {
  const environment = Object.entries(request.env).map(([name, value]) => ({ name, value }));
  const { size } = request;
  const input: Input<"ecs", "RunTask"> = {
    cluster: foundation.clusterName,
    taskDefinition: request.taskDefinition,
    count: 1,
    startedBy: request.startedBy,
    clientToken: request.token,
    enableECSManagedTags: true,
    enableExecuteCommand: true,
    propagateTags: "TASK_DEFINITION",
    tags: lowerTags(appTags(parts.settings, scope)),
    ...placementOf(foundation),
    ...awsvpcOf(network),
    overrides: {
      containerOverrides: [
        {
          name: request.container,
          command: [request.script],
          ...(environment.length === 0 ? {} : { environment }),
        },
      ],
      ...(size === undefined ? {} : { cpu: String(size.cpu), memory: String(size.memory) }),
    },
  };
  const answer = await onceRolesAreKnown(context, () =>
    parts.clients.send(context, "ecs", "RunTask", input, { repeatable: true }),
  );
  const [task] = answer.tasks ?? [];
  if (task?.taskArn !== undefined) return task;
  const [failure] = answer.failures ?? [];
  const said = [failure?.reason, failure?.detail].filter(Boolean).join(": ");
  const { message, hint } = diagnose({ stoppedReason: said, process: "the task" });
  throw new DeployError({
    code: "containers.cannot-start",
    message: `The task could not be started: ${message}.`,
    hint,
    details: { reason: said },
  });
}

function placementOf(
  foundation: Foundation,
): Pick<Input<"ecs", "RunTask">, "launchType" | "capacityProviderStrategy"> {
  const { placement } = foundation;
  if ("launchType" in placement) return { launchType: placement.launchType };
  return { capacityProviderStrategy: placement.capacityProviderStrategy.map((one) => ({ ...one })) };
}

/** How a task is followed. */
export interface FollowOptions {
  readonly scope: Scope;
  readonly cluster: string;
  readonly container: string;
  /** As logs name it, and the release: they make the name of its stream. */
  readonly source: string;
  readonly release: number;
  /** Milliseconds that it may take, from its start; then it is stopped. */
  readonly timeoutMs?: number;
  readonly onLine: (line: string) => void;
  /** Said when something has changed: what is waited for. */
  readonly onState?: (state: string) => void;
}

/** How a task ended. */
export interface TaskEnd {
  readonly task: DescribedTask;
  /** Absent: it never ran. */
  readonly exitCode?: number;
  readonly timedOut: boolean;
}

/**
 * Follows a task to its end, with its output as it comes.
 *
 * A task that ECS does not know right after it was started is one that it will know soon.
 *
 * @throws `containers.task-lost` when it is not known for 30 s.
 */
export async function followTask(
  parts: Parts,
  context: Context,
  arn: string,
  options: FollowOptions,
): Promise<TaskEnd> {
  const begun = context.clock.now();
  const output = createOutputReader(parts, options, arn);
  let said = "";
  let timedOut = false;
  let unknownSince: number | undefined;
  for (;;) {
    const [[task]] = await Promise.all([
      describeTasks(parts, context, options.cluster, [arn]),
      said === "RUNNING" ? output.read(context) : undefined,
    ]);
    const now = context.clock.now();
    if (task === undefined) {
      unknownSince ??= now;
      if (now - unknownSince > unknownMs) throw lost(arn);
    } else {
      unknownSince = undefined;
      const state = task.lastStatus ?? "";
      if (state !== said) options.onState?.(state.toLowerCase().replaceAll("_", " "));
      said = state;
      if (state === "STOPPED") {
        await output.drain(context);
        const own = task.containers?.find(({ name }) => name === options.container);
        return { task, timedOut, ...(own?.exitCode === undefined ? {} : { exitCode: own.exitCode }) };
      }
      const since = task.startedAt?.getTime() ?? begun;
      if (!timedOut && options.timeoutMs !== undefined && now - since > options.timeoutMs) {
        timedOut = true;
        await stopTask(parts, context, options.cluster, arn, "It took longer than it may.");
      }
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}

/** Stops a task; one that has ended is fine. */
export async function stopTask(
  parts: Parts,
  context: Context,
  cluster: string,
  task: string,
  reason: string,
): Promise<void> {
  await parts.clients.send(context, "ecs", "StopTask", { cluster, task, reason }, { repeatable: true });
}

/** What a task said that failed before or while it ran. */
export function describeEnd(
  end: TaskEnd,
  container: string,
): { readonly message: string; readonly hint: string } {
  const { message, hint } = diagnose({ ...signsOf(end.task, container), process: container });
  return { message, hint };
}

/** Lines come late: after the end there are so many more looks for them. */
const drainLooks = 4;
const drainPauseMs = 750;

function createOutputReader(
  parts: Parts,
  options: FollowOptions,
  arn: string,
): { read(context: Context): Promise<void>; drain(context: Context): Promise<void> } {
  const logStreamName = `${streamPrefix(options.source, options.release)}/${options.container}/${idInArn(arn)}`;
  let nextToken: string | undefined;
  const read = async (context: Context): Promise<void> => {
    for (;;) {
      const answer = await parts.clients
        .send(context, "logs", "GetLogEvents", {
          logGroupName: logGroupOf(options.scope),
          logStreamName,
          startFromHead: true,
          ...(nextToken === undefined ? {} : { nextToken }),
        })
        // The stream is made with the first line.
        .catch(() => undefined);
      if (answer === undefined) return;
      for (const { message } of answer.events ?? []) options.onLine((message ?? "").replace(/\n$/, ""));
      const isEnd = answer.nextForwardToken === undefined || answer.nextForwardToken === nextToken;
      nextToken = answer.nextForwardToken;
      if (isEnd || (answer.events ?? []).length === 0) return;
    }
  };
  return {
    read,
    async drain(context) {
      for (let look = 0; look < drainLooks; look += 1) {
        await read(context);
        await context.clock.sleep(drainPauseMs, context.signal);
      }
    },
  };
}

function lost(arn: string): DeployError {
  return new DeployError({
    code: "containers.task-lost",
    message: `ECS does not know the task ${idInArn(arn)} that it has started.`,
    hint: "Run the same again.",
    retryable: true,
  });
}

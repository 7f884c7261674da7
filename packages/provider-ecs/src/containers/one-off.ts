import { randomUUID } from "node:crypto";
import {
  type Context,
  DeployError,
  isForeign,
  type RunRequest,
  type RunSession,
  type Scope,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import { type DescribedTask, describeTasks } from "./describe.js";
import { isTerminal, runInSession, type Terminal } from "./exec/run-in-session.js";
import { shellText, shellWord } from "./exec/script.js";
import type { Session } from "./exec/session.js";
import { familyOf } from "./families.js";
import type { StoredManifest } from "./manifest.js";
import { listManifests } from "./release-list.js";
import { readRelease } from "./release-node.js";
import { describeEnd, findNetwork, followTask, startTask, stopTask } from "./run-task.js";
import { fargateSize } from "./task-size.js";
import { processTasks } from "./tasks.js";

/** Overrides of a task may have 8,192 characters in all (RunTask); so many bytes of input fit as base64 beside the rest. */
const inlineInput = 4_096;
/** The agent for sessions is up some seconds after its container: so long is waited for it, milliseconds. */
const agentLimitMs = 90_000;
const pollMs = 2_000;
/** Seconds that a task waits for the command that a terminal is connected to; sessions end after 20 idle minutes. */
const holdSeconds = 43_200;

/**
 * Runs a one-off command: in a task of its own (`run`), or inside an instance that serves (`exec`).
 *
 * A fresh copy's output comes by way of its logs, so it is stored as well and late by some seconds; with a terminal, or
 * with more input than fits in a request, the copy waits and the command goes in by a session.
 *
 * @throws `containers.not-deployed`, `containers.unknown-instance`, `containers.cannot-start`, `containers.exec-…`.
 */
export async function runOneOff(
  parts: Parts,
  context: Context,
  scope: Scope,
  request: RunRequest,
  terminal: Terminal = { input: process.stdin, output: process.stdout },
): Promise<RunSession> {
  if (request.mode === "exec") {
    const task = await chooseInstance(parts, context, scope, request);
    return session(parts, context, scope, task, request, terminal);
  }
  const small = request.input instanceof Uint8Array && request.input.byteLength <= inlineInput;
  const needsSession =
    (request.stdio === "inherit" && (isTerminal(terminal) || request.input !== undefined)) ||
    (request.input !== undefined && !small);
  return needsSession
    ? runBySession(parts, context, scope, request, terminal)
    : runByLogs(parts, context, scope, request, terminal);
}

/** The release whose config a one-off command has: the one that serves. */
async function servingManifest(parts: Parts, context: Context, scope: Scope): Promise<StoredManifest> {
  const newest = await readRelease(parts, context, scope);
  if (newest !== undefined && !isForeign(newest)) {
    if (newest.servedAt !== undefined) return newest as StoredManifest;
    const served = (await listManifests(parts, context, scope)).find(
      ({ servedAt }) => servedAt !== undefined,
    );
    if (served !== undefined) return served;
  }
  throw notDeployed(scope);
}

/** Starts a fresh copy with a script. */
async function startCopy(
  parts: Parts,
  context: Context,
  scope: Scope,
  request: RunRequest,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly task: DescribedTask; readonly release: number }> {
  const foundation = parts.foundation(scope);
  const [manifest, network] = await Promise.all([
    servingManifest(parts, context, scope),
    findNetwork(parts, context, foundation),
  ]);
  const like = manifest.processes.find(({ name }) => name === request.process);
  const id = randomUUID();
  const task = await startTask(parts, context, scope, foundation, network, {
    taskDefinition: manifest.arn,
    container: "run",
    script,
    env: { ...like?.config, ...env },
    startedBy: `deploy-run/${id}`,
    token: id,
    ...(foundation.networkMode === "awsvpc" && like !== undefined ? { size: fargateSize(like) } : {}),
  });
  return { task, release: manifest.number };
}

async function runByLogs(
  parts: Parts,
  context: Context,
  scope: Scope,
  request: RunRequest,
  terminal: Terminal,
): Promise<RunSession> {
  const { cluster, command, env } = {
    cluster: parts.foundation(scope).clusterName,
    command: shellText(request.command),
    env: request.env ?? {},
  };
  const withInput = request.input instanceof Uint8Array ? request.input : undefined;
  const script =
    withInput === undefined
      ? command
      : `printf %s ${Buffer.from(withInput).toString("base64")} | base64 -d | sh -c ${shellWord(command)}`;
  const { task, release } = await startCopy(parts, context, scope, request, script, env);
  const arn = task.taskArn ?? "";
  const lines: string[] = [];
  let isOver = false;
  let wake: () => void = () => undefined;
  const inherit = request.stdio === "inherit";
  const exitCode = followTask(parts, context, arn, {
    scope,
    cluster,
    container: "run",
    source: "run",
    release,
    onLine: (line) => {
      if (inherit) terminal.output.write(`${line}\n`);
      else lines.push(line);
      wake();
    },
    onState: (state) => context.log(`run: ${state}`),
  })
    .then((end) => {
      if (end.exitCode !== undefined) return end.exitCode;
      const { message, hint } = describeEnd(end, "run");
      throw new DeployError({
        code: "containers.cannot-start",
        message: `The command did not run: ${message}.`,
        hint,
      });
    })
    .catch(async (error: unknown) => {
      // Whoever leaves does not want it to go on; the signal is over, so this call has its own.
      if (context.signal.aborted) {
        const late = { ...context, signal: AbortSignal.timeout(10_000) };
        await stopTask(parts, late, cluster, arn, "Cancelled.").catch(() => undefined);
      }
      throw error;
    })
    .finally(() => {
      isOver = true;
      wake();
    });
  exitCode.catch(() => undefined);
  const encoder = new TextEncoder();
  const output = (async function* () {
    for (;;) {
      const line = lines.shift();
      if (line !== undefined) yield { stream: "stdout" as const, data: encoder.encode(`${line}\n`) };
      else if (isOver) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  })();
  return { output, exitCode };
}

async function runBySession(
  parts: Parts,
  context: Context,
  scope: Scope,
  request: RunRequest,
  terminal: Terminal,
): Promise<RunSession> {
  const cluster = parts.foundation(scope).clusterName;
  const { task } = await startCopy(parts, context, scope, request, `exec sleep ${holdSeconds}`, {});
  const arn = task.taskArn ?? "";
  const stop = async (): Promise<void> => {
    const late = { ...context, signal: AbortSignal.timeout(10_000) };
    await stopTask(parts, late, cluster, arn, "The command has ended.").catch(() => undefined);
  };
  try {
    const running = await session(parts, context, scope, task, request, terminal);
    return { output: running.output, exitCode: running.exitCode.finally(stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The instance that a command goes into: the named one, else the first of the process that runs. */
async function chooseInstance(
  parts: Parts,
  context: Context,
  scope: Scope,
  request: RunRequest,
): Promise<DescribedTask> {
  const newest = await readRelease(parts, context, scope);
  if (newest === undefined || isForeign(newest)) throw notDeployed(scope);
  const names = newest.processes.map(({ name }) => name);
  const tasks = await processTasks(
    parts,
    context,
    scope,
    names.map((name) => familyOf(scope, "process", name)),
  );
  const running = tasks
    .filter(({ task }) => task.lastStatus === "RUNNING" && task.desiredStatus !== "STOPPED")
    .sort((one, other) => (one.instance < other.instance ? -1 : 1));
  const chosen =
    request.instance === undefined
      ? (running.find(({ process: own }) => own === (request.process ?? names[0])) ??
        (request.process === undefined ? running[0] : undefined))
      : running.find(({ instance }) => instance === request.instance);
  if (chosen !== undefined) return chosen.task;
  const known = running.map(({ instance }) => instance);
  throw new DeployError({
    code: "containers.unknown-instance",
    message: `There is no instance ${request.instance ?? request.process ?? ""} that runs.`,
    hint:
      known.length === 0 ? "Nothing runs at present: see `deploy status`." : `Running: ${known.join(", ")}.`,
    details: { known },
  });
}

async function session(
  parts: Parts,
  context: Context,
  scope: Scope,
  task: DescribedTask,
  request: RunRequest,
  terminal: Terminal,
): Promise<RunSession> {
  const cluster = parts.foundation(scope).clusterName;
  const container = await agentReady(parts, context, cluster, task);
  const open = async (command: string): Promise<Session> => {
    const answer = await parts.clients.send(
      context,
      "ecs",
      "ExecuteCommand",
      { cluster, task: task.taskArn, container, interactive: true, command },
      { private: true },
    );
    const { streamUrl, tokenValue } = answer.session ?? {};
    if (streamUrl === undefined || tokenValue === undefined) throw noSession();
    // Loaded here: only this needs a WebSocket.
    const { openSession } = await import("./exec/session.js");
    return openSession({ streamUrl, token: tokenValue }, { clock: context.clock, signal: context.signal });
  };
  return runInSession(
    {
      command: request.command,
      stdio: request.stdio,
      env: request.env ?? {},
      terminal,
      clock: context.clock,
      ...(request.input === undefined ? {} : { input: request.input }),
    },
    open,
  );
}

/** Waits until a session can go in; answers with the name of the container that serves. */
async function agentReady(
  parts: Parts,
  context: Context,
  cluster: string,
  task: DescribedTask,
): Promise<string> {
  const begun = context.clock.now();
  let present: DescribedTask | undefined = task;
  for (;;) {
    if (present?.lastStatus === "STOPPED" || present?.enableExecuteCommand === false) throw noAgent(present);
    const own = present?.containers?.find(({ name }) => name !== "linger" && name !== "timeout");
    const agent = own?.managedAgents?.find(({ name }) => name === "ExecuteCommandAgent");
    if (agent?.lastStatus === "RUNNING" && own?.name !== undefined) return own.name;
    if (context.clock.now() - begun > agentLimitMs) throw noAgent(present);
    await context.clock.sleep(pollMs, context.signal);
    [present] = await describeTasks(parts, context, cluster, [task.taskArn ?? ""]);
  }
}

function noAgent(task: DescribedTask | undefined): DeployError {
  const isOff = task?.enableExecuteCommand === false;
  return new DeployError({
    code: "containers.exec-not-ready",
    message: isOff
      ? "The instance was started without access for sessions."
      : task?.lastStatus === "STOPPED"
        ? "The instance has stopped."
        : "The agent for sessions does not come up in the instance.",
    hint: isOff
      ? "Restart it: deploy restart."
      : "It needs a way to ssmmessages of the region, the rights of our task role, and a root file system that can be written to.",
  });
}

function noSession(): DeployError {
  return new DeployError({
    code: "containers.exec-failed",
    message: "ECS gave no session for the command.",
    hint: "Run the same again.",
    retryable: true,
  });
}

function notDeployed(scope: Scope): DeployError {
  return new DeployError({
    code: "containers.not-deployed",
    message: `Nothing of ${scope.app} serves in ${scope.environment}.`,
    hint: "Deploy first: deploy up.",
  });
}

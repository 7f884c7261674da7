import { spawn } from "node:child_process";
import { constants } from "node:os";
import { type Context, DeployError, type RunRequest, type RunSession, type Scope } from "@deploy/core";
import { processStartTime } from "./operating-system/process-identity.js";
import type { OneOffPlan } from "./protocol.js";
import { connect, pathOf } from "./resources.js";
import { argvOf } from "./supervisor/instance.js";

/**
 * Runs a one-off command in the caller's own terminal: this machine is the server, so nothing has to be forwarded.
 *
 * The supervisor gives the release's directory and environment, and ends the command with its environment.
 *
 * @throws `containers.not-deployed`, `containers.unknown-instance`, `containers.cannot-start`.
 */
export async function runOneOff(context: Context, scope: Scope, request: RunRequest): Promise<RunSession> {
  const { client } = connect(context);
  const plan = await client.call<OneOffPlan>("POST", pathOf(scope, "one-offs"), {
    mode: request.mode,
    ...(request.process === undefined ? {} : { process: request.process }),
    ...(request.instance === undefined ? {} : { instance: request.instance }),
  });
  const [program = "", ...args] = argvOf(request.command);
  const inherit = request.stdio === "inherit";
  const child = spawn(program, args, {
    cwd: plan.directory,
    env: {
      ...plan.environment,
      ...request.env,
      ...(process.env.TERM === undefined ? {} : { TERM: process.env.TERM }),
    },
    stdio: inherit ? "inherit" : ["pipe", "pipe", "pipe"],
    signal: context.signal,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new DeployError({
          code: "containers.cannot-start",
          message: `${program} could not be started: ${cause.code === "ENOENT" ? "there is no such program" : cause.message}.`,
          hint: "Is it installed on this machine, or part of the app?",
          cause,
        }),
      ),
    );
  }).catch(async (thrown: unknown) => {
    await client.call("DELETE", pathOf(scope, "one-offs", plan.id)).catch(() => {});
    throw thrown;
  });
  // Listened to before anything is waited for: a quick command has ended, and its output is gone, before an answer.
  const output = inherit ? nothing() : merge(child.stdout, child.stderr);
  const exitCode = new Promise<number>((resolve) => {
    child.on("error", () => {});
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  }).finally(() => client.call("DELETE", pathOf(scope, "one-offs", plan.id)).catch(() => {}));
  await client.call("PUT", pathOf(scope, "one-offs", plan.id), {
    pid: child.pid ?? 0,
    startTime: (await processStartTime(child.pid ?? 0)) ?? "ended",
  });
  if (!inherit) void feed(child.stdin, request.input);
  return { output, exitCode };
}

async function* nothing(): AsyncGenerator<never> {}

async function feed(stdin: NodeJS.WritableStream | null, input: RunRequest["input"]): Promise<void> {
  if (stdin === null) return;
  stdin.on("error", () => {});
  if (input instanceof Uint8Array) stdin.write(input);
  else if (input !== undefined) {
    for await (const chunk of input)
      if (!stdin.write(chunk)) await new Promise((resolve) => stdin.once("drain", resolve));
  }
  stdin.end();
}

interface Piece {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/** Both outputs in the order in which they come; listens at once, whenever it is read. */
function merge(
  stdout: NodeJS.ReadableStream | null,
  stderr: NodeJS.ReadableStream | null,
): AsyncIterable<Piece> {
  const queue: Piece[] = [];
  let open = 0;
  let wake = (): void => {};
  for (const [stream, source] of [
    ["stdout", stdout],
    ["stderr", stderr],
  ] as const) {
    if (source === null) continue;
    open += 1;
    source.on("data", (data: Buffer) => {
      queue.push({ stream, data });
      // The source waits until what it gave is taken: memory stays bounded behind a slow reader.
      source.pause();
      wake();
    });
    source.once("close", () => {
      open -= 1;
      wake();
    });
  }
  return (async function* () {
    while (open > 0 || queue.length > 0) {
      const next = queue.shift();
      if (next !== undefined) {
        yield next;
        (next.stream === "stdout" ? stdout : stderr)?.resume();
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  })();
}

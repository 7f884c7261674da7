import { type Context, DeployError, type RunRequest, type RunSession, type Scope } from "@deploy/core";
import { path } from "../../api.js";
import type { HerokuDyno } from "../../api-types.js";
import { hasCode } from "../../errors.js";
import { appOf, type Surroundings } from "../../surroundings.js";
import { createByteQueue } from "./byte-queue.js";
import { type ExitMarker, markExit } from "./exit-marker.js";
import { endOfInput, meet, type Rendezvous } from "./rendezvous.js";
import { attachTerminal } from "./terminal.js";

/** Heroku answers 409 for a few seconds after an app was made. */
const startAttempts = 12;
const startPauseMs = 1_500;
/** Milliseconds that stopping a dyno may take once the run was given up. */
const stopTimeoutMs = 10_000;

/**
 * Runs a command in a one-off dyno, with its true exit code.
 *
 * Its size is that of the process it stands in for. Standard output and error come as one stream: Heroku's connection
 * has one. Ending the session stops the dyno.
 */
export async function runCommand(
  own: Surroundings,
  context: Context,
  scope: Scope,
  request: RunRequest,
): Promise<RunSession> {
  if (request.mode === "exec") throw execRefused();
  if (request.input instanceof Uint8Array && request.input.includes(4)) throw endInInput();
  const app = appOf(own, scope);
  const terminal =
    request.stdio === "inherit" && process.stdin.isTTY === true && process.stdout.isTTY === true;
  const marker = markExit(request.command);
  const dyno = await startDyno(own, context, app, request, marker.line, terminal);
  const left = new AbortController();
  const onAbort = (): void => left.abort(context.signal.reason);
  context.signal.addEventListener("abort", onAbort, { once: true });
  const stop = async (): Promise<void> => {
    const signal = AbortSignal.timeout(stopTimeoutMs);
    // It may have ended by itself: then there is nothing to stop.
    await own.api
      .post({ ...context, signal }, path`/apps/${app}/dynos/${dyno.name}/actions/stop`)
      .catch(() => undefined);
  };
  let connection: Rendezvous;
  try {
    if (dyno.attach_url === null) throw unmet(dyno.name);
    connection = await meet({ ...context, signal: left.signal }, dyno.attach_url);
  } catch (error) {
    context.signal.removeEventListener("abort", onAbort);
    await stop();
    throw error;
  }

  const queue = createByteQueue();
  const exitCode = pump(marker, connection, queue.put).then(
    async (code) => {
      if (code !== undefined) return code;
      throw unknownCode(dyno.name, undefined);
    },
    (error: unknown) => {
      throw DeployError.is(error) ? error : unknownCode(dyno.name, error);
    },
  );
  const done = exitCode.then(
    () => undefined,
    () => stop(),
  );
  void done.then(() => {
    context.signal.removeEventListener("abort", onAbort);
    connection.close();
    queue.end();
  });
  if (request.stdio === "inherit") {
    void attachTerminal(queue.pieces, connection.write, { raw: terminal });
    return { output: (async function* () {})(), exitCode: settled(context, exitCode, done) };
  }
  void sendInput(connection, request.input).catch(() => undefined);
  return {
    output: (async function* () {
      try {
        for await (const data of queue.pieces) yield { stream: "stdout" as const, data };
      } finally {
        // Whoever leaves early wants it ended; after the end this does nothing.
        left.abort();
      }
    })(),
    exitCode: settled(context, exitCode, done),
  };
}

/** Reads to the marker, or to the end. */
async function pump(
  marker: ExitMarker,
  connection: Rendezvous,
  put: (piece: Uint8Array) => Promise<void>,
): Promise<number | undefined> {
  const filter = marker.filter();
  for await (const piece of connection.output) {
    const output = filter.push(piece);
    if (output.length > 0) await put(output);
    if (filter.exitCode() !== undefined) return filter.exitCode();
  }
  const rest = filter.end();
  if (rest.length > 0) await put(rest);
  return undefined;
}

/** The exit code once the dyno is taken care of; a run that was cancelled says so. */
function settled(context: Context, exitCode: Promise<number>, done: Promise<void>): Promise<number> {
  const result = done.then(() => {
    if (context.signal.aborted) throw context.signal.reason;
    return exitCode;
  });
  // Whoever reads the output only is not to be brought down by a code that nobody asks for.
  result.catch(() => undefined);
  return result;
}

async function startDyno(
  own: Surroundings,
  context: Context,
  app: string,
  request: RunRequest,
  command: string,
  terminal: boolean,
): Promise<HerokuDyno> {
  const size = await sizeOf(own, context, app, request.process);
  const body = {
    command,
    attach: true,
    type: "run",
    env: {
      ...(terminal ? { TERM: context.env.TERM ?? "xterm", ...windowSize() } : {}),
      ...request.env,
    },
    ...(terminal ? {} : { force_no_tty: true }),
    ...(size === undefined ? {} : { size }),
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await own.api.post<HerokuDyno>(context, path`/apps/${app}/dynos`, body, { sensitive: true });
    } catch (error) {
      // A conflict says that no dyno was made: asking again cannot make two.
      if (!hasCode(error, "heroku.conflict") || attempt >= startAttempts) throw error;
      await context.clock.sleep(startPauseMs, context.signal);
    }
  }
}

async function sizeOf(
  own: Surroundings,
  context: Context,
  app: string,
  type: string | undefined,
): Promise<string | undefined> {
  if (type === undefined) return undefined;
  const formation = await own.api.list<{ type: string; size: string }>(context, path`/apps/${app}/formation`);
  return formation.find((one) => one.type === type)?.size;
}

function windowSize(): Record<string, string> {
  const { columns, rows } = process.stdout;
  return columns === undefined ? {} : { COLUMNS: String(columns), LINES: String(rows) };
}

async function sendInput(connection: Rendezvous, input: RunRequest["input"]): Promise<void> {
  if (input instanceof Uint8Array) await connection.write(input);
  else for await (const piece of input ?? []) await connection.write(piece);
  await connection.write(endOfInput);
}

function execRefused(): DeployError {
  return new DeployError({
    code: "containers.unsupported",
    message: "Heroku lets nobody into a dyno that serves, but over SSH with a key for each dyno.",
    hint: "Start a fresh copy with `deploy run`, or use `heroku ps:exec`.",
  });
}

function endInInput(): DeployError {
  return new DeployError({
    code: "containers.bad-input",
    message: "The input has a byte 4, with which Heroku's connection ends the input.",
    hint: "Encode it, with base64 say, and decode it in the command.",
  });
}

function unmet(name: string): DeployError {
  return new DeployError({
    code: "containers.rendezvous-refused",
    message: `Heroku started ${name} without a connection to it; it was stopped.`,
    hint: "Run the same again.",
    retryable: true,
  });
}

function unknownCode(name: string, cause: unknown): DeployError {
  return new DeployError({
    code: "containers.exit-code-unknown",
    message: `The connection to ${name} ended before the command said how it ended: it may have failed, or still run.`,
    hint: "Look at `deploy logs --process run` before you run it again.",
    ...(cause === undefined ? {} : { cause }),
    details: { dyno: name },
  });
}

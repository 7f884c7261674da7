import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Command, LogStream } from "@deploy/core";
import { createLineSplitter } from "../line-splitter.js";
import { endProcessGroup } from "../operating-system/process-group.js";
import { processStartTime } from "../operating-system/process-identity.js";
import type { ReleaseRecord } from "../protocol.js";
import { type EnvironmentState, environmentDirectory, type StateWriter } from "./environment-state.js";
import { argvOf, exitCodeOf } from "./instance.js";
import type { Machinery } from "./machinery.js";
import { processEnvironment } from "./process-environment.js";
import { cannotStart } from "./spawn-failure.js";

/** A command of the app which runs to its end: the release command, or a job. */
export interface CommandRequest {
  readonly command: Command;
  readonly release: ReleaseRecord;
  /** Under which name its output is kept: `release`, `job:nightly`. */
  readonly process: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Hears each line, when somebody listens. */
  readonly onLine: (text: string, stream: "stdout" | "stderr") => Promise<void> | void;
}

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly lastLines: readonly string[];
}

const linesKept = 30;
/** From SIGTERM to SIGKILL for a command that is cancelled, in milliseconds. */
const graceMs = 5000;

/**
 * Runs a command in the directory and environment of a release, and waits for its true exit code.
 *
 * Its process is written down, so that a supervisor that comes after us ends it instead of running it twice at once.
 *
 * @throws `containers.cannot-start`, `secrets.missing`.
 */
export async function runCommand(
  machinery: Machinery,
  state: EnvironmentState,
  writer: StateWriter,
  request: CommandRequest,
): Promise<CommandResult> {
  const run = `${request.process.replaceAll(":", "-")}-${request.release.number}-${randomBytes(5).toString("hex")}`;
  const directory = join(
    environmentDirectory(machinery.home, state.app, state.environment),
    "releases",
    String(request.release.number),
  );
  const environment = await processEnvironment({
    app: state.app,
    environment: state.environment,
    release: request.release,
    directory,
    secrets: machinery.secrets,
    process: request.process,
    instance: `${request.process}.1`,
    run,
  });
  state.commands.push({ run });
  await writer.save();
  const [program = "", ...args] = argvOf(request.command);
  const child = spawn(program, args, {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const lastLines: string[] = [];
  let storing: Promise<unknown> = Promise.resolve();
  const take = (text: string, stream: LogStream & ("stdout" | "stderr")): void => {
    lastLines.push(text);
    if (lastLines.length > linesKept) lastLines.shift();
    storing = storing.then(() => request.onLine(text, stream));
  };
  const drained = Promise.all([
    eachLine(child.stdout, "stdout", take),
    eachLine(child.stderr, "stderr", take),
  ]);
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) =>
      resolve(
        exitCodeOf({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }) ?? 1,
      ),
    );
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    }).catch((cause: Error) => {
      const what = `The command of ${request.process}`;
      throw cannotStart({ what, command: request.command, directory, environment }, cause);
    });
    const leader = { pid: child.pid ?? 0, startTime: (await processStartTime(child.pid ?? 0)) ?? "ended" };
    state.commands = state.commands.map((known) => (known.run === run ? { run, ...leader } : known));
    await writer.save();

    let timedOut = false;
    const stop = (): void => void endProcessGroup({ pgid: leader.pid, leader }, { graceMs });
    const timer = setTimeout(() => {
      timedOut = true;
      stop();
    }, request.timeoutMs);
    request.signal.addEventListener("abort", stop, { once: true });
    if (request.signal.aborted) stop();
    const exitCode = await ended;
    clearTimeout(timer);
    request.signal.removeEventListener("abort", stop);
    // A child which it left in the background keeps the pipes open, and would run on for ever.
    await endProcessGroup({ pgid: leader.pid, leader }, { graceMs: 1000 });
    await drained;
    await storing;
    return { exitCode, timedOut, lastLines };
  } finally {
    state.commands = state.commands.filter((known) => known.run !== run);
    await writer.save();
  }
}

async function eachLine(
  source: NodeJS.ReadableStream,
  stream: "stdout" | "stderr",
  take: (text: string, stream: "stdout" | "stderr") => void,
): Promise<void> {
  const splitter = createLineSplitter((line) => take(line, stream));
  source.setEncoding("utf8");
  for await (const text of source) splitter.add(text as string);
  splitter.end();
}

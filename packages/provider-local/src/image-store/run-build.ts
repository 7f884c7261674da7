import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import { writeFileAtomic } from "../operating-system/atomic-file.js";
import { endProcessGroup, type ProcessGroup } from "../operating-system/process-group.js";
import { identifyProcess } from "../operating-system/process-identity.js";
import { cancelledError } from "./context-errors.js";

/** Receives output as it comes, in pieces which need not be whole lines. */
export type OnOutput = (text: string, stream: "stdout" | "stderr") => void;

/** A build to run. */
export interface RunBuildOptions {
  readonly command: string | readonly string[];
  /** Every environment variable the command gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Where the process group is noted before the command starts, so that a later run can end an orphan. */
  readonly buildRecord: string;
  readonly signal?: AbortSignal | undefined;
  readonly onOutput?: OnOutput | undefined;
}

const keptLines = 30;
const longestLine = 2000;
const abortGraceMs = 3000;

/** Waits for one line, then becomes the command: nothing of it runs before we know whom to end. */
const gate = 'read -r go && exec "$@" </dev/null';

/**
 * Runs a build command in a process group of its own, and ends whatever it leaves running.
 *
 * Errors: `images.build-failed` with `exitCode` or `signal` and the last 30 lines in `details`; `run.cancelled` when
 * the signal is aborted, after the group has ended.
 */
export async function runBuild(options: RunBuildOptions): Promise<void> {
  const { command, signal } = options;
  const argv = typeof command === "string" ? ["sh", "-c", command] : command;
  if (signal?.aborted) throw cancelledError(signal);
  const child = spawn("sh", ["-c", gate, "build", ...argv], {
    cwd: options.directory,
    env: options.env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit") as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  const closed = once(child, "close");
  // Both are awaited below; until then a failure to spawn must not count as unhandled.
  exited.catch(() => undefined);
  closed.catch(() => undefined);
  child.stdin.on("error", () => undefined);

  const tail = createTail();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      tail.add(text, stream);
      options.onOutput?.(text, stream);
    });
  }

  const group = await groupOf(child.pid);
  const end = async (graceMs: number): Promise<void> => {
    if (group) await endProcessGroup(group, { signal: graceMs > 0 ? "SIGTERM" : "SIGKILL", graceMs });
  };
  let aborting: Promise<void> | undefined;
  const onAbort = (): void => {
    aborting = end(abortGraceMs);
  };
  try {
    if (group) await writeFileAtomic(options.buildRecord, JSON.stringify(group));
    signal?.addEventListener("abort", onAbort, { once: true });
    // Aborted between the first look and now: the gate stays shut.
    child.stdin.end(signal?.aborted ? "" : "go\n");
    const [exitCode, endedBy] = await exited;
    await aborting;
    await end(0);
    // Everybody who could write is gone; what they wrote is in the pipes.
    await Promise.race([closed, wait(2000, undefined, { ref: false })]);
    if (signal?.aborted) throw cancelledError(signal);
    if (exitCode !== 0) throw buildFailed(argv, exitCode, endedBy, tail.lines());
  } finally {
    signal?.removeEventListener("abort", onAbort);
    child.stdin.destroy();
    await end(0);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

async function groupOf(pid: number | undefined): Promise<ProcessGroup | undefined> {
  const leader = pid === undefined ? undefined : await identifyProcess(pid);
  return leader && { pgid: leader.pid, leader };
}

interface Tail {
  add(text: string, stream: "stdout" | "stderr"): void;
  lines(): readonly string[];
}

/** The last lines of an output of any size, both streams in the order in which they came. */
function createTail(): Tail {
  const lines: string[] = [];
  const open = { stdout: "", stderr: "" };
  const keep = (line: string): void => {
    lines.push(line.slice(0, longestLine));
    if (lines.length > keptLines) lines.shift();
  };
  return {
    add(text, stream) {
      const parts = (open[stream] + text).split(/\r?\n/);
      open[stream] = (parts.pop() ?? "").slice(-longestLine);
      for (const part of parts) keep(part);
    },
    lines() {
      for (const stream of ["stdout", "stderr"] as const) if (open[stream] !== "") keep(open[stream]);
      open.stdout = "";
      open.stderr = "";
      return [...lines];
    },
  };
}

function buildFailed(
  argv: readonly string[],
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  lastLines: readonly string[],
): DeployError {
  const how = exitCode === null ? `was ended by ${signal}` : `failed with exit code ${exitCode}`;
  const hints: Readonly<Record<number, string>> = {
    126: "The program was found but cannot be executed: check its permissions.",
    127: "A program was not found: install it, or correct the build command.",
  };
  return new DeployError({
    code: "images.build-failed",
    message: `The build command ${how}.`,
    hint: hints[exitCode ?? -1] ?? "Read its last lines, correct what is wrong, and run it again.",
    details: { command: argv, exitCode, signal, lastLines },
  });
}

import { spawn } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import type { Account } from "./account.js";

/** A live process, told apart from any later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. */
  readonly startTime: string;
  readonly command: readonly string[];
  /** Its working directory, where the system tells. */
  readonly directory?: string;
}

/** The live process with this number; `undefined` when there is none, or only a zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return process.platform === "linux" ? identifyByProc(pid) : identifyByPs(pid);
}

let bootId: Promise<string> | undefined;

async function identifyByProc(pid: number): Promise<ProcessIdentity | undefined> {
  bootId ??= readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything, so fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8"))
      .split("\0")
      .filter((part) => part !== "");
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    const startTime = `${await bootId}:${fields[19]}`;
    return { pid, startTime, command, ...(directory === undefined ? {} : { directory }) };
  } catch {
    return undefined;
  }
}

async function identifyByPs(pid: number): Promise<ProcessIdentity | undefined> {
  const { code, stdout } = await run(["ps", "-o", "stat=,lstart=,command=", "-p", String(pid)], {
    env: process.env,
  });
  const match = /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(stdout.trimEnd());
  if (code !== 0 || match === null || match[1]!.startsWith("Z")) return undefined;
  return { pid, startTime: match[2]!, command: match[3]!.split(" ") };
}

/** The live processes that work in `directory`; none where the system does not tell (no /proc). */
export async function processesIn(directory: string): Promise<ProcessIdentity[]> {
  if (process.platform !== "linux") return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(identify));
  return found.flatMap((identity) => (identity?.directory === directory ? [identity] : []));
}

/** Sends a signal, but only to that very process: a number which now belongs to another one is left alone. */
export async function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  const now = await identify(target.pid);
  if (now === undefined || now.startTime !== target.startTime) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // It ended in between: what was wanted.
  }
}

/** Waits until the process has ended; false when it has not within `milliseconds`. */
export async function waitForExit(
  target: ProcessIdentity,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const now = await identify(target.pid);
    if (now === undefined || now.startTime !== target.startTime) return true;
    if (Date.now() >= deadline) return false;
    await sleep(20, undefined, signal === undefined ? {} : { signal });
  }
}

/** How {@link run} runs a command. */
export interface RunOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly account?: Account | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. Default 60 000. */
  readonly timeout?: number;
  /** A descriptor, or what writes to the command and ends it. Default nothing. */
  readonly stdin?: number | ((input: Writable) => Promise<void>);
  /** A descriptor to write to; default is to return the last 64 KiB. */
  readonly stdout?: number;
}

/** What a command ended with; `code` is null when a signal ended it, 127 when it could not be started. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why the input could not be written to its end. */
  readonly inputError?: unknown;
}

/**
 * Runs a command to its end.
 *
 * It gets a process group of its own, so that an abort or the timeout also ends the children it has made.
 * Rejects with the signal's reason on abort, and with `addons.command-timeout`.
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const { stdin, account } = options;
  const child = spawn(argv[0], argv.slice(1), {
    env: options.env as NodeJS.ProcessEnv,
    cwd: options.cwd ?? "/",
    detached: true,
    stdio: [
      typeof stdin === "number" ? stdin : stdin === undefined ? "ignore" : "pipe",
      options.stdout ?? "pipe",
      "pipe",
    ],
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] = (output[name] + text).slice(-65_536);
    });
  }
  const input = child.stdin;
  // A child that ends early breaks the pipe; its exit code tells more than EPIPE would.
  input?.on("error", () => {});
  const fed =
    typeof stdin !== "function" || input === null
      ? undefined
      : stdin(input).then(
          () => undefined,
          (thrown: unknown) => thrown ?? new Error("the input failed"),
        );
  let stopped: "aborted" | "late" | undefined;
  const stop = (why: "aborted" | "late"): void => {
    stopped ??= why;
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
    }
  };
  const timer = setTimeout(() => stop("late"), options.timeout ?? 60_000);
  const onAbort = (): void => stop("aborted");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const code = await new Promise<number | null>((resolve) => {
      child.once("error", (thrown) => {
        output.stderr += thrown.message;
        resolve(127);
      });
      child.once("close", resolve);
    });
    if (stopped === "aborted") throw options.signal?.reason;
    if (stopped === "late") {
      throw new DeployError({
        code: "addons.command-timeout",
        message: `${argv[0]} did not end within ${(options.timeout ?? 60_000) / 1000} s.`,
        retryable: true,
        details: { stderr: output.stderr.slice(-2000) },
      });
    }
    const inputError = await fed;
    return { code, ...output, ...(inputError === undefined ? {} : { inputError }) };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

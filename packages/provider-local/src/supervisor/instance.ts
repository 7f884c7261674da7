import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";
import type { Command } from "@deploy/core";
import { endProcessGroup } from "../operating-system/process-group.js";
import { isAlive, type ProcessIdentity, processStartTime } from "../operating-system/process-identity.js";

/** How a process ended; both absent when nobody could see it, because an earlier supervisor had started it. */
export interface Ending {
  readonly code?: number;
  readonly signal?: string;
}

/** A process of an app that runs, in a process group of its own. */
export interface RunningProcess extends ProcessIdentity {
  /** Resolves once it has ended. */
  readonly ended: Promise<Ending>;
  /** Ends the whole group: TERM, wait, KILL; resolves when no member is left. */
  stop(graceMs: number): Promise<void>;
}

/** A command as argv: a string runs in a shell inside the app's own process, an array as it is. */
export function argvOf(command: Command): readonly string[] {
  return typeof command === "string" ? ["sh", "-c", command] : command;
}

/**
 * Starts a process whose output goes straight into two files.
 *
 * Files, not pipes: the death of the supervisor must neither signal it, nor block it, nor lose a line.
 * Rejects with the system's error when the program cannot be started.
 */
export async function startProcess(options: {
  readonly command: Command;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdout: string;
  readonly stderr: string;
}): Promise<RunningProcess> {
  mkdirSync(dirname(options.stdout), { recursive: true, mode: 0o700 });
  const stdout = openSync(options.stdout, "a", 0o600);
  const stderr = openSync(options.stderr, "a", 0o600);
  try {
    const [program = "", ...args] = argvOf(options.command);
    const child = spawn(program, args, {
      cwd: options.directory,
      env: options.environment,
      stdio: ["ignore", stdout, stderr],
      detached: true,
    });
    const ended = new Promise<Ending>((resolve) => {
      child.once("exit", (code, signal) =>
        resolve({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }),
      );
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    const pid = child.pid ?? 0;
    // A process that is gone already has no start time any more; then nobody can mistake another one for it.
    const identity = { pid, startTime: (await processStartTime(pid)) ?? "ended" };
    return { ...identity, ended, stop: (graceMs) => stopGroup(identity, graceMs) };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

/** Takes over a process that an earlier supervisor started; its exit code can no longer be seen. */
export function adoptProcess(identity: ProcessIdentity, lookEveryMs = 300): RunningProcess {
  const ended = new Promise<Ending>((resolve) => {
    const timer = setInterval(() => {
      void isAlive(identity).then((alive) => {
        if (alive) return;
        clearInterval(timer);
        resolve({});
      });
    }, lookEveryMs);
    timer.unref();
  });
  return { ...identity, ended, stop: (graceMs) => stopGroup(identity, graceMs) };
}

async function stopGroup(identity: ProcessIdentity, graceMs: number): Promise<void> {
  await endProcessGroup({ pgid: identity.pid, leader: identity }, { graceMs });
}

/** An ending in words: `exited with code 3`, `was killed by SIGKILL`. */
export function describeEnding(ending: Ending): string {
  if (ending.signal !== undefined) return `was killed by ${ending.signal}`;
  if (ending.code !== undefined) return `exited with code ${ending.code}`;
  return "ended (its exit code went to an earlier supervisor)";
}

/** The exit code as a shell gives it: 128 + the signal's number for a killed process; undefined when unseen. */
export function exitCodeOf(ending: Ending): number | undefined {
  if (ending.signal === undefined) return ending.code;
  return 128 + (constants.signals[ending.signal as NodeJS.Signals] ?? 0);
}

import { spawn } from "node:child_process";
import { openSync, renameSync, statSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { DeployError, type DeployErrorData, errorFromData } from "@deploy/core";
import type { Home } from "../home.js";
import type { SupervisorFacts } from "../protocol.js";

/** What a supervisor tells the one who started it. */
export type StartMessage =
  | { readonly type: "ready"; readonly facts: SupervisorFacts }
  | { readonly type: "failed"; readonly error: DeployErrorData };

type HandOverMessage = { readonly type: "listener"; readonly name: string } | { readonly type: "go" };

/** How long a supervisor may take until it is ready, in milliseconds: it adopts and starts what should run. */
const readyWithinMs = 60_000;

/** The supervisor's own output begins anew with the next start once it is larger, in bytes; one older file is kept. */
const largestLog = 5_000_000;

/** How long the last message of a supervisor that has ended may be under way, in milliseconds. */
const lastWordsMs = 300;

/**
 * Starts a supervisor which outlives us, with our listening sockets if there are any, and waits until it is ready.
 *
 * @throws what the new one says; `servers.supervisor-failed` when it says nothing.
 */
export async function launchSupervisor(options: {
  readonly home: Home;
  /** Digest of the program, a directory below the home's programs. */
  readonly program: string;
  readonly port?: number;
  readonly listeners?: ReadonlyMap<string, Server>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<SupervisorFacts> {
  const { home, program, listeners } = options;
  if ((statSync(home.supervisorLog, { throwIfNoEntry: false })?.size ?? 0) > largestLog) {
    renameSync(home.supervisorLog, `${home.supervisorLog}.before`);
  }
  const log = openSync(home.supervisorLog, "a", 0o600);
  const args = [join(home.programs, program, "supervisor.js"), home.directory, program];
  if (options.port !== undefined) args.push("--port", String(options.port));
  if (listeners !== undefined) args.push("--hand-over");
  const child = spawn(process.execPath, args, {
    cwd: home.directory,
    env: options.environment,
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  try {
    return await new Promise<SupervisorFacts>((resolve, reject) => {
      const fail = (what: string): void =>
        reject(
          new DeployError({
            code: "servers.supervisor-failed",
            message: `The supervisor ${what}.`,
            hint: `Its own output is in ${home.supervisorLog}`,
          }),
        );
      const timer = setTimeout(() => fail(`was not ready within ${readyWithinMs / 1000} s`), readyWithinMs);
      child.once("error", (error) => fail(`could not be started: ${error.message}`));
      // What it said last may arrive after its end is known.
      child.once("exit", (code) => setTimeout(() => fail(`ended at once (exit code ${code})`), lastWordsMs));
      child.on("message", (message: StartMessage) => {
        clearTimeout(timer);
        if (message.type === "ready") resolve(message.facts);
        else reject(errorFromData(message.error));
      });
      if (listeners === undefined) return;
      for (const [name, server] of listeners)
        child.send({ type: "listener", name } satisfies HandOverMessage, server);
      child.send({ type: "go" } satisfies HandOverMessage);
    });
  } finally {
    child.removeAllListeners();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** Waits for the listening sockets of the supervisor which we replace. */
export function receiveHandOver(): Promise<ReadonlyMap<string, Server>> {
  const listeners = new Map<string, Server>();
  return new Promise((resolve) => {
    const onMessage = (message: HandOverMessage, handle: unknown): void => {
      if (message.type === "listener") listeners.set(message.name, handle as Server);
      else {
        process.off("message", onMessage);
        resolve(listeners);
      }
    };
    process.on("message", onMessage);
  });
}

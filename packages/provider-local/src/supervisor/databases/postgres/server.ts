import { spawn } from "node:child_process";
import { open, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import type { Account } from "../account.js";
import { exists, lastLines } from "../files.js";
import { identify, type ProcessIdentity, processesIn, signalProcess, waitForExit } from "../processes.js";

/** How a server is started on a data directory. */
export interface StartPostgres {
  /** Directory of the binaries. */
  readonly binaries: string;
  readonly data: string;
  readonly socketDirectory: string;
  readonly port: number;
  /** Address to listen on; empty for the unix socket only. */
  readonly listen: "127.0.0.1" | "";
  readonly logFile: string;
  readonly account: Account | undefined;
  /** `name=value` settings on top of ours. */
  readonly settings?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; recovery after a crash counts in. Default 60 000. */
  readonly timeout?: number;
}

/** The server of a data directory, when it lives. */
export interface Postmaster extends ProcessIdentity {
  /** Whether it accepts connections. */
  readonly ready: boolean;
}

/**
 * The live server of a data directory, by its postmaster.pid.
 *
 * The number alone proves nothing, since it may have been given to another process: the process must have been started
 * as `postgres` on this very directory.
 */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const lines = await readFile(join(data, "postmaster.pid"), "utf8").then(
    (text) => text.split("\n"),
    () => [],
  );
  const identity = await identify(Number(lines[0]));
  if (identity === undefined) return undefined;
  const { command } = identity;
  if (basename(command[0] ?? "") !== "postgres" || command[command.indexOf("-D") + 1] !== data)
    return undefined;
  return { ...identity, ready: lines[7]?.trim() === "ready" };
}

/**
 * Clears what a server that was killed has left, as far as Postgres does not do it itself.
 *
 * It refuses to start when the number in postmaster.pid belongs to any live process of the same user. The file is only
 * deleted when nothing works in the data directory any more: orphans of a killed server may still write there.
 */
async function clearStaleLock(data: string): Promise<void> {
  if (!(await exists(join(data, "postmaster.pid")))) return;
  const deadline = Date.now() + 5000;
  for (;;) {
    // Somebody's shell may stand in the directory too; it is none of our business.
    const orphans = (await processesIn(data)).filter(({ command }) => command[0]?.startsWith("postgres"));
    if (orphans.length === 0) break;
    if (Date.now() > deadline) for (const orphan of orphans) await signalProcess(orphan, "SIGKILL");
    await sleep(20);
  }
  await rm(join(data, "postmaster.pid"), { force: true });
}

function startFailed(options: StartPostgres, reason: string, log: readonly string[]): DeployError {
  return new DeployError({
    code: "addons.start-failed",
    message: `PostgreSQL did not start: ${reason}.`,
    hint: `Read ${options.logFile}.`,
    details: { log },
  });
}

/**
 * Starts a server that outlives this process, and waits until it accepts connections.
 *
 * When one is running on the directory already, that one is returned. Errors: `addons.start-failed`.
 */
export async function startPostgres(options: StartPostgres): Promise<Postmaster> {
  const { data, account, signal } = options;
  signal?.throwIfAborted();
  let exit: string | undefined;
  if ((await findPostmaster(data)) === undefined) {
    await clearStaleLock(data);
    const settings = [
      `port=${options.port}`,
      `listen_addresses=${options.listen}`,
      `unix_socket_directories=${options.socketDirectory}`,
      "unix_socket_permissions=0700",
      "shared_buffers=32MB",
      "max_connections=50",
      "fsync=on",
      "password_encryption=scram-sha-256",
      "logging_collector=off",
      "log_destination=stderr",
      ...(options.settings ?? []),
    ];
    const log = await open(options.logFile, "a", 0o600);
    try {
      const child = spawn(
        join(options.binaries, "postgres"),
        ["-D", data, ...settings.flatMap((setting) => ["-c", setting])],
        {
          // A session of its own: signals to the daemon's group and its terminal do not reach the database.
          detached: true,
          cwd: "/",
          // The daemon's environment may hold other apps' secrets.
          env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
          stdio: ["ignore", log.fd, log.fd],
          ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
        },
      );
      child.once("error", (thrown) => {
        exit = thrown.message;
      });
      child.once("exit", (code, by) => {
        exit ??= by === null ? `it ended with code ${code}` : `it was ended by ${by}`;
      });
      child.unref();
    } finally {
      await log.close();
    }
  }
  const deadline = Date.now() + (options.timeout ?? 60_000);
  for (;;) {
    const ended = exit;
    const postmaster = await findPostmaster(data);
    if (postmaster?.ready) return postmaster;
    // Another one, started just before the last daemon was killed, may have won the race for the directory.
    if (ended !== undefined && postmaster === undefined) {
      throw startFailed(options, ended, await lastLines(options.logFile));
    }
    if (Date.now() > deadline) {
      throw startFailed(options, "it is not ready in time", await lastLines(options.logFile));
    }
    await sleep(10, undefined, signal === undefined ? {} : { signal });
  }
}

/**
 * Stops the server of a data directory, when there is one.
 *
 * Fast shutdown first; after `patience` milliseconds (default 20 000) the immediate one, which is as safe as a power
 * cut. Error: `addons.stop-failed`.
 */
export async function stopPostgres(data: string, patience = 20_000): Promise<void> {
  const postmaster = await findPostmaster(data);
  if (postmaster === undefined) return;
  await signalProcess(postmaster, "SIGINT");
  if (await waitForExit(postmaster, patience)) return;
  await signalProcess(postmaster, "SIGQUIT");
  if (await waitForExit(postmaster, 10_000)) return;
  throw new DeployError({
    code: "addons.stop-failed",
    message: `PostgreSQL (process ${postmaster.pid}) does not stop.`,
    hint: `Look at the process: it may hang in a disk that does not answer.`,
    retryable: true,
  });
}

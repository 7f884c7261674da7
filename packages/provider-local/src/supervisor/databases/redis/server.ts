import { spawn } from "node:child_process";
import { chown, open, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeployError } from "@deploy/core";
import { type Account, makePrivate } from "../account.js";
import { lastLines, writeAtomically } from "../files.js";
import { identify, type ProcessIdentity, signalProcess, waitForExit } from "../processes.js";
import { type RedisTarget, redisInfo } from "./client.js";

/** How a Redis is started. */
export interface StartRedis {
  /** Absolute path of redis-server. */
  readonly binary: string;
  readonly data: string;
  readonly password: string;
  /** Port of 127.0.0.1; without one it listens on `redis.sock` in `socketDirectory` only. */
  readonly port?: number;
  readonly socketDirectory: string;
  readonly appendOnly: boolean;
  readonly logFile: string;
  readonly account: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The file that Redis reads its settings from, and by which its process is known again. */
export function configFile(data: string): string {
  return join(data, "redis.conf");
}

function pidFile(data: string): string {
  return join(data, "redis.pid");
}

/** Quotes a value for redis.conf. */
function quote(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function configuration(options: StartRedis): string {
  const lines = [
    options.port === undefined
      ? `port 0\nunixsocket ${quote(stagingSocket(options.socketDirectory))}\nunixsocketperm 700`
      : `bind 127.0.0.1\nport ${options.port}`,
    "protected-mode yes",
    `requirepass ${quote(options.password)}`,
    `dir ${quote(options.data)}`,
    `pidfile ${quote(pidFile(options.data))}`,
    "daemonize no",
    "dbfilename dump.rdb",
    // The append-only file keeps the data; snapshots are made for backups.
    'save ""',
    `appendonly ${options.appendOnly ? "yes" : "no"}`,
    "appendfsync everysec",
  ];
  return `${lines.join("\n")}\n`;
}

/** The unix socket of a Redis without a port. */
export function stagingSocket(socketDirectory: string): string {
  return join(socketDirectory, "redis.sock");
}

/**
 * The live server of a data directory, by its pid file.
 *
 * The number alone proves nothing: the process must be a redis-server that works in this directory, or, where the system
 * does not tell directories, was started with its configuration or shows its port.
 */
export async function findRedis(data: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(pidFile(data), "utf8").catch(() => "");
  const identity = await identify(Number(text));
  if (identity === undefined) return undefined;
  const [title = "", ...rest] = identity.command;
  if (!basename(title.split(" ")[0]!).startsWith("redis-server")) return undefined;
  if (identity.directory !== undefined) return identity.directory === data ? identity : undefined;
  const port = /^port (\d+)$/m.exec(await readFile(configFile(data), "utf8").catch(() => ""))?.[1];
  const shown = [title, ...rest].join(" ");
  return shown.includes(configFile(data)) || (port !== undefined && shown.includes(`:${port}`))
    ? identity
    : undefined;
}

/** Starts a Redis that outlives this process, and waits until it has loaded its data. Error: `addons.start-failed`. */
export async function startRedis(options: StartRedis): Promise<ProcessIdentity> {
  const { data, account, signal } = options;
  signal?.throwIfAborted();
  const target: RedisTarget = {
    password: options.password,
    ...(options.port === undefined
      ? { socket: stagingSocket(options.socketDirectory) }
      : { port: options.port }),
  };
  let exit: string | undefined;
  if ((await findRedis(data)) === undefined) {
    await makePrivate(data, account);
    await rm(pidFile(data), { force: true });
    await writeAtomically(configFile(data), async (file) => {
      if (account !== undefined) await file.chown(account.uid, account.gid);
      await file.writeFile(configuration(options));
    });
    const log = await open(options.logFile, "a", 0o600);
    try {
      const child = spawn(options.binary, [configFile(data)], {
        detached: true,
        cwd: "/",
        env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
        stdio: ["ignore", log.fd, log.fd],
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      });
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
  const deadline = Date.now() + 60_000;
  for (;;) {
    const ended = exit;
    const identity = await findRedis(data);
    const loading = await redisInfo(target, "loading", signal).catch(() => {
      signal?.throwIfAborted();
      return undefined;
    });
    if (identity !== undefined && loading === "0") return identity;
    if ((ended !== undefined && identity === undefined) || Date.now() > deadline) {
      throw new DeployError({
        code: "addons.start-failed",
        message: `Redis did not start: ${ended ?? "it is not ready in time"}.`,
        hint: `Read ${options.logFile}.`,
        details: { log: await lastLines(options.logFile) },
      });
    }
    await sleep(10);
  }
}

/**
 * Stops the server of a data directory, when there is one: SIGTERM, which saves, and after 20 s SIGKILL, after which the
 * append-only file still has all but the last second. Error: `addons.stop-failed`.
 */
export async function stopRedis(data: string, patience = 20_000): Promise<void> {
  const identity = await findRedis(data);
  if (identity === undefined) return;
  await signalProcess(identity, "SIGTERM");
  if (await waitForExit(identity, patience)) return;
  await signalProcess(identity, "SIGKILL");
  if (await waitForExit(identity, 10_000)) return;
  throw new DeployError({
    code: "addons.stop-failed",
    message: `Redis (process ${identity.pid}) does not stop.`,
    hint: "Look at the process: it may hang in a disk that does not answer.",
    retryable: true,
  });
}

/** Gives a file to the server's user. */
export async function giveTo(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

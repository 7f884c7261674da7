import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeployError, redact } from "@deploy/core";
import { makePrivate, serviceAccount } from "../account.js";
import { backupFile } from "../backups.js";
import { exists, namesIn, removeTree, trimLog, writeAtomically } from "../files.js";
import { checkSocketDirectory, type Layout } from "../layout.js";
import { findOnPath } from "../postgres/binaries.js";
import type { ProcessIdentity } from "../processes.js";
import { isPortFree, portTaken, writeProcess } from "../records.js";
import type { Service, ServiceContext } from "../service.js";
import { finishSwap, swapData } from "../swap.js";
import { type RedisTarget, redisCommand, redisInfo } from "./client.js";
import {
  configFile,
  findRedis,
  giveTo,
  type StartRedis,
  stagingSocket,
  startRedis,
  stopRedis,
} from "./server.js";

const accounts = ["redis", "nobody"];

async function settings(context: ServiceContext): Promise<StartRedis> {
  const { layout, env, credentials, signal, record } = context;
  const binary = await findOnPath("redis-server", env);
  if (binary === undefined) {
    throw new DeployError({
      code: "addons.redis-missing",
      message: "redis-server is not on this machine.",
      hint: "Install it (Debian: apt-get install redis-server; macOS: brew install redis).",
    });
  }
  const account = await serviceAccount(layout.data, accounts);
  return {
    ...{ binary, data: layout.data, password: credentials.app, port: record.port, appendOnly: true },
    ...{ socketDirectory: layout.socketDirectory, logFile: layout.logFile, account, signal },
  };
}

async function start(context: ServiceContext): Promise<ProcessIdentity> {
  const { layout, record } = context;
  const options = await settings(context);
  if ((await findRedis(layout.data)) === undefined && !(await isPortFree(record.port)))
    throw portTaken(record);
  if (options.account !== undefined)
    context.log(`Redis has no need to run as root: it runs as ${options.account.name}.`);
  context.onProgress?.(`Starting Redis on port ${record.port}.`);
  const identity = await startRedis(options);
  await writeProcess(layout, identity);
  return identity;
}

/** Stops and deletes what an interrupted restore has left. */
async function clearStaging(layout: Layout): Promise<void> {
  for (const name of await namesIn(layout.root)) {
    if (!name.startsWith("data.restoring-")) continue;
    await stopRedis(join(layout.root, name), 2000);
    await removeTree(join(layout.root, name));
  }
}

function targetOf(context: ServiceContext): RedisTarget {
  return { port: context.record.port, password: context.credentials.app };
}

async function ensure(context: ServiceContext): ReturnType<Service["ensure"]> {
  const { layout, record, credentials, signal } = context;
  await clearStaging(layout);
  await finishSwap(layout);
  await trimLog(layout.logFile);
  const created = !(await exists(configFile(layout.data)));
  const found = await findRedis(layout.data);
  const serving =
    found !== undefined && (await redisInfo(targetOf(context), "loading", signal).catch(() => "1")) === "0";
  const identity = serving ? found : await start(context);
  const version = await redisInfo(targetOf(context), "redis_version", signal);
  const url = redact(`redis://:${credentials.app}@127.0.0.1:${record.port}/0`);
  return { process: identity, version, url, created, started: found === undefined };
}

async function waitWhile(target: RedisTarget, field: string, signal: AbortSignal | undefined): Promise<void> {
  while ((await redisInfo(target, field, signal)) === "1")
    await sleep(20, undefined, signal ? { signal } : {});
}

function snapshotFailed(what: string): DeployError {
  return new DeployError({
    code: "addons.backup-failed",
    message: `Redis could not write its ${what}.`,
    hint: "The disk may be full; look into the add-on's server.log.",
  });
}

async function backup(context: ServiceContext, release: number): ReturnType<Service["backup"]> {
  const { layout, signal, record } = context;
  const target = targetOf(context);
  const file = backupFile(layout, release, "rdb");
  if ((await findRedis(layout.data)) === undefined) {
    throw new DeployError({
      code: "addons.not-running",
      message: `The add-on ${record.name} of ${record.app} is not running.`,
      hint: "Start it first: deploy the app again.",
    });
  }
  context.onProgress?.(`Backing up ${record.name} with BGSAVE.`);
  // One snapshot may be under way which began before this call, and would miss what was written since.
  await waitWhile(target, "rdb_bgsave_in_progress", signal);
  await redisCommand(target, ["BGSAVE", "SCHEDULE"], signal);
  do await sleep(20);
  while ((await redisInfo(target, "aof_rewrite_in_progress", signal)) === "1");
  await waitWhile(target, "rdb_bgsave_in_progress", signal);
  if ((await redisInfo(target, "rdb_last_bgsave_status", signal)) !== "ok") throw snapshotFailed("snapshot");
  const snapshot = createReadStream(join(layout.data, "dump.rdb"));
  await writeAtomically(file, (handle) => writeFile(handle, snapshot));
  return { release, file, format: "rdb" };
}

/** Loads a snapshot with a server of its own, which then writes it as an append-only file. */
async function stage(context: ServiceContext, file: string): Promise<string> {
  const { layout, signal } = context;
  const staged = `${layout.data}.restoring-${randomBytes(4).toString("hex")}`;
  const options = await settings(context);
  try {
    await makePrivate(staged, options.account);
    const snapshot = join(staged, "dump.rdb");
    await copyFile(file, snapshot);
    await giveTo(snapshot, options.account);
    await checkSocketDirectory(layout.socketDirectory, options.account);
    await makePrivate(layout.socketDirectory, options.account);
    const { port: _, ...withoutPort } = options;
    // A Redis that starts with appendonly and finds no such file ignores the snapshot and begins empty.
    await startRedis({ ...withoutPort, data: staged, appendOnly: false });
    const target = { socket: stagingSocket(layout.socketDirectory), password: options.password };
    await redisCommand(target, ["CONFIG", "SET", "appendonly", "yes"], signal);
    do await waitWhile(target, "aof_rewrite_in_progress", signal);
    while ((await redisInfo(target, "aof_rewrite_scheduled", signal)) === "1");
    if ((await redisInfo(target, "aof_last_bgrewrite_status", signal)) !== "ok")
      throw snapshotFailed("append-only file");
    await stopRedis(staged);
    await rm(configFile(staged));
    return staged;
  } catch (thrown) {
    await stopRedis(staged, 2000);
    await removeTree(staged);
    signal?.throwIfAborted();
    throw new DeployError({
      code: "addons.restore-failed",
      message: `${file} could not be restored: ${thrown instanceof Error ? thrown.message : thrown}`,
      hint: "The data is as it was; choose another backup.",
      cause: thrown,
      ...(DeployError.is(thrown) ? { details: thrown.details } : {}),
    });
  }
}

async function restore(context: ServiceContext, file: string): Promise<void> {
  const { layout } = context;
  const staged = await stage(context, file);
  const unstoppable = { ...context, signal: undefined };
  await swapData(layout, staged, {
    stop: () => stopRedis(layout.data),
    start: async () => void (await start(unstoppable)),
  });
}

/** Redis: one server per add-on, with an append-only file and a password. */
export const redis: Service = {
  accounts,
  find: (layout) => findRedis(layout.data),
  ensure,
  stop: async (layout) => {
    await clearStaging(layout);
    await stopRedis(layout.data);
  },
  backup,
  restore,
  connect: async ({ env, record, credentials }) => {
    const client = await findOnPath("redis-cli", env);
    if (client === undefined) {
      throw new DeployError({
        code: "addons.redis-cli-missing",
        message: "redis-cli is not on this machine.",
        hint: "Install it (Debian: apt-get install redis-tools; macOS: brew install redis).",
      });
    }
    return {
      argv: [client, "-h", "127.0.0.1", "-p", String(record.port)],
      env: { REDISCLI_AUTH: redact(credentials.app) },
    };
  },
};

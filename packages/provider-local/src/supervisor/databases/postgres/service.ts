import { open } from "node:fs/promises";
import { DeployError, redact } from "@deploy/core";
import { makePrivate, serviceAccount } from "../account.js";
import { backupFile } from "../backups.js";
import { exists, trimLog } from "../files.js";
import { checkSocketDirectory } from "../layout.js";
import { isPortFree, portTaken, readProcess, writeProcess } from "../records.js";
import type { Service, ServiceContext } from "../service.js";
import { finishSwap, swapData } from "../swap.js";
import type { AddonRequest } from "../types.js";
import { findPostgres, findPsql, findTool, type PostgresBinaries } from "./binaries.js";
import { clearStaging, createCluster, majorOf } from "./cluster.js";
import { dumpDatabase, loadDump } from "./logical.js";
import { baseBackup, stageBaseBackup } from "./physical.js";
import { appUser, databaseName, ensureDatabase, ensureExtensions } from "./schema.js";
import { findPostmaster, type Postmaster, startPostgres, stopPostgres } from "./server.js";

const accounts = ["postgres", "nobody"];

async function binariesFor(
  context: ServiceContext,
  major: string | undefined,
  directory?: string,
): Promise<PostgresBinaries> {
  const account = await serviceAccount(context.layout.data, accounts);
  const { env, home, signal } = context;
  const log = (line: string): void => {
    context.log(line);
    context.onProgress?.(line);
  };
  return findPostgres({ env, home, log, directory, major, account, signal });
}

async function start(context: ServiceContext, binaries: PostgresBinaries): Promise<Postmaster> {
  const { layout, record, signal } = context;
  const account = await serviceAccount(layout.data, accounts);
  if (account !== undefined) context.log(`PostgreSQL refuses to run as root: it runs as ${account.name}.`);
  await checkSocketDirectory(layout.socketDirectory, account);
  await makePrivate(layout.socketDirectory, account);
  if (!(await isPortFree(record.port)) && (await findPostmaster(layout.data)) === undefined)
    throw portTaken(record);
  context.onProgress?.(`Starting PostgreSQL ${binaries.version} on port ${record.port}.`);
  const postmaster = await startPostgres({
    ...{ binaries: binaries.directory, data: layout.data, port: record.port, listen: "127.0.0.1" },
    ...{ socketDirectory: layout.socketDirectory, logFile: layout.logFile, account, signal },
  });
  await writeProcess(layout, postmaster);
  return postmaster;
}

function versionFixed(request: AddonRequest, major: string): DeployError {
  return new DeployError({
    code: "addons.version-fixed",
    message: `The add-on ${request.name} of ${request.app} was created with PostgreSQL ${major}, not ${request.version}.`,
    hint: `Dump its data, remove the add-on, create it again with version ${request.version}, and load the dump.`,
  });
}

async function ensure(context: ServiceContext, request: AddonRequest): ReturnType<Service["ensure"]> {
  const { layout, record, credentials, signal } = context;
  await clearStaging(layout);
  await finishSwap(layout);
  await trimLog(layout.logFile);
  let binaries: PostgresBinaries | undefined;
  const created = !(await exists(layout.data));
  if (created) {
    binaries = await binariesFor(context, request.version, request.directory);
    context.onProgress?.(`Creating a PostgreSQL ${binaries.version} database.`);
    const account = await serviceAccount(layout.data, accounts);
    await createCluster(layout, binaries, credentials, account, signal);
  }
  const major = await majorOf(layout.data);
  if (request.version !== undefined && major !== undefined && request.version !== major) {
    throw versionFixed(request, major);
  }
  const found = await findPostmaster(layout.data);
  let server = found;
  if (server === undefined || !server.ready) {
    binaries ??= await binariesFor(context, major, request.directory);
    server = await start(context, binaries);
  } else if ((await readProcess(layout)) === undefined) await writeProcess(layout, server);
  const database = databaseName(record.app);
  const version = await ensureDatabase(record.port, credentials, database, signal);
  await ensureExtensions(record.port, credentials, database, request.extensions ?? [], signal);
  const url = redact(`postgres://${appUser}:${credentials.app}@127.0.0.1:${record.port}/${database}`);
  return { process: server, version, url, created, started: found === undefined };
}

async function mustRun(context: ServiceContext): Promise<void> {
  if ((await findPostmaster(context.layout.data))?.ready) return;
  throw new DeployError({
    code: "addons.not-running",
    message: `The add-on ${context.record.name} of ${context.record.app} is not running.`,
    hint: "Start it first: deploy the app again.",
  });
}

async function backup(context: ServiceContext, release: number): ReturnType<Service["backup"]> {
  const { layout, record, credentials, signal } = context;
  await mustRun(context);
  const binaries = await binariesFor(context, await majorOf(layout.data));
  const pgDump = await findTool(binaries, "pg_dump");
  const pgRestore = await findTool(binaries, "pg_restore");
  if (pgDump !== undefined && pgRestore !== undefined) {
    const file = backupFile(layout, release, "pg-dump");
    context.onProgress?.(`Backing up ${record.name} with pg_dump.`);
    await dumpDatabase(
      pgDump,
      { port: record.port, credentials, database: databaseName(record.app), signal },
      file,
    );
    return { release, file, format: "pg-dump" };
  }
  const file = backupFile(layout, release, "base-backup");
  context.onProgress?.(
    `Backing up ${record.name} with a base backup: this PostgreSQL comes without pg_dump.`,
  );
  await baseBackup(record.port, credentials, file, signal);
  return { release, file, format: "base-backup" };
}

/** Told by the content, since a file given by its path may have any name. */
async function formatOf(file: string): Promise<"pg-dump" | "base-backup"> {
  const handle = await open(file, "r");
  try {
    const { buffer } = await handle.read(Buffer.alloc(5), 0, 5, 0);
    if (buffer.toString("latin1") === "PGDMP") return "pg-dump";
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return "base-backup";
  } finally {
    await handle.close();
  }
  throw new DeployError({
    code: "addons.backup-unknown",
    message: `${file} is neither a pg_dump archive in custom format nor a base backup.`,
    hint: "Choose a file that `backup` wrote, or one of `pg_dump -Fc`.",
  });
}

async function restore(context: ServiceContext, file: string): Promise<void> {
  const { layout, record, credentials, signal } = context;
  const format = await formatOf(file);
  await mustRun(context);
  const database = databaseName(record.app);
  const major = await majorOf(layout.data);
  const binaries = await binariesFor(context, major);
  context.onProgress?.(`Restoring ${record.name}.`);
  if (format === "pg-dump") {
    const pgRestore = await findTool(binaries, "pg_restore");
    if (pgRestore === undefined) {
      throw new DeployError({
        code: "addons.pg-restore-missing",
        message: `${file} needs pg_restore, which the PostgreSQL in ${binaries.directory} comes without.`,
        hint: `Install PostgreSQL ${binaries.major} with its client programs.`,
      });
    }
    await loadDump(pgRestore, { port: record.port, credentials, database, signal }, file);
    return;
  }
  const account = await serviceAccount(layout.data, accounts);
  const staging = { layout, binaries: binaries.directory, major: binaries.major };
  const staged = await stageBaseBackup({ ...staging, credentials, database, account, signal }, file);
  // From here on an abort would only leave the app without its database.
  const unstoppable = { ...context, signal: undefined };
  await swapData(layout, staged, {
    stop: () => stopPostgres(layout.data),
    start: async () => {
      await start(unstoppable, binaries);
      await ensureDatabase(record.port, credentials, database, undefined);
    },
  });
}

/** PostgreSQL: one server per add-on, with one database and one role for the app. */
export const postgres: Service = {
  accounts,
  find: (layout) => findPostmaster(layout.data),
  ensure,
  stop: async (layout) => {
    await clearStaging(layout);
    await stopPostgres(layout.data);
  },
  backup,
  restore,
  connect: async ({ env, record, credentials }) => {
    const psql = await findPsql(env);
    if (psql === undefined) {
      throw new DeployError({
        code: "addons.psql-missing",
        message: "psql is not on this machine.",
        hint: "Install it (Debian: apt-get install postgresql-client; macOS: brew install libpq), or use another client with the add-on's URL.",
      });
    }
    const place = ["--host=127.0.0.1", `--port=${record.port}`, `--username=${appUser}`];
    return {
      argv: [psql, ...place, `--dbname=${databaseName(record.app)}`],
      env: { PGPASSWORD: redact(credentials.app) },
    };
  },
};

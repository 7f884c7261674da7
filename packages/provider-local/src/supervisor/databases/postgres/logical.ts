import { open } from "node:fs/promises";
import { DeployError } from "@deploy/core";
import { writeAtomically } from "../files.js";
import { run } from "../processes.js";
import type { Credentials } from "../records.js";
import { adminUser } from "./cluster.js";
import { asAdmin, createDatabase, dropDatabase, swapNames } from "./schema.js";
import { quoteName, quoteValue } from "./wire.js";

/** The database a dump is made of, or loaded into. */
export interface LogicalTarget {
  readonly port: number;
  readonly credentials: Credentials;
  readonly database: string;
  readonly signal?: AbortSignal | undefined;
}

// A dump or a load of hours is better than none; an abort ends it earlier.
const hours = 12 * 3600 * 1000;

function connectionArguments(port: number, database: string): string[] {
  return [
    "--host=127.0.0.1",
    `--port=${port}`,
    `--username=${adminUser}`,
    "--no-password",
    `--dbname=${database}`,
  ];
}

function environment(credentials: Credentials): Record<string, string> {
  return { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", PGPASSWORD: credentials.admin };
}

/** Writes `pg_dump -Fc` of the database to `file`, whole or not at all. Error: `addons.backup-failed`. */
export async function dumpDatabase(pgDump: string, target: LogicalTarget, file: string): Promise<void> {
  await writeAtomically(file, async (handle) => {
    const result = await run(
      [pgDump, "--format=custom", ...connectionArguments(target.port, target.database)],
      {
        env: environment(target.credentials),
        signal: target.signal,
        stdout: handle.fd,
        timeout: hours,
      },
    );
    if (result.code === 0) return;
    throw new DeployError({
      code: "addons.backup-failed",
      message: `pg_dump of ${target.database} failed (${result.code}).`,
      hint: "Read the output below; the disk may be full.",
      details: { output: result.stderr.slice(-2000) },
    });
  });
}

/**
 * Loads a dump into a fresh database, which then takes the place of the old one.
 *
 * Connections of the app are refused and ended for the moment of the renames, which happen in one transaction: there is
 * no moment without a database of that name. Error: `addons.restore-failed`, with the old data as it was.
 */
export async function loadDump(pgRestore: string, target: LogicalTarget, file: string): Promise<void> {
  const { port, credentials, database, signal } = target;
  const { staged, previous } = swapNames(database);
  await asAdmin(port, credentials, "postgres", signal, async (connection) => {
    await dropDatabase(connection, staged);
    await createDatabase(connection, staged);
  });
  try {
    await load(pgRestore, target, staged, file);
    await asAdmin(port, credentials, "postgres", signal, async (connection) => {
      const name = quoteName(database);
      await connection.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      try {
        await connection.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${quoteValue(database)}`,
        );
        await connection.query(
          `BEGIN; ALTER DATABASE ${name} RENAME TO ${quoteName(previous)};
           ALTER DATABASE ${quoteName(staged)} RENAME TO ${name}; COMMIT`,
        );
      } catch (thrown) {
        // An abort has closed this connection: then the next `ensure` opens the database again.
        await connection.query(`ROLLBACK; ALTER DATABASE ${name} ALLOW_CONNECTIONS true`).catch(() => {});
        throw thrown;
      }
      await dropDatabase(connection, previous);
    });
  } catch (thrown) {
    await asAdmin(port, credentials, "postgres", undefined, (connection) =>
      dropDatabase(connection, staged),
    ).catch(() => {});
    throw thrown;
  }
}

async function load(pgRestore: string, target: LogicalTarget, staged: string, file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    const result = await run([pgRestore, "--exit-on-error", ...connectionArguments(target.port, staged)], {
      env: environment(target.credentials),
      signal: target.signal,
      stdin: handle.fd,
      timeout: hours,
    });
    if (result.code === 0) return;
    throw new DeployError({
      code: "addons.restore-failed",
      message: `${file} could not be loaded; ${target.database} is as it was.`,
      hint: "Read the output below, and choose another backup.",
      details: { output: result.stderr.slice(-2000) },
    });
  } finally {
    await handle.close();
  }
}

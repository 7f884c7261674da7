import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { chown, type FileHandle, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { DeployError } from "@deploy/core";
import { type Account, makePrivate } from "../account.js";
import { hasCode, removeTree, writeAtomically } from "../files.js";
import type { Layout } from "../layout.js";
import { run } from "../processes.js";
import type { Credentials } from "../records.js";
import { adminUser, majorOf } from "./cluster.js";
import { appUser } from "./schema.js";
import { scramVerifier } from "./scram.js";
import { startPostgres, stopPostgres } from "./server.js";
import { connectSql, quoteValue, type SqlConnection } from "./wire.js";

/**
 * Writes the tar archive that `BASE_BACKUP` streams, gzipped, as fast as the disk takes it.
 *
 * Since version 15 all comes in one copy stream, where `n` begins an archive and `d` carries its bytes. A second archive
 * would be a tablespace outside the data directory, which an add-on does not have.
 */
async function writeArchive(connection: SqlConnection, file: FileHandle): Promise<void> {
  const gzip = createGzip({ level: 4 });
  const writing = writeFile(file, gzip);
  // Waited for below; until then a full disk must not count as an unhandled rejection.
  writing.catch(() => {});
  gzip.on("error", () => {});
  let archives = 0;
  try {
    await connection.copyOut(
      "BASE_BACKUP (LABEL 'deploy', CHECKPOINT 'fast', WAL true, MANIFEST 'no')",
      async (message) => {
        const kind = String.fromCharCode(message[0]!);
        if (kind === "n") archives += 1;
        if (archives > 1) throw new Error("it has tablespaces outside the data directory");
        if (kind === "d" && !gzip.write(message.subarray(1)))
          await Promise.race([once(gzip, "drain"), writing]);
      },
    );
    gzip.end();
    await writing;
  } catch (thrown) {
    gzip.destroy();
    await writing.catch(() => {});
    throw thrown;
  }
}

/**
 * Writes a gzipped base backup of the running server, with the WAL it needs, to `file`, whole or not at all.
 *
 * What pg_basebackup would do, for installations that ship neither it nor pg_dump. It is consistent without stopping
 * anything, and can be restored by the same major version on the same kind of machine only. Error: `addons.backup-failed`.
 */
export async function baseBackup(
  port: number,
  credentials: Credentials,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const user = {
    port,
    user: adminUser,
    password: credentials.admin,
    database: "postgres",
    replication: true,
  };
  const connection = await connectSql(user, signal);
  try {
    await writeAtomically(file, (handle) => writeArchive(connection, handle));
  } catch (thrown) {
    signal?.throwIfAborted();
    throw new DeployError({
      code: "addons.backup-failed",
      message: `The base backup failed: ${thrown instanceof Error ? thrown.message : thrown}`,
      hint: "The disk may be full; nothing of the backup was kept.",
      cause: thrown,
    });
  } finally {
    connection.close();
  }
}

/** What a base backup is restored with. */
export interface PhysicalRestore {
  readonly layout: Layout;
  /** Directory of binaries of the backup's major version. */
  readonly binaries: string;
  readonly major: string;
  readonly credentials: Credentials;
  readonly database: string;
  readonly account: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

// Names the socket only: with an empty listen address nothing listens on it.
const stagingPort = 1;

/**
 * Unpacks a base backup beside the data, recovers it with a server of its own, and gives it today's passwords.
 *
 * Returns the directory, ready to take the place of the data. Error: `addons.restore-failed`, with nothing left of it.
 */
export async function stageBaseBackup(options: PhysicalRestore, file: string): Promise<string> {
  const { layout, account, signal, database } = options;
  const suffix = randomBytes(4).toString("hex");
  const staged = `${layout.data}.restoring-${suffix}`;
  try {
    await makePrivate(staged, account);
    await unpack(file, staged, account, signal);
    const major = await majorOf(staged);
    if (major !== options.major) throw new Error(`it is of PostgreSQL ${major}, not ${options.major}`);
    // For the unix socket in a directory that nobody else can enter, while the backup's own passwords are unknown.
    const trust = join(staged, "deploy-restore.conf");
    await writeFile(trust, "local all all trust\n", { mode: 0o600 });
    if (account !== undefined) await chown(trust, account.uid, account.gid);
    await startPostgres({
      ...{ binaries: options.binaries, data: staged, account, signal, port: stagingPort, listen: "" },
      ...{
        socketDirectory: layout.socketDirectory,
        logFile: layout.logFile,
        settings: [`hba_file=${trust}`],
      },
      timeout: 3_600_000,
    });
    const target = {
      port: stagingPort,
      socketDirectory: layout.socketDirectory,
      user: adminUser,
      password: "",
    };
    const connection = await connectSql({ ...target, database: "postgres" }, signal);
    try {
      const found = await connection.query(
        `SELECT 1 FROM pg_database WHERE datname = ${quoteValue(database)}`,
      );
      if (found.length === 0) throw new Error(`it holds no database ${database}`);
      for (const [role, password] of [
        [appUser, options.credentials.app],
        [adminUser, options.credentials.admin],
      ] as const) {
        await connection.query(`ALTER ROLE ${role} PASSWORD ${quoteValue(scramVerifier(password))}`);
      }
    } finally {
      connection.close();
    }
    await stopPostgres(staged);
    await rm(trust);
    return staged;
  } catch (thrown) {
    await stopPostgres(staged, 2000);
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

async function unpack(
  file: string,
  directory: string,
  account: Account | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Read by us and unpacked by the server's user, who may not reach the file and must own what is in it.
  const result = await run(["tar", "-x", "-f", "-", "-p"], {
    ...{ env: { PATH: process.env.PATH }, cwd: directory, account, signal, timeout: 12 * 3600 * 1000 },
    stdin: (input) => pipeline(createReadStream(file), createGunzip(), input),
  });
  // A damaged archive makes tar fail as well, and gzip's reason is the better one, unless tar was the first to end.
  const { inputError } = result;
  if (inputError !== undefined && !hasCode(inputError, "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"))
    throw inputError;
  if (result.code !== 0) throw new Error(`tar failed (${result.code}): ${result.stderr.trim().slice(-500)}`);
  if (inputError !== undefined) throw inputError;
}

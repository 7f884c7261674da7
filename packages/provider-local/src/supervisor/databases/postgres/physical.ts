import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { chown, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { DeployError } from "@deploy/core";
import { type Account, makePrivate } from "../account.js";
import { removeTree, writeAtomically } from "../files.js";
import type { Layout } from "../layout.js";
import { run } from "../processes.js";
import type { Credentials } from "../records.js";
import { adminUser, majorOf } from "./cluster.js";
import { appUser } from "./schema.js";
import { scramVerifier } from "./scram.js";
import { startPostgres, stopPostgres } from "./server.js";
import { connectSql, quoteValue, type SqlConnection } from "./wire.js";

/**
 * Pieces of the tar archive that `BASE_BACKUP` streams, pulled one by one.
 *
 * Since version 15 all comes in one copy stream, where `n` begins an archive and `d` carries its bytes. A second archive
 * would be a tablespace outside the data directory, which an add-on does not have.
 */
async function* archive(connection: SqlConnection): AsyncGenerator<Buffer, void> {
  let archives = 0;
  let offer: (piece: Buffer | undefined) => void = () => {};
  let taken: () => void = () => {};
  let failure: unknown;
  let arrival = new Promise<Buffer | undefined>((resolve) => {
    offer = resolve;
  });
  const copy = connection
    .copyOut("BASE_BACKUP (LABEL 'deploy', CHECKPOINT 'fast', WAL true, MANIFEST 'no')", async (message) => {
      const kind = String.fromCharCode(message[0]!);
      if (kind === "n") archives += 1;
      if (archives > 1) throw new Error("it has tablespaces outside the data directory");
      if (kind !== "d") return;
      await new Promise<void>((resolve) => {
        taken = resolve;
        // Copied, since the connection reuses its buffer once the piece is taken.
        offer(Buffer.from(message.subarray(1)));
      });
    })
    .catch((thrown: unknown) => {
      failure = thrown;
    })
    .finally(() => offer(undefined));
  for (let piece = await arrival; piece !== undefined; piece = await arrival) {
    yield piece;
    arrival = new Promise((resolve) => {
      offer = resolve;
    });
    taken();
  }
  await copy;
  if (failure !== undefined) throw failure;
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
    await writeAtomically(file, (handle) =>
      pipeline(
        Readable.from(archive(connection), { objectMode: false }),
        createGzip({ level: 4 }),
        handle.createWriteStream({ autoClose: false }),
      ),
    );
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
  const gunzip = createGunzip();
  // Read by us and unpacked by the server's user, who may not reach the file and must own what is in it.
  const reading = pipeline(createReadStream(file), gunzip).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const options = { env: { PATH: process.env.PATH }, cwd: directory, account, signal, stdin: gunzip };
  // tar ends as soon as it has what it wants, so that the rest is drained for gzip's checksum to be compared.
  const result = await run(["tar", "-x", "-f", "-", "-p"], { ...options, timeout: 12 * 3600 * 1000 });
  gunzip.unpipe();
  gunzip.resume();
  const damaged = await reading;
  if (damaged !== undefined) throw damaged;
  if (result.code !== 0) throw new Error(`tar failed (${result.code}): ${result.stderr.trim().slice(-500)}`);
}

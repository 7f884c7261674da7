import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { DeployError } from "@deploy/core";
import { type Client, createClient, type InValue } from "@libsql/client";
import { migrations } from "./migrations.js";

/** What stands for a `?` of a statement. */
export type Value = string | number | null;

/** A row as it comes: texts, numbers and nulls by column. */
export type Row = Readonly<Record<string, Value>>;

/** Statements, in whatever connection they are run. */
export interface Queries {
  all(sql: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** The first row. */
  one(sql: string, ...values: readonly Value[]): Promise<Row | undefined>;
  /** How many rows were changed. */
  run(sql: string, ...values: readonly Value[]): Promise<number>;
}

/** All that people, grants and the audit log need of a database: small, so that another one can take its place. */
export interface Database extends Queries {
  /** Everything `work` does becomes true at once, or not at all; nothing else is run meanwhile. */
  write<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** How long another process may hold the file, milliseconds. */
const busyTimeout = 5_000;

/**
 * Opens the database, makes it (0600, in a directory 0700) where there is none, and brings its tables up to date.
 *
 * Throws `console.access-unreadable` for a file that is damaged or none of ours, `console.access-newer` for one that a
 * later version of the console has written.
 */
export async function openDatabase(file: string): Promise<Database> {
  let client: Client;
  try {
    makePrivate(file);
    // One connection: what is set on it holds for every statement.
    client = createClient({ url: pathToFileURL(file).href, concurrency: 1, intMode: "number" });
  } catch (error) {
    throw unreadable(file, error);
  }
  try {
    await client.execute("PRAGMA journal_mode = WAL");
    // An entry of the audit log is on disk before what it tells of is answered.
    await client.execute("PRAGMA synchronous = FULL");
    await client.execute(`PRAGMA busy_timeout = ${busyTimeout}`);
    await client.execute("PRAGMA foreign_keys = ON");
    const check = await client.execute("PRAGMA quick_check(1)");
    if (check.rows[0]?.[0] !== "ok") throw new Error(String(check.rows[0]?.[0]));
    await migrate(client, file);
  } catch (error) {
    client.close();
    throw DeployError.is(error) ? error : unreadable(file, error);
  }
  return queue(client);
}

function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite gives the files beside it the mode of this one.
  if (!existsSync(file)) closeSync(openSync(file, "wx", 0o600));
  else {
    assertSqlite(file);
    // One that was put back from a copy may have been made for others to read.
    chmodSync(file, 0o600);
  }
}

/** SQLite takes a short file of something else for an empty database, and would write over it. */
function assertSqlite(file: string): void {
  const start = Buffer.alloc(16);
  const descriptor = openSync(file, "r");
  const length = readSync(descriptor, start);
  closeSync(descriptor);
  if (length > 0 && start.toString("latin1") !== "SQLite format 3\0")
    throw new Error("this is no SQLite file");
}

function unreadable(file: string, cause: unknown): DeployError {
  return new DeployError({
    code: "console.access-unreadable",
    message: `The people and grants in ${file} cannot be read.`,
    hint: "Put a backup of the file in its place. Moved away, the console starts anew: without people, grants and audit log.",
    cause,
  });
}

async function migrate(client: Client, file: string): Promise<void> {
  const { rows } = await client.execute("PRAGMA user_version");
  const version = Number(rows[0]?.[0] ?? 0);
  if (version > migrations.length) {
    throw new DeployError({
      code: "console.access-newer",
      message: `${file} was written by a later version of the console.`,
      hint: "Update @deploy/console, or put back the copy of the file from before the update.",
    });
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    await client.batch([...statements, `PRAGMA user_version = ${index + 1}`], "write");
  }
}

/** One thing after the other: the only connection is either in a transaction or free. */
function queue(client: Client): Database {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  const direct = queriesOf((sql, values) => client.execute({ sql, args: values }));
  return {
    all: (sql, ...values) => inTurn(() => direct.all(sql, ...values)),
    one: (sql, ...values) => inTurn(() => direct.one(sql, ...values)),
    run: (sql, ...values) => inTurn(() => direct.run(sql, ...values)),
    write: (work) =>
      inTurn(async () => {
        const transaction = await client.transaction("write");
        try {
          const result = await work(queriesOf((sql, values) => transaction.execute({ sql, args: values })));
          await transaction.commit();
          return result;
        } finally {
          transaction.close();
        }
      }),
    close: () =>
      inTurn(async () => {
        client.close();
      }),
  };
}

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly [index: number]: unknown }[];
  readonly rowsAffected: number;
}

function queriesOf(execute: (sql: string, values: InValue[]) => Promise<Answer>): Queries {
  const all = async (sql: string, ...values: readonly Value[]): Promise<readonly Row[]> => {
    const { columns, rows } = await execute(sql, [...values]);
    return rows.map((row) =>
      Object.fromEntries(columns.map((column, index) => [column, row[index] as Value])),
    );
  };
  return {
    all,
    one: async (sql, ...values) => (await all(sql, ...values))[0],
    run: async (sql, ...values) => (await execute(sql, [...values])).rowsAffected,
  };
}

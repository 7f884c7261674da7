import { DeployError } from "@deploy/core";
import type { Credentials } from "../records.js";
import { adminUser } from "./cluster.js";
import { scramVerifier } from "./scram.js";
import { connectSql, quoteName, quoteValue, type SqlConnection } from "./wire.js";

/** Name of the role the app connects as: owner of its database, not a superuser. */
export const appUser = "app";

/** The app's database: its name in lower case with `_` for what SQL would have to quote, at most 50 characters. */
export function databaseName(app: string): string {
  const name = app
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, "_")
    .replace(/^(?=[0-9])/, "db_")
    .slice(0, 50);
  return ["postgres", "template0", "template1"].includes(name) ? `${name}_app` : name;
}

/** Name under which a restore loads, and the one under which the old data waits to be dropped. */
export function swapNames(database: string): { readonly staged: string; readonly previous: string } {
  return { staged: `${database}_restoring`, previous: `${database}_previous` };
}

/** Runs `work` on a connection of the superuser, and closes it. */
export async function asAdmin<T>(
  port: number,
  credentials: Credentials,
  database: string,
  signal: AbortSignal | undefined,
  work: (connection: SqlConnection) => Promise<T>,
): Promise<T> {
  const target = { port, user: adminUser, password: credentials.admin, database };
  const connection = await connectSql(target, signal);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** Creates an empty database that only the app's role may use. */
export async function createDatabase(connection: SqlConnection, database: string): Promise<void> {
  await connection.query(`CREATE DATABASE ${quoteName(database)} OWNER ${appUser} TEMPLATE template0`);
  await connection.query(`REVOKE ALL ON DATABASE ${quoteName(database)} FROM PUBLIC`);
}

/** Drops a database, also one with open connections. */
export async function dropDatabase(connection: SqlConnection, database: string): Promise<void> {
  // FORCE came with version 13.
  await connection.query(`DROP DATABASE IF EXISTS ${quoteName(database)} WITH (FORCE)`);
}

/** Makes role and database as they should be, and finishes or clears an interrupted restore. Returns the version. */
export async function ensureDatabase(
  port: number,
  credentials: Credentials,
  database: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  return asAdmin(port, credentials, "postgres", signal, async (connection) => {
    const roles = await connection.query(`SELECT 1 FROM pg_roles WHERE rolname = ${quoteValue(appUser)}`);
    if (roles.length === 0) {
      await connection.query(
        `CREATE ROLE ${appUser} LOGIN PASSWORD ${quoteValue(scramVerifier(credentials.app))}`,
      );
    }
    const databases = new Map(
      await connection.query("SELECT datname, datallowconn FROM pg_database").then(pairs),
    );
    const { staged, previous } = swapNames(database);
    if (databases.has(staged)) await dropDatabase(connection, staged);
    if (databases.has(previous)) await dropDatabase(connection, previous);
    if (!databases.has(database)) await createDatabase(connection, database);
    else if (databases.get(database) === "f") {
      await connection.query(`ALTER DATABASE ${quoteName(database)} ALLOW_CONNECTIONS true`);
    }
    const version = await connection.query("SHOW server_version");
    return (version[0]?.[0] ?? "").split(" ")[0]!;
  });
}

function pairs(rows: readonly (readonly (string | null)[])[]): [string, string][] {
  return rows.map((row) => [row[0] ?? "", row[1] ?? ""]);
}

/** Creates the extensions that are not there yet. Errors: `addons.extension-missing`, `addons.extension-failed`. */
export async function ensureExtensions(
  port: number,
  credentials: Credentials,
  database: string,
  extensions: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (extensions.length === 0) return;
  await asAdmin(port, credentials, database, signal, async (connection) => {
    const rows = await connection.query(
      "SELECT name, installed_version FROM pg_available_extensions ORDER BY name",
    );
    const available = new Map(pairs(rows));
    const missing = extensions.filter((extension) => !available.has(extension));
    if (missing.length > 0) {
      throw new DeployError({
        code: "addons.extension-missing",
        message: `This machine's PostgreSQL has no extension ${missing.join(", ")}.`,
        hint: `Install it for this PostgreSQL (Debian: postgresql-contrib, or the extension's own package), or declare one of: ${[...available.keys()].join(", ")}.`,
        details: { missing, available: [...available.keys()] },
      });
    }
    for (const extension of extensions) {
      if (available.get(extension) !== "") continue;
      try {
        await connection.query(`CREATE EXTENSION IF NOT EXISTS ${quoteName(extension)} CASCADE`);
      } catch (thrown) {
        signal?.throwIfAborted();
        throw new DeployError({
          code: "addons.extension-failed",
          message: `The extension ${extension} cannot be created: ${thrown instanceof Error ? thrown.message : thrown}`,
          hint: "Its files are there, but something it needs is not; leave it out or install what is missing.",
          cause: thrown,
        });
      }
    }
  });
}

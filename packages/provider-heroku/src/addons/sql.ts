import { type Context, DeployError, type Redacted, reveal } from "@deploy/core";
import type { Client } from "pg";

/** Milliseconds for a connection, and for one statement. */
const connectMs = 15_000;
const statementMs = 60_000;

/**
 * Runs statements on a database, and closes the connection.
 *
 * Heroku's Postgres wants TLS and signs its own certificates: nothing can be checked of them (Heroku's documentation
 * says so for node-postgres). On this machine there is no TLS.
 *
 * @throws `addons.unreachable`; what the statements throw is passed on without the address.
 */
export async function withDatabase<T>(
  context: Context,
  url: Redacted,
  work: (query: (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  const { default: pg } = await import("pg");
  const address = new URL(String(reveal(url)));
  address.searchParams.delete("sslmode");
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(address.hostname);
  const client: Client = new pg.Client({
    connectionString: address.href,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    ...(local ? {} : { ssl: { rejectUnauthorized: false } }),
  });
  // Without a listener, a connection that breaks while it is idle ends the process.
  client.on("error", () => undefined);
  const end = (): void => void client.end().catch(() => undefined);
  context.signal.addEventListener("abort", end, { once: true });
  try {
    await client.connect().catch((cause: unknown) => {
      throw unreachable(cause);
    });
    return await work(async (text, values = []) => (await client.query<Row>(text, [...values])).rows);
  } finally {
    context.signal.removeEventListener("abort", end);
    end();
  }
}

/** A row of an answer. */
export type Row = Readonly<Record<string, unknown>>;

function unreachable(cause: unknown): DeployError {
  const code = (cause as { code?: unknown }).code;
  return new DeployError({
    code: "addons.unreachable",
    message: `The database does not take a connection from this machine${typeof code === "string" ? ` (${code})` : ""}.`,
    hint: "Databases of Private Spaces cannot be reached from outside: make extensions in a release command there. Else look whether this network lets port 5432 out.",
    retryable: true,
  });
}

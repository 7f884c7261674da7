import { connect, type Socket } from "node:net";
import { DeployError } from "@deploy/core";
import { scramExchange } from "./scram.js";

/** Where and as whom to connect. */
export interface SqlTarget {
  readonly port: number;
  /** Directory of the unix socket; default is TCP to 127.0.0.1. */
  readonly socketDirectory?: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Opens a replication connection, which understands `BASE_BACKUP`. */
  readonly replication?: boolean;
}

/** Rows of one answer, every value as text. */
export type SqlRows = readonly (readonly (string | null)[])[];

/** One connection, for one statement after the other. */
export interface SqlConnection {
  /** Runs statements by the simple protocol; rows of all of them. Error: `addons.sql-failed`, details `sqlState`. */
  query(sql: string): Promise<SqlRows>;
  /** Runs a statement that answers with a copy stream; the next piece is read when `receive` has taken the last. */
  copyOut(sql: string, receive: (piece: Buffer) => Promise<void>): Promise<void>;
  close(): void;
}

/** Quotes a name for SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a value for SQL; the server must have standard_conforming_strings on, its default. */
export function quoteValue(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

function frame(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : part)),
  );
  const head = Buffer.alloc(type.length + 4);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, type.length);
  return Buffer.concat([head, body]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

async function* messages(socket: Socket): AsyncGenerator<Message, void> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let start = 0;
    while (pending.length - start >= 5) {
      const end = start + 1 + pending.readInt32BE(start + 1);
      if (pending.length < end) break;
      yield { type: String.fromCharCode(pending[start]!), body: pending.subarray(start + 5, end) };
      start = end;
    }
    pending = pending.subarray(start);
  }
}

function serverError(body: Buffer): DeployError {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .map((field) => [field[0], field.slice(1)] as const),
  );
  const detail = fields.get("D");
  return new DeployError({
    code: "addons.sql-failed",
    message: `Postgres answered: ${fields.get("M") ?? "an error without a message"}`,
    details: { sqlState: fields.get("C"), ...(detail === undefined ? {} : { detail }) },
  });
}

function readRow(body: Buffer): (string | null)[] {
  const row: (string | null)[] = [];
  let at = 2;
  for (let column = body.readInt16BE(0); column > 0; column--) {
    const length = body.readInt32BE(at);
    at += 4;
    row.push(length < 0 ? null : body.toString("utf8", at, at + length));
    at += Math.max(length, 0);
  }
  return row;
}

async function authenticate(socket: Socket, next: () => Promise<Message>, target: SqlTarget): Promise<void> {
  const exchange = scramExchange(target.password);
  for (;;) {
    const { type, body } = await next();
    if (type === "E") throw serverError(body);
    if (type === "Z") return;
    if (type !== "R") continue;
    const kind = body.readInt32BE(0);
    const text = body.toString("utf8", 4);
    if (kind === 10) {
      const first = Buffer.from(exchange.first);
      socket.write(frame("p", "SCRAM-SHA-256", int32(first.length), first));
    } else if (kind === 11) socket.write(frame("p", Buffer.from(exchange.final(text))));
    else if (kind === 12 && !exchange.verify(text)) throw new Error("The server does not know the password.");
    else if (kind !== 0 && kind !== 12)
      throw new Error(`The server wants an unknown authentication (${kind}).`);
  }
}

function lost(target: SqlTarget, cause: unknown): DeployError {
  return new DeployError({
    code: "addons.connection-lost",
    message: `The connection to Postgres on port ${target.port} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
    hint: "Look into the add-on's server.log.",
    retryable: true,
    cause,
  });
}

/**
 * Connects to Postgres.
 *
 * A client of our own, because npm's Postgres binaries come without psql, and because it spawns nothing and puts no
 * password on a command line. Errors: `addons.sql-failed`, `addons.connection-lost`.
 */
export async function connectSql(target: SqlTarget, signal?: AbortSignal): Promise<SqlConnection> {
  signal?.throwIfAborted();
  const socket =
    target.socketDirectory === undefined
      ? connect({ host: "127.0.0.1", port: target.port, noDelay: true })
      : connect({ path: `${target.socketDirectory}/.s.PGSQL.${target.port}` });
  const onAbort = (): void =>
    void socket.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  signal?.addEventListener("abort", onAbort, { once: true });
  // The iterator reports errors to whoever reads; this listener covers the moments when nobody does.
  socket.on("error", () => {});
  socket.once("close", () => signal?.removeEventListener("abort", onAbort));
  const stream = messages(socket);
  const next = async (): Promise<Message> => {
    const { value, done } = await stream.next();
    if (done) throw new Error("the server closed it");
    return value as Message;
  };
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      signal?.throwIfAborted();
      if (DeployError.is(thrown)) throw thrown;
      socket.destroy();
      throw lost(target, thrown);
    }
  };

  const converse = (sql: string, receive: (piece: Buffer) => Promise<void>): Promise<SqlRows> =>
    guarded(async () => {
      socket.write(frame("Q", sql));
      const rows: (string | null)[][] = [];
      let failure: DeployError | undefined;
      for (;;) {
        const { type, body } = await next();
        if (type === "D") rows.push(readRow(body));
        else if (type === "d") await receive(body);
        else if (type === "E") failure = serverError(body);
        else if (type === "Z") break;
      }
      if (failure !== undefined) throw failure;
      return rows;
    });

  const parameters = [int32(196_608), "user", target.user, "database", target.database];
  if (target.replication === true) parameters.push("replication", "true");
  socket.write(frame("", ...parameters, "application_name", "deploy", ""));
  try {
    await guarded(() => authenticate(socket, next, target));
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
  return {
    query: (sql) => converse(sql, async () => {}),
    copyOut: async (sql, receive) => void (await converse(sql, receive)),
    // Nobody reads any more, so that the server's own end would never be noticed: destroyed once the farewell is out.
    close: () => void socket.end(frame("X"), () => socket.destroy()),
  };
}

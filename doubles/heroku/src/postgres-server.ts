import { execFile, spawn } from "node:child_process";
import { chown, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { freePort, listens } from "./process.js";

const run = promisify(execFile);

/** A real Postgres server with a database for each add-on. */
export interface PostgresServer {
  readonly port: number;
  /** Where its programs are, such as `pg_dump`. */
  readonly programs: string;
  /** Makes a database with an owner of the same name; gives its URL. */
  create(name: string, password: string): Promise<string>;
  drop(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Where the newest installed Postgres is; undefined when there is none. */
async function findPostgres(): Promise<string | undefined> {
  const root = "/usr/lib/postgresql";
  const versions = await readdir(root).catch(() => []);
  const newest = versions.sort((left, right) => Number(right) - Number(left))[0];
  return newest === undefined ? undefined : join(root, newest, "bin");
}

/** Starts a server in a new directory; as the user `postgres` when we are root, whom Postgres refuses. */
export async function createPostgresServer(): Promise<PostgresServer> {
  const programs = await findPostgres();
  if (programs === undefined)
    throw new Error("The double needs Postgres: install postgresql, or set databases: false.");
  // A directory of its own: that of the double is closed to other users.
  const data = await mkdtemp(join(tmpdir(), "heroku-double-postgres-"));
  const identity = await userOf("postgres");
  if (identity !== undefined) await chown(data, identity.uid, identity.gid);
  const as = identity ?? {};
  await run(
    join(programs, "initdb"),
    ["-D", data, "-U", "admin", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    {
      ...as,
      cwd: "/",
    },
  );
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    max_connections: 60,
  };
  const args = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const child = spawn(join(programs, "postgres"), ["-D", data, ...args], {
    ...as,
    cwd: "/",
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const until = Date.now() + 20_000;
  while (!(await listens(port)))
    if (Date.now() > until || child.exitCode !== null)
      throw new Error("The double's Postgres did not start.");
    else await new Promise((resolve) => setTimeout(resolve, 50));
  const admin = new pg.Pool({ host: "127.0.0.1", port, user: "admin", database: "postgres", max: 2 });
  admin.on("error", () => undefined);
  await ready(admin);
  return {
    port,
    programs,
    async create(name, password) {
      await admin.query(`CREATE ROLE "${name}" LOGIN PASSWORD '${password}'`);
      await admin.query(`CREATE DATABASE "${name}" OWNER "${name}"`);
      return `postgres://${name}:${password}@127.0.0.1:${port}/${name}`;
    },
    async drop(name) {
      await admin.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      await admin.query(`DROP ROLE IF EXISTS "${name}"`);
    },
    async close() {
      await admin.end();
      child.kill("SIGINT");
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Waits until a server that listens also answers. */
async function ready(pool: pg.Pool): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await pool.query("SELECT 1");
      return;
    } catch (cause) {
      if (attempt > 100) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The ids of a user of this machine; undefined when we are not root, who alone may become somebody else. */
async function userOf(name: string): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return;
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

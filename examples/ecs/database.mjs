import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What psql needs to know, in its environment: arguments can be seen by others. */
function settings() {
  const { hostname, port, username, password, pathname, searchParams } = new URL(process.env.DATABASE_URL);
  return {
    ...process.env,
    // A database on a socket of this machine names the socket's directory as a parameter.
    PGHOST: searchParams.get("host") ?? decodeURIComponent(hostname),
    PGPORT: port || "5432",
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
    PGSSLMODE: searchParams.get("sslmode") ?? "prefer",
  };
}

async function psql(...args) {
  const strict = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"];
  const { stdout } = await run("psql", [...strict, ...args], { env: settings() });
  return stdout.trim();
}

/** One statement of SQL, answered as text. */
export const query = (sql) => psql("--tuples-only", "--no-align", "--command", sql);

/** All statements of a file. */
export const runFile = (file) => psql("--file", file);

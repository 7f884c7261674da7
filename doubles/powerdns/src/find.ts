import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where the programs and files that a server is made of are. */
export interface PowerDnsPrograms {
  readonly server: string;
  /** Makes the empty database. */
  readonly sqlite: string;
  /** The tables, as the package of the backend ships them. */
  readonly schema: string;
  /** Directory of the backends; PowerDNS looks into it by itself where this is undefined. */
  readonly modules: string | undefined;
}

const schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

/** What to say where {@link findPowerDns} finds nothing. */
export const powerDnsMissing =
  "PowerDNS with its SQLite backend is not here: apt-get install pdns-server pdns-backend-sqlite3 sqlite3";

/** The installed PowerDNS with its SQLite backend; undefined when a part of it is missing. */
export function findPowerDns(): PowerDnsPrograms | undefined {
  const server = onPath("pdns_server");
  const sqlite = onPath("sqlite3");
  if (server === undefined || sqlite === undefined || !existsSync(schema)) return;
  return { server, sqlite, schema, modules: backendDirectory() };
}

/** Debian keeps the backends below the directory of the machine's architecture. */
function backendDirectory(): string | undefined {
  const directories = ["/usr/lib", ...readdirSync("/usr/lib").map((name) => join("/usr/lib", name))];
  return directories
    .map((directory) => join(directory, "pdns"))
    .find((directory) => existsSync(join(directory, "libgsqlite3backend.so")));
}

function onPath(program: string): string | undefined {
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]
    .map((directory) => join(directory, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

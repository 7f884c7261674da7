import { randomBytes } from "node:crypto";
import { chown, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { type Account, makePrivate } from "../account.js";
import { namesIn, removeTree, renameDurably } from "../files.js";
import type { Layout } from "../layout.js";
import { run } from "../processes.js";
import type { Credentials } from "../records.js";
import type { PostgresBinaries } from "./binaries.js";
import { stopPostgres } from "./server.js";

/** Name of the superuser that only Deploy uses. */
export const adminUser = "postgres";

/** The major version of a data directory; `undefined` when there is none. */
export async function majorOf(data: string): Promise<string | undefined> {
  return readFile(join(data, "PG_VERSION"), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Stops and deletes whatever an interrupted creation or restore left beside `data`. */
export async function clearStaging(layout: Layout): Promise<void> {
  for (const name of await namesIn(layout.root)) {
    if (!/^(data|password)\.(creating|restoring)-/.test(name)) continue;
    await stopPostgres(join(layout.root, name), 2000);
    await removeTree(join(layout.root, name));
  }
}

function localeArguments(binaries: PostgresBinaries): string[] {
  // The builtin provider sorts the same on every machine; before version 17 the C library's C.UTF-8 does.
  if (Number(binaries.major) >= 17) {
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
  }
  return [`--locale=${process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8"}`];
}

/**
 * Creates the data directory: beside its place, then by rename, so that a half-made one is never used.
 *
 * Error: `addons.initdb-failed`.
 */
export async function createCluster(
  layout: Layout,
  binaries: PostgresBinaries,
  credentials: Credentials,
  account: Account | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const suffix = randomBytes(4).toString("hex");
  const temporary = `${layout.data}.creating-${suffix}`;
  const passwordFile = join(layout.root, `password.creating-${suffix}`);
  try {
    await makePrivate(temporary, account);
    await writeFile(passwordFile, `${credentials.admin}\n`, { mode: 0o600, flag: "wx" });
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
    const result = await run(
      [
        join(binaries.directory, "initdb"),
        ...["-D", temporary, "-U", adminUser, `--pwfile=${passwordFile}`],
        ...["--auth=scram-sha-256", "--encoding=UTF8", ...localeArguments(binaries)],
      ],
      { env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, account, signal, timeout: 120_000 },
    );
    if (result.code !== 0) {
      throw new DeployError({
        code: "addons.initdb-failed",
        message: `initdb of PostgreSQL ${binaries.version} failed (${result.code}).`,
        hint: `Read the output below; the data was to go to ${layout.root}.`,
        details: { output: `${result.stdout}${result.stderr}`.slice(-2000) },
      });
    }
    await renameDurably(temporary, layout.data);
  } finally {
    await rm(passwordFile, { force: true });
    await removeTree(temporary);
  }
}

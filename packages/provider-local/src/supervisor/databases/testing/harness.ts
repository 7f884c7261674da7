import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reveal } from "@deploy/core";
import { createDatabases } from "../index.js";
import { connectSql, type SqlRows } from "../postgres/wire.js";
import type { AddonId, Databases, RunningAddon } from "../types.js";

/** A home of its own for one test file, open to the servers' system user. */
export interface TestHome {
  readonly home: string;
  readonly lines: string[];
  readonly databases: Databases;
  /** The same home seen by a new daemon. */
  again(): Databases;
  /** Removes what a failed test has left. */
  clear(): Promise<void>;
}

/** Makes a home below the temporary directory. */
export async function makeHome(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<TestHome> {
  const home = await mkdtemp(join(tmpdir(), "deploy-addons-"));
  await chmod(home, 0o711);
  const lines: string[] = [];
  const open = (): Databases => createDatabases({ home, env, log: (line) => lines.push(line) });
  return {
    home,
    lines,
    databases: open(),
    again: open,
    clear: async () => {
      const all = open();
      for (const addon of await all.list()) await all.remove(addon);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Runs SQL as the app would, with nothing but its URL. */
export async function sql(addon: RunningAddon, statement: string): Promise<SqlRows> {
  const url = new URL(reveal(addon.url));
  const connection = await connectSql({
    port: Number(url.port),
    user: url.username,
    password: url.password,
    database: url.pathname.slice(1),
  });
  try {
    return await connection.query(statement);
  } finally {
    connection.close();
  }
}

/** An add-on of the test app. */
export function addonNamed(name: string, environment = "review/7"): AddonId {
  return { app: "dedupe-service", environment, name };
}

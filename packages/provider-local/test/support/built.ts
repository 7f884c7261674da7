import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { acquireLock } from "../../src/operating-system/lock-file.js";
import { eventually } from "./poll.js";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../../../", import.meta.url));

/** The built command. */
export const command: string = join(packages, "cli", "dist", "deploy.js");

/**
 * Builds what the tests start as programs, where it is missing or older than its sources: the supervisor always, the
 * command with what it is made of when it is asked for.
 */
export async function ensureBuilt(...extra: readonly "cli"[]): Promise<void> {
  // Test files run side by side, and two builds into one directory would disturb each other.
  const path = join(tmpdir(), `deploy-tests-build-${process.getuid?.() ?? 0}.lock`);
  const lock = await eventually(
    "the other build has ended",
    async () => {
      const result = await acquireLock(path);
      return result.acquired && result;
    },
    120_000,
  );
  try {
    for (const name of extra.length === 0 ? ["provider-local"] : ["core", "provider-local", ...extra]) {
      if (!isStale(name)) continue;
      await run("npx", ["tsup"], { cwd: join(packages, name), maxBuffer: 64 * 1024 * 1024 });
    }
  } finally {
    await lock.release();
  }
}

const results: Readonly<Record<string, string>> = {
  core: "index.js",
  "provider-local": "supervisor.js",
  cli: "deploy.js",
};

function isStale(name: string): boolean {
  const result = join(packages, name, "dist", results[name] ?? "index.js");
  if (!existsSync(result)) return true;
  const built = statSync(result).mtimeMs;
  return readdirSync(join(packages, name, "src"), { recursive: true, withFileTypes: true }).some(
    (entry) =>
      entry.isFile() &&
      entry.name.endsWith(".ts") &&
      !entry.name.endsWith(".test.ts") &&
      statSync(join(entry.parentPath, entry.name)).mtimeMs > built,
  );
}

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { eventually } from "../../../provider-local/test/support/poll.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Builds the pages that the server serves, where they are missing or older than their sources. */
export async function ensurePages(): Promise<void> {
  // Test files run side by side, and two builds into one directory would disturb each other.
  const lock = join(tmpdir(), `deploy-tests-pages-${process.getuid?.() ?? 0}`);
  await eventually("the other build has ended", () => take(lock), 120_000);
  try {
    if (isStale()) {
      await build({
        root: join(root, "src/web"),
        configFile: join(root, "vite.config.ts"),
        logLevel: "error",
      });
    }
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** A directory can be made by one only. One that has been there for longer than any build takes was left by a killed run. */
async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > 100_000) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function isStale(): boolean {
  const built = join(root, "dist/public/index.html");
  if (!existsSync(built)) return true;
  const since = statSync(built).mtimeMs;
  return ["src/web", "src/shared", "src/access"].some((directory) =>
    readdirSync(join(root, directory), { recursive: true, withFileTypes: true }).some(
      (entry) =>
        entry.isFile() &&
        !entry.name.includes(".test.") &&
        statSync(join(entry.parentPath, entry.name)).mtimeMs > since,
    ),
  );
}

import { existsSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { acquireLock } from "../../../provider-local/src/operating-system/lock-file.js";
import { eventually } from "../../../provider-local/test/support/poll.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Builds the pages that the server serves, where they are missing or older than their sources. */
export async function ensurePages(): Promise<void> {
  // Test files run side by side, and two builds into one directory would disturb each other.
  const path = join(tmpdir(), `deploy-tests-pages-${process.getuid?.() ?? 0}.lock`);
  const lock = await eventually(
    "the other build has ended",
    async () => {
      const result = await acquireLock(path);
      return result.acquired && result;
    },
    120_000,
  );
  try {
    if (isStale()) {
      await build({
        root: join(root, "src/web"),
        configFile: join(root, "vite.config.ts"),
        logLevel: "error",
      });
    }
  } finally {
    await lock.release();
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

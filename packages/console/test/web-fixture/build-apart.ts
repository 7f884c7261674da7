import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** Builds the pages into a directory of its own, which the caller removes: nobody builds under a running test's feet. */
export async function buildPages(): Promise<string> {
  const pages = mkdtempSync(join(tmpdir(), "deploy-console-pages-"));
  await build({
    root: fileURLToPath(new URL("../../src/web", import.meta.url)),
    configFile: fileURLToPath(new URL("../../vite.config.ts", import.meta.url)),
    logLevel: "error",
    build: { outDir: pages },
  });
  return pages;
}

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";

/**
 * Builds the pages into a directory of its own, which the caller removes: nobody builds under a running test's feet.
 *
 * A fault that is tried out is in them.
 */
export async function buildPages(): Promise<string> {
  const pages = mkdtempSync(join(tmpdir(), "deploy-console-pages-"));
  const faults = new URL("../../../../scripts/lib/mutant-plugin.mjs", import.meta.url);
  const { mutantPlugin }: { mutantPlugin(): Plugin[] } = await import(faults.href);
  await build({
    root: fileURLToPath(new URL("../../src/web", import.meta.url)),
    configFile: fileURLToPath(new URL("../../vite.config.ts", import.meta.url)),
    logLevel: "error",
    plugins: mutantPlugin(),
    build: { outDir: pages },
  });
  return pages;
}

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DeployError } from "@deploy/core";
import { explainFailure, isSyntaxError } from "./failures.js";

/**
 * Runs a configuration file and answers with its default export.
 *
 * Node itself loads what it can; TypeScript on a Node that does not know it goes through jiti, which is loaded only
 * then. A project that has not installed `@deploy/core` gets the copy that belongs to this program.
 *
 * @throws `config.syntax`, `config.failed`, `config.no-default-export`, `config.missing-package`.
 */
export async function evaluate(file: string, options: { readonly fresh?: boolean } = {}): Promise<unknown> {
  let loaded: Record<string, unknown>;
  try {
    const { fresh = false } = options;
    // Node keeps every module that it has loaded, and what those have imported.
    loaded = !fresh && (await nodeCanLoad(file)) ? await importByNode(file) : await importByJiti(file, fresh);
  } catch (error) {
    throw explainFailure(error, file);
  }
  if (loaded.default === undefined) {
    throw new DeployError({
      code: "config.no-default-export",
      message: `${file} has no default export.`,
      hint: "Write `export default defineApp({ … })`.",
      location: { file },
    });
  }
  return loaded.default;
}

/**
 * Whether Node loads this file as a module, without a warning: by its extension, or because the nearest package.json
 * says so. Of TypeScript, only where it strips types.
 */
async function nodeCanLoad(file: string): Promise<boolean> {
  const extension = extname(file);
  const typescript = extension === ".ts" || extension === ".mts";
  if (typescript && !(process.features as { typescript?: unknown }).typescript) return false;
  return extension.startsWith(".m") || (await packageType(dirname(file))) === "module";
}

async function packageType(directory: string): Promise<unknown> {
  try {
    const text = await readFile(join(directory, "package.json"), "utf8");
    return (JSON.parse(text) as { type?: unknown }).type;
  } catch {
    return dirname(directory) === directory ? undefined : packageType(dirname(directory));
  }
}

async function importByNode(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    if (isSyntaxError(error) || mayBeKnownToJiti(error)) return importByJiti(file);
    throw error;
  }
}

/**
 * Node does not say where a syntax error is, knows no enums, does not find `./base.ts` by the name `./base.js`, and
 * cannot be told where our packages are. All of these show before anything of the file has run.
 */
function mayBeKnownToJiti(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" || String(code).includes("TYPESCRIPT_SYNTAX");
}

async function importByJiti(file: string, fresh = false): Promise<Record<string, unknown>> {
  // Required: of what is imported, Node first reads all for the names of its exports, which takes longer than the rest.
  const { createJiti } = createRequire(import.meta.url)("jiti") as typeof import("jiti");
  const alias = ownPackages(file);
  const jiti = createJiti(pathToFileURL(file).href, {
    moduleCache: !fresh,
    interopDefault: false,
    alias,
    nativeModules: ["@deploy/core", ...Object.values(alias)],
  });
  return (await jiti.import(file)) as Record<string, unknown>;
}

/** Packages of ours which the project has not installed, and where this program has them. */
function ownPackages(file: string): Record<string, string> {
  const require = createRequire(file);
  const found: Record<string, string> = {};
  for (const name of ["@deploy/core", "@deploy/provider-local"]) {
    try {
      require.resolve(name);
    } catch {
      found[name] = fileURLToPath(import.meta.resolve(name));
    }
  }
  return found;
}

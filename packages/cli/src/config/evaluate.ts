import { createRequire } from "node:module";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DeployError } from "@deploy/core";
import { explainFailure, isSyntaxError, mentionsOwnPackage } from "./failures.js";

/**
 * Runs a configuration file and answers with its default export.
 *
 * Node itself loads what it can; TypeScript on a Node that does not know it goes through jiti, which is loaded only
 * then. A project that has not installed `@deploy/core` gets the copy that belongs to this program.
 *
 * @throws `config.syntax`, `config.failed`, `config.no-default-export`, `config.missing-package`.
 */
export async function evaluate(file: string): Promise<unknown> {
  const typescript = [".ts", ".mts"].includes(extname(file));
  const nodeCan = !typescript || Boolean((process.features as { typescript?: unknown }).typescript);
  let loaded: Record<string, unknown>;
  try {
    loaded = nodeCan ? await importByNode(file) : await importByJiti(file);
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

async function importByNode(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    // Node does not say where a syntax error is, and cannot be told where our packages are; jiti does both.
    if (isSyntaxError(error) || mentionsOwnPackage(error)) return importByJiti(file);
    throw error;
  }
}

async function importByJiti(file: string): Promise<Record<string, unknown>> {
  const { createJiti } = await import("jiti");
  const alias = ownPackages(file);
  const jiti = createJiti(pathToFileURL(file).href, {
    moduleCache: true,
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

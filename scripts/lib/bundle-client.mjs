import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));

/**
 * Bundles a client that a test kills, from its sources, so that it starts quickly: `client.mjs` in a directory.
 *
 * @param {string} entry File of the client.
 * @param {string} directory Where it is written.
 * @returns {Promise<string>} The file to start with node.
 */
export async function bundleClient(entry, directory) {
  await build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outdir: directory,
    entryNames: "client",
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
    alias: {
      "@deploy/core": join(packages, "core/src/index.ts"),
      "@deploy/conformance": join(packages, "conformance/src/index.ts"),
    },
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
    absWorkingDir: dirname(entry),
  });
  return join(directory, "client.mjs");
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));

/** Every file keeps knowing where it is: the emulators' installer is found from there. */
const ownPlaces = {
  name: "own-places",
  setup(/** @type {import("esbuild").PluginBuild} */ { onLoad }) {
    onLoad({ filter: /packages\/.*\/(?:src|test)\/.*\.ts$/ }, async ({ path }) => ({
      loader: "ts",
      contents: (await readFile(path, "utf8")).replaceAll(
        "import.meta.url",
        JSON.stringify(pathToFileURL(path).href),
      ),
    }));
  },
};

/** Bundles the two programs of this bench from their sources into `directory`; answers where they are. */
export async function bundlePrograms(/** @type {string} */ directory) {
  const names = ["vendor", "client"];
  await build({
    entryPoints: names.map((name) => join(packages, `provider-ecs/test/bench/${name}.ts`)),
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    mainFields: ["module", "main"],
    conditions: ["module", "import", "node"],
    logLevel: "error",
    alias: {
      "@deploy/core": join(packages, "core/src/index.ts"),
      "@deploy/conformance": join(packages, "conformance/src/index.ts"),
    },
    plugins: [ownPlaces],
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
  });
  return { vendor: join(directory, "vendor.mjs"), client: join(directory, "client.mjs") };
}

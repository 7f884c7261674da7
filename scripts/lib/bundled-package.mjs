import { thirdPartyNotices } from "./third-party-notices.mjs";

/**
 * tsup's settings for a package that takes its libraries along, each in a chunk of its own that is loaded when it is
 * first needed; their notices go with them.
 *
 * @param {object} [options]
 * @param {import("esbuild").Plugin[]} [options.plugins] Run before the notices are written.
 * @param {readonly string[]} [options.external] Libraries that are not taken along.
 * @param {boolean} [options.commonJs] Some libraries are CommonJS and require node's own modules.
 * @param {boolean} [options.modules] Take the module builds: of the others nothing falls away. Default true.
 * @returns {import("tsup").Options}
 */
export function bundledPackage({ plugins = [], external = [], commonJs = false, modules = true } = {}) {
  const outside = ["@deploy/core$", "node:", ...external.map((name) => `${name}$`)].join("|");
  return {
    entry: ["src/index.ts"],
    format: "esm",
    target: "node20",
    platform: "node",
    dts: true,
    clean: true,
    treeshake: false,
    noExternal: [new RegExp(`^(?!${outside}).*`)],
    esbuildOptions: (options) => {
      if (modules) {
        options.mainFields = ["module", "main"];
        options.conditions = ["module", "import", "node"];
      }
      options.minifySyntax = true;
      options.minifyWhitespace = true;
      options.legalComments = "none";
      options.chunkNames = "chunks/[name]-[hash]";
    },
    esbuildPlugins: [...plugins, thirdPartyNotices()],
    ...(commonJs ? { banner: { js: requireBanner } } : {}),
  };
}

const requireBanner =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

import { defineConfig } from "tsup";
import { thirdPartyNotices } from "../../scripts/lib/third-party-notices.mjs";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  platform: "node",
  dts: true,
  treeshake: false,
  // The SDK's clients come along, each in a chunk of its own that is loaded when it is first called.
  noExternal: [/^(?!@deploy\/core$|node:).*/],
  esbuildOptions: (options) => {
    // The module builds: of the others nothing falls away.
    options.mainFields = ["module", "main"];
    options.conditions = ["module", "import", "node"];
    options.minifySyntax = true;
    options.minifyWhitespace = true;
    options.legalComments = "none";
    options.chunkNames = "chunks/[name]-[hash]";
  },
  esbuildPlugins: [thirdPartyNotices()],
  // Some bundled libraries are CommonJS and require node's own modules.
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
  },
});

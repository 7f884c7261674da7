import { defineConfig } from "tsup";
import { thirdPartyNotices } from "../../scripts/lib/third-party-notices.mjs";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  platform: "node",
  dts: true,
  clean: true,
  treeshake: false,
  // Libraries come along, each in a chunk of its own that is loaded when it is first needed.
  noExternal: [/^(?!@deploy\/core$|node:).*/],
  esbuildOptions: (options) => {
    options.mainFields = ["module", "main"];
    options.conditions = ["module", "import", "node"];
    options.minifySyntax = true;
    options.minifyWhitespace = true;
    options.legalComments = "none";
    options.chunkNames = "chunks/[name]-[hash]";
  },
  esbuildPlugins: [thirdPartyNotices()],
});

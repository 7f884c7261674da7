import { defineConfig } from "tsup";
import { thirdPartyNotices } from "../../scripts/lib/third-party-notices.mjs";
import { herokuClientParts } from "./scripts/heroku-client-parts.mjs";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  platform: "node",
  dts: true,
  clean: true,
  treeshake: false,
  // Libraries come along, each in a chunk of its own that is loaded when it is first needed.
  noExternal: [/^(?!@deploy\/core$|node:|pg-native$).*/],
  esbuildOptions: (options) => {
    options.minifySyntax = true;
    options.minifyWhitespace = true;
    options.legalComments = "none";
    options.chunkNames = "chunks/[name]-[hash]";
  },
  esbuildPlugins: [herokuClientParts(), thirdPartyNotices()],
  // Some bundled libraries are CommonJS and require node's own modules.
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
  },
});

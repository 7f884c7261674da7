import { defineConfig } from "tsup";

export default defineConfig([
  {
    entry: ["src/index.ts"],
    format: "esm",
    target: "node20",
    dts: true,
    treeshake: true,
  },
  {
    // The supervisor is copied into the user's home and runs from there: everything it needs is in its own files.
    entry: { supervisor: "src/supervisor/main.ts", "log-worker": "src/supervisor/log-store/worker.ts" },
    format: "esm",
    target: "node20",
    splitting: false,
    noExternal: [/.*/],
    // Some bundled libraries are CommonJS and require node's own modules.
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
  },
]);

import { defineConfig } from "tsup";

export default defineConfig({
  // The broken providers are for `npm run mutants` alone: built, and left out of what is published.
  entry: { index: "src/index.ts", vitest: "src/vitest.ts", mutants: "src/mutants/index.ts" },
  format: "esm",
  target: "node20",
  dts: { entry: { index: "src/index.ts", vitest: "src/vitest.ts" } },
  clean: true,
  treeshake: true,
});

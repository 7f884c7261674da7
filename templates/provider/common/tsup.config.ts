import { defineConfig } from "tsup";

export default defineConfig({
  // What `deploy provider test` looks for beside the module; it is not published.
  entry: { index: "src/index.ts", conformance: "test/black-box.ts" },
  format: "esm",
  target: "node20",
  dts: { entry: "src/index.ts" },
  clean: true,
  treeshake: true,
});

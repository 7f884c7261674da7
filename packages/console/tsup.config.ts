import { defineConfig } from "tsup";

// The browser's part is built behind it, by vite, into dist/public.
export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  platform: "node",
  dts: true,
  clean: true,
  splitting: true,
  treeshake: true,
});

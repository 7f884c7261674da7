import { defineConfig } from "tsup";

// The browser's part is built behind it, by vite, into dist/public.
export default defineConfig({
  // The second is the provider, without the server; the third is what the threads run that read stored lines.
  entry: {
    index: "src/index.ts",
    access: "src/provider/index.ts",
    "scan-worker": "src/store/scan-worker.ts",
  },
  format: "esm",
  target: "node20",
  platform: "node",
  dts: true,
  clean: true,
  splitting: true,
  treeshake: true,
});

import { rmSync } from "node:fs";
import { defineConfig } from "tsup";
import { copyTemplates } from "./scripts/copy-templates.mjs";

// Both builds write to it, so that neither can be the one that cleans it.
rmSync(new URL("dist", import.meta.url), { recursive: true, force: true });

export default defineConfig([
  {
    // What answers `--help`, in one file; everything else stays behind an import of main.js.
    entry: ["src/deploy.ts"],
    format: "cjs",
    target: "node20",
    external: ["./main.js"],
    dts: false,
    splitting: false,
    treeshake: true,
  },
  {
    // deploy.js is the same program for those who run it by path.
    entry: ["src/main.ts", "src/deploy.ts"],
    format: "esm",
    target: "node20",
    dts: false,
    splitting: true,
    treeshake: true,
    onSuccess: copyTemplates,
  },
]);

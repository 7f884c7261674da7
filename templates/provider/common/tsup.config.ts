import { defineConfig, type Options } from "tsup";

const config: Options = defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "node20",
  dts: true,
  clean: true,
  treeshake: true,
}) as Options;

export default config;

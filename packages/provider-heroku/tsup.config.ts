import { defineConfig } from "tsup";
import { bundledPackage } from "../../scripts/lib/bundled-package.mjs";
import { herokuClientParts } from "./scripts/heroku-client-parts.mjs";

export default defineConfig(
  bundledPackage({
    plugins: [herokuClientParts()],
    external: ["pg-native"],
    commonJs: true,
    modules: false,
  }),
);

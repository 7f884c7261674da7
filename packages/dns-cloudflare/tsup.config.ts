import { defineConfig } from "tsup";
import { bundledPackage } from "../../scripts/lib/bundled-package.mjs";

export default defineConfig(bundledPackage());

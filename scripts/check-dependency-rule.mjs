import { fileURLToPath } from "node:url";
import { checkDependencyRule } from "./lib/dependency-rule.mjs";

/*
 * `npm run check:dependencies [-- <packages directory>]`: providers import core only, the CLI loads the local provider
 * only where it is used, core imports nothing, and nobody starts a shell string. The rules: scripts/lib/dependency-rule.mjs.
 */

const directory = process.argv[2] ?? fileURLToPath(new URL("../packages", import.meta.url));
const { files, violations } = await checkDependencyRule(directory);
for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`);
console.log(`${files} files checked, ${violations.length} violations`);
// A check that reads nothing has checked nothing.
process.exitCode = violations.length > 0 || files === 0 ? 1 : 0;

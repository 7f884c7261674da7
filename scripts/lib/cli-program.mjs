import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The file that `deploy` runs, of the package in `root`.
 *
 * @param {string} root
 * @returns {string}
 */
export function cliProgram(root) {
  return join(root, JSON.parse(readFileSync(join(root, "package.json"), "utf8")).bin.deploy);
}

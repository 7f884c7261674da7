import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run.mjs";

/**
 * A deliberate fault: one change to one source file, and the tests that must notice it.
 *
 * @typedef {object} Mutant
 * @property {string} rule What is broken, as somebody would report it.
 * @property {string} file Relative to the repository.
 * @property {string} find Stands in the file exactly once.
 * @property {string} replace
 * @property {readonly string[]} tests Test files, relative to the repository.
 * @property {string} [only] Only tests whose name has this.
 */

/**
 * The source text with the fault in it.
 *
 * @param {Mutant} mutant
 * @param {string} text
 * @returns {string}
 */
export function mutate({ file, find, replace }, text) {
  const found = text.split(find).length - 1;
  if (found !== 1) throw new Error(`${file} has ${found} times, not once: ${find}`);
  return text.replace(find, () => replace);
}

/**
 * Lets vitest see one file with a fault in it, which is nowhere on disk: `DEPLOY_MUTANT` holds it as JSON.
 *
 * @param {string | undefined} json
 * @returns {{ name: string, enforce: "pre", load(id: string): string | undefined }[]}
 */
export function mutantPlugin(json = process.env.DEPLOY_MUTANT) {
  if (json === undefined) return [];
  const mutant = /** @type {Mutant} */ (JSON.parse(json));
  const path = join(ROOT, mutant.file);
  return [
    {
      name: "one-mutant",
      enforce: "pre",
      load: (id) => (id.split("?")[0] === path ? mutate(mutant, readFileSync(path, "utf8")) : undefined),
    },
  ];
}

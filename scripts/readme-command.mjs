import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./lib/markdown.mjs";
import { ROOT } from "./lib/run.mjs";

/* Prints the README's n-th `sh` block, so that CI runs what readers are told to run: `node scripts/readme-command.mjs 2`. */

const wanted = Number(process.argv[2] ?? 2);
const blocks = codeBlocks(await readFile(join(ROOT, "README.md"), "utf8")).filter(
  ({ language }) => language === "sh",
);
const block = blocks[wanted - 1];
if (block === undefined) {
  console.error(`README.md has ${blocks.length} sh blocks, and no number ${wanted}`);
  process.exitCode = 1;
} else {
  console.log(block.text);
}

/*
 * Writes the capabilities table of README.md from what `local()` declares: node scripts/capabilities.mjs (after a build).
 */
import { readFile, writeFile } from "node:fs/promises";
import { capabilitiesTable, replaceTable } from "./capabilities-table.mjs";

const { local } = await import(new URL("../dist/index.js", import.meta.url));
const readme = new URL("../README.md", import.meta.url);
const before = await readFile(readme, "utf8");
const after = replaceTable(before, capabilitiesTable(local()));
if (after !== before) await writeFile(readme, after);
console.log(after === before ? "README.md is current" : "README.md is written");

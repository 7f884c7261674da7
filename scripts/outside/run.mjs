import { parseArgs } from "node:util";
import { tallyLine } from "../lib/tally.mjs";
import { copies } from "./copies.mjs";
import { installProject, otherManagers } from "./install.mjs";
import { modules } from "./modules.mjs";
import { openOutside } from "./outside.mjs";
import { specs } from "./specs.mjs";
import { template } from "./template.mjs";
import { types } from "./types.mjs";

/*
 * The packages as outsiders get them: packed, installed into empty projects by npm, pnpm and yarn, type-checked,
 * imported, required, twice in one tree, and as the ground of a new provider made by `deploy provider new`.
 *
 *   node scripts/outside/run.mjs [--only=managers,modules,types,copies,specs,template]
 *
 * Needs built packages and a registry. Ends with `N passed, N failed, N skipped`.
 */

/** @type {Record<string, (outside: import("./outside.mjs").Outside) => Promise<void>>} */
const PARTS = { modules, types, copies, specs, managers: otherManagers, template };

const { values } = parseArgs({ options: { only: { type: "string" } } });
const only = values.only?.split(",") ?? Object.keys(PARTS);
const unknown = only.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}
const started = performance.now();
const outside = await openOutside();
try {
  const installed = await outside.check("npm installs the packages into an empty project", () =>
    installProject(outside),
  );
  if (installed) for (const name of only) await PARTS[name]?.(outside);
} finally {
  await outside.close();
}
console.log(`\n${Math.round((performance.now() - started) / 1000)} s`);
console.log(tallyLine(outside.tally));
process.exitCode = outside.tally.failed > 0 ? 1 : 0;

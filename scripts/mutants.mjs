import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run, tool } from "./lib/run.mjs";
import { tallyLine } from "./lib/tally.mjs";

/*
 * `npm run mutants`: tries every deliberately wrong provider of the conformance kit against the scenario that has to
 * catch it, and prints the table. Fails when one of them gets through.
 */

const directory = fileURLToPath(new URL("../packages/conformance/", import.meta.url));
const built = new URL("../packages/conformance/dist/mutants.js", import.meta.url);
const { code, output } = await run([tool("turbo"), "run", "build", "--filter=@deploy/conformance"]);
if (code !== 0 || !existsSync(built)) {
  console.error(output);
  throw new Error(`${directory} does not build`);
}
const { tryBrokenProviders } = await import(built.href);

let missed = 0;
let tried = 0;
await tryBrokenProviders(
  undefined,
  (/** @type {{ fault: string, caughtBy: string, caught: boolean, reason: string }} */ verdict) => {
    const { fault, caughtBy, caught, reason } = verdict;
    tried += 1;
    if (!caught) missed += 1;
    console.log(
      `${caught ? "✔" : "✖"} ${fault}\n    ${caught ? "caught by" : "not caught by"} ${caughtBy}\n    ${reason}`,
    );
  },
);
console.log(`\n${tried} broken providers, ${tried - missed} caught, ${missed} missed`);
console.log(tallyLine({ passed: tried - missed, failed: tried === 0 ? 1 : missed, skipped: 0 }));
// A broken provider may well leave a timer or a connection behind, for which nobody has to wait.
process.exit(missed > 0 || tried === 0 ? 1 : 0);

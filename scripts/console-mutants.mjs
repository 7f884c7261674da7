import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutate } from "./lib/mutant-plugin.mjs";
import { cleanEnvironment, ROOT, run, tool } from "./lib/run.mjs";
import { emptyTally, tallyLine } from "./lib/tally.mjs";

/*
 * Breaks one rule of the console at a time (packages/console/test/mutants.mjs), and runs the tests that have to notice.
 *
 *   node scripts/console-mutants.mjs                 all of them
 *   node scripts/console-mutants.mjs --only=origin   those whose rule or file has this word
 *
 * A mutant is caught when a test fails; a file that does not load has caught nothing. Ends with `N passed, N failed, N skipped`.
 */

const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const { MUTANTS } = await import(new URL("../packages/console/test/mutants.mjs", import.meta.url).href);
const wanted = /** @type {import("./lib/mutant-plugin.mjs").Mutant[]} */ (MUTANTS).filter(({ rule, file }) =>
  `${rule} ${file}`.includes(values.only),
);
const tally = emptyTally();
/** Each is a run of vitest, which is busy with one core, and waits where what should come does not. */
const AT_A_TIME = 3;
const left = [...wanted];
await Promise.all(Array.from({ length: AT_A_TIME }, work));
console.log(`\n${wanted.length} broken rules, ${tally.passed} caught, ${tally.failed} missed`);
if (wanted.length === 0) tally.failed += 1;
console.log(tallyLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;

async function work() {
  for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
    const reason = await missed(mutant);
    tally[reason === undefined ? "passed" : "failed"] += 1;
    const why = reason === undefined ? "" : `\n    ${reason}`;
    console.log(`${reason === undefined ? "✔" : "✖"} ${mutant.rule}${why}`);
  }
}

/**
 * Why nobody noticed; undefined when a test did.
 *
 * @param {import("./lib/mutant-plugin.mjs").Mutant} mutant
 * @returns {Promise<string | undefined>}
 */
async function missed(mutant) {
  try {
    mutate(mutant, await readFile(join(ROOT, mutant.file), "utf8"));
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  const words = ["run", ...mutant.tests, "--reporter=json", "--bail=1"];
  if (mutant.only !== undefined) words.push(`--testNamePattern=${mutant.only}`);
  const env = cleanEnvironment({ DEPLOY_MUTANT: JSON.stringify(mutant) });
  const { stdout, output } = await run([tool("vitest"), ...words], { env, timeoutMs: 180_000 });
  const start = stdout.indexOf('{"numTotalTestSuites"');
  if (start < 0) return `no report:\n${output.slice(-800)}`;
  const { numFailedTests, numTotalTests } = JSON.parse(stdout.slice(start));
  if (numTotalTests === 0) return `no test ran: ${mutant.tests.join(", ")}`;
  return numFailedTests > 0 ? undefined : `not noticed by ${mutant.tests.join(", ")}`;
}

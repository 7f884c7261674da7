import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registryCertificates } from "./lib/certificates.mjs";
import { endLeftovers } from "./lib/leftovers.mjs";
import { judgeSkips, NEEDS, requiredNeeds } from "./lib/needs.mjs";
import { cleanEnvironment, ROOT, run, tool, whenInterrupted } from "./lib/run.mjs";
import { addTally, countVitest, emptyTally, tallyLine } from "./lib/tally.mjs";

/*
 * `npm test`: builds, checks and tests everything, and ends with one line: `N passed, N failed, N skipped`.
 *
 *   npm test -- --only=lint,tests      only these steps
 *   npm test -- packages/core          the tests in these places only, and no other step but the build
 *
 * Needs Node and npm alone. Suites that need more skip, and a line says what was missing; DEPLOY_TEST_REQUIRE (see
 * lib/needs.mjs) makes that a failure.
 */

/** @typedef {import("./lib/tally.mjs").Tally} Tally */

const BUILD_FIRST = new Set(["typecheck", "examples", "packages", "tests"]);
const script = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** @type {{ name: string, title: string, argv: [string, ...string[]] }[]} */
const CHECKS = [
  {
    name: "build",
    title: "build the packages",
    argv: [tool("turbo"), "run", "build", "--output-logs=errors-only"],
  },
  { name: "lint", title: "lint and format", argv: [tool("biome"), "check", "."] },
  {
    name: "typecheck",
    title: "types of the packages",
    argv: [tool("turbo"), "run", "typecheck", "--output-logs=errors-only", "--concurrency=2"],
  },
  { name: "scripts", title: "types of the scripts", argv: [tool("tsc"), "-p", "scripts"] },
  {
    name: "examples",
    title: "types of the examples and of the README",
    argv: [process.execPath, script("check-examples.mjs")],
  },
  {
    name: "dependencies",
    title: "who imports whom",
    argv: [process.execPath, script("check-dependency-rule.mjs")],
  },
  { name: "unused", title: "nothing unused", argv: [tool("knip")] },
  {
    name: "packages",
    title: "packages as npm would publish them",
    argv: [process.execPath, script("check-packages.mjs")],
  },
];

const started = performance.now();
const { only, places } = readArguments(process.argv.slice(2));
const scratch = await mkdtemp(join(tmpdir(), "dt-"));
// Databases of root run as another user, who has to get through.
await chmod(scratch, 0o755);
const required = requiredNeeds();
whenInterrupted(async () => {
  await endLeftovers(scratch);
  await rm(scratch, { recursive: true, force: true });
});
let total = emptyTally();
try {
  total = await everything();
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(`\n${Math.round((performance.now() - started) / 1000)} s`);
console.log(tallyLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/** @returns {Promise<Tally>} */
async function everything() {
  let tally = emptyTally();
  let isBuilt = true;
  for (const check of CHECKS.filter(({ name }) => isWanted(name))) {
    if (!isBuilt && BUILD_FIRST.has(check.name)) {
      console.log(`✖ ${check.title}: not tried, the build failed`);
      tally = addTally(tally, { passed: 0, failed: 1, skipped: 0 });
      continue;
    }
    const passed = await runCheck(check);
    if (check.name === "build") isBuilt = passed;
    tally = addTally(tally, { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 });
  }
  return isWanted("tests") ? addTally(tally, await runTests()) : tally;
}

/**
 * @param {(typeof CHECKS)[number]} check
 * @returns {Promise<boolean>}
 */
async function runCheck({ title, argv }) {
  process.stdout.write(`· ${title} …\n`);
  const { code, output, ms } = await run(argv, { env: cleanEnvironment({ NO_COLOR: "1" }) });
  const passed = code === 0;
  console.log(`${passed ? "✔" : "✖"} ${title}  ${(ms / 1000).toFixed(1)} s`);
  if (!passed) console.log(indent(output));
  return passed;
}

/** @returns {Promise<Tally>} */
async function runTests() {
  console.log("\n· tests …");
  const reportFile = join(scratch, "vitest.json");
  // Real engines, browsers and databases on a busy machine: once more after a pause, and whatever needed it is named.
  const again = ["--retry.count=1", "--retry.delay=3000"];
  const reports = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const argv = ["run", ...again, ...reports, ...places];
  const env = cleanEnvironment({
    TMPDIR: scratch,
    // Whatever forgets to choose a home of its own must not find the user's.
    DEPLOY_HOME: join(scratch, "home"),
    ...(await registryCertificates(scratch)),
  });
  const { code } = await run([tool("vitest"), ...argv], { env, show: true, timeoutMs: 3_600_000 });
  const leftovers = await endLeftovers(scratch);
  const report = await readFile(reportFile, "utf8").catch(() => undefined);
  if (report === undefined) {
    console.log("✖ the tests did not come to their end: stopped, or out of their time of an hour");
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const { tally, files, secondTries } = countVitest(JSON.parse(report), code, ROOT);
  for (const { name, what, found } of NEEDS) {
    if (found?.() === false) console.log(`skipped without ${name}: needs ${what}`);
  }
  for (const test of secondTries) console.log(`passed at its second try: ${test}`);
  for (const { file, skipped } of files) if (skipped > 0) console.log(`skipped ${skipped} in ${file}`);
  const problems = places.length === 0 ? judgeSkips(files, required) : [];
  for (const { pid, command } of leftovers) problems.push(`left running: ${pid} ${command}`);
  for (const problem of problems) console.log(`✖ ${problem}`);
  return addTally(tally, { passed: 0, failed: problems.length, skipped: 0 });
}

/** @param {string} name */
function isWanted(name) {
  if (only !== undefined) return only.includes(name);
  return places.length === 0 || name === "build" || name === "tests";
}

/** @param {readonly string[]} words */
function readArguments(words) {
  const names = [...CHECKS.map(({ name }) => name), "tests"];
  const flag = words.find((word) => word.startsWith("--"));
  const chosen = flag?.startsWith("--only=") ? flag.slice("--only=".length).split(",") : undefined;
  if ((flag !== undefined && chosen === undefined) || chosen?.some((name) => !names.includes(name))) {
    console.error(`usage: npm test -- [--only=${names.join(",")}] [places of tests]`);
    process.exit(2);
  }
  return { only: chosen, places: words.filter((word) => !word.startsWith("--")) };
}

/** @param {string} text */
function indent(text) {
  return text.trimEnd().replace(/^/gm, "  ");
}

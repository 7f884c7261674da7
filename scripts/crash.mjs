import { join } from "node:path";
import { cleanEnvironment, ROOT, run, tool } from "./lib/run.mjs";

/*
 * `npm run crash`: builds, then kills the command at every call by which it changes something at the local provider's
 * supervisor, and both of them at 200 random moments; then a program at every call by which it changes something at AWS or Heroku.
 * Each time it is run again and compared with an undisturbed run. Last a process that stores lines for the console, at 200
 * random moments: what it had acknowledged is there.
 *
 *   npm run crash -- --kills=20 --sample=2     fewer: random kills, points of each operation
 *   npm run crash -- --seed=7                  others; the seed of a red run brings it back
 *
 * `npm test` tries a sample of each (test/crash/crash.test.ts of the provider).
 */

const { kills, sample, seed } = readArguments(process.argv.slice(2));
const directory = join(ROOT, "packages/provider-local/test/crash");

const everyCall = ["every-call.mjs", "--verbose", ...(sample === undefined ? [] : [`--sample=${sample}`])];
const random = ["crash.mjs", `--kills=${kills}`];
const env = cleanEnvironment({
  DEPLOY_CRASH_SEED: String(seed),
  DEPLOY_CRASH_KILLS: String(kills),
  ...(sample === undefined ? { DEPLOY_CRASH_ALL: "1" } : { DEPLOY_CRASH_SAMPLE: String(sample) }),
});
/** @type {[title: string, argv: [string, ...string[]]][]} */
const steps = [
  // The command and what it is made of; the chaos kit is taken from its sources.
  ["build the command", [tool("turbo"), "run", "build", "--filter=@deploy/cli", "--output-logs=errors-only"]],
  ...[everyCall, random].map(([name = "", ...words]) => {
    const file = join(directory, name);
    return /** @type {[string, [string, ...string[]]]} */ ([
      [name, ...words].join(" "),
      [process.execPath, file, `--seed=${seed}`, ...words],
    ]);
  }),
];

// On the emulator of AWS, every point of up, redeploy and down; the suite says what it skips and why.
steps.push([
  "ECS on moto",
  [tool("vitest"), "run", "packages/provider-ecs/test/crash", "--reporter=verbose"],
]);

// On the double of Heroku, every point of up, redeploy and down.
steps.push([
  "Heroku on its double",
  [tool("vitest"), "run", "packages/provider-heroku/test/crash", "--reporter=verbose"],
]);

// The console's store, in a process that does nothing else.
steps.push([
  "the console's store",
  [tool("vitest"), "run", "packages/console/test/crash", "--reporter=verbose"],
]);

for (const [title, argv] of steps) {
  console.log(`· ${title} …`);
  const { code, ms } = await run(argv, { env, show: true, timeoutMs: 7_200_000 });
  console.log(`${code === 0 ? "✔" : "✖"} ${title}  ${Math.round(ms / 1000)} s`);
  if (code !== 0) process.exitCode = 1;
  // Without a build there is nothing to kill; the two tests do not depend on each other.
  if (code !== 0 && title === steps[0]?.[0]) break;
}

/** @param {readonly string[]} words */
function readArguments(words) {
  const values = { kills: 200, sample: /** @type {number | undefined} */ (undefined), seed: 1 };
  for (const word of words) {
    const [, name, value] = /^--(kills|sample|seed)=(\d+)$/.exec(word) ?? [];
    if (name === undefined) {
      console.error("usage: npm run crash -- [--kills=200] [--sample=<points of each operation>] [--seed=1]");
      process.exit(2);
    }
    values[/** @type {"kills" | "sample" | "seed"} */ (name)] = Number(value);
  }
  return values;
}

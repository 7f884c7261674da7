import { join } from "node:path";
import { cleanEnvironment, ROOT, run, tool } from "./lib/run.mjs";

/*
 * `npm run foreign`: runs an app in zones full of records of others at each DNS vendor's double, kills it at random
 * calls, loses answers, lets another writer in between two calls, and looks after each step at what others have.
 *
 *   npm run foreign -- --vendor=cloudflare --runs=1000 --seed=1
 *   npm run foreign -- --vendor=route53 --from=17 --runs=1      run 17 of the seed again
 *
 * `npm test` makes a few of these runs (test/foreign of each DNS package).
 */

const vendors = ["cloudflare", "route53", "namecheap"];
const asked = readArguments(process.argv.slice(2));

for (const vendor of asked.vendor === undefined ? vendors : [asked.vendor]) {
  const env = cleanEnvironment({
    DEPLOY_FOREIGN_RUNS: asked.runs,
    DEPLOY_FOREIGN_SEED: asked.seed,
    DEPLOY_FOREIGN_FROM: asked.from,
  });
  const tests = join(ROOT, `packages/dns-${vendor}/test/foreign`);
  console.log(`· ${asked.runs} runs among foreign records at ${vendor}, seed ${asked.seed} …`);
  const argv = /** @type {[string, ...string[]]} */ ([tool("vitest"), "run", tests, "--reporter=verbose"]);
  const { code, ms } = await run(argv, { env, show: true, timeoutMs: 7_200_000 });
  console.log(`${code === 0 ? "✔" : "✖"} ${vendor}  ${Math.round(ms / 1000)} s`);
  if (code !== 0) process.exitCode = 1;
}

/** @param {readonly string[]} words */
function readArguments(words) {
  const values = {
    runs: "1000",
    seed: "1",
    from: "1",
    vendor: /** @type {string | undefined} */ (undefined),
  };
  for (const word of words) {
    const [, name, value = ""] = /^--(runs|seed|from|vendor)=(\w+)$/.exec(word) ?? [];
    const isKnown = name === "vendor" ? vendors.includes(value) : /^\d+$/.test(value);
    if (name === undefined || !isKnown) {
      console.error(
        `usage: npm run foreign -- [--vendor=${vendors.join("|")}] [--runs=1000] [--seed=1] [--from=1]`,
      );
      process.exit(2);
    }
    values[/** @type {"runs"} */ (name)] = value;
  }
  return values;
}

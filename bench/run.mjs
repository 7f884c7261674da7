import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { claimText, renderResults } from "../scripts/lib/bench-page.mjs";
import { cleanEnvironment, run } from "../scripts/lib/run.mjs";

/*
 * `npm run bench [-- --quick] [-- names…]`: runs every bench/<name>/bench.mjs, one after the other and each in a process of
 * its own, and writes what they measured into bench/README.md. Fails when a claim does not hold.
 *
 * A bench exports `run({ quick })`, which answers `{ rows, claims: [{ name, ratio, limit, ok }] }`, and it may export
 * `measured`, a sentence on how.
 */

/** @typedef {import("../scripts/lib/bench-page.mjs").Result} Result */

const here = fileURLToPath(new URL(".", import.meta.url));
const page = join(here, "README.md");
const TIME_LIMIT_MS = 600_000;

/** How each is measured. */
const MEASURED = /** @type {Record<string, string>} */ ({
  cli: "CPU time (user and system, as bash's `time` reports it) of starting the command, beside `node -e 0`; rounds interleaved, median.",
  engine:
    "Plans and applies against a vendor in memory that answers after 50 ms, beside a plain scheduler making the same calls and beside the lower bound of the graph.",
  logs: "A daemon with the log store ingests 50,000 lines a second from a file; lines lost, memory and CPU are counted, and so is what its HTTP server's answers are delayed by.",
  proxy:
    "One upstream, reached directly, through our proxy, through Caddy and through http-proxy, with the same load in the same minute; a ratio is the median of the ratios of the rounds.",
  redeploy:
    "From starting `deploy up` to the first answer of the new release through the proxy, asked every 10 ms; the app boots in 3 s and migrates in 1 s.",
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, one: { type: "string" }, out: { type: "string" } },
});
if (values.one === undefined) await runAll(positionals, values.quick);
else await runOne(values.one, values.out ?? "", values.quick);

/**
 * @param {readonly string[]} wanted Names; all when empty.
 * @param {boolean} quick
 */
async function runAll(wanted, quick) {
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-"));
  const entries = await readdir(here, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  /** @type {Result[]} */
  const results = [];
  try {
    for (const name of names.filter((name) => wanted.length === 0 || wanted.includes(name))) {
      console.log(`· ${name} …`);
      const result = await inProcess(name, join(directory, `${name}.json`), quick);
      results.push(result);
      if (result.error !== undefined) console.log(`✖ ${result.error}`);
      console.table(result.rows);
      for (const claim of result.claims) console.log(`${claim.ok ? "✔" : "✖"} ${claimText(claim)}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  if (results.length === 0) throw new Error(`no bench of that name; there are ${names.join(", ")}`);
  // A part is no picture of the whole.
  if (wanted.length === 0) await writePage(results, quick);
  const isGood = results.every(({ error, claims }) => error === undefined && claims.every(({ ok }) => ok));
  process.exitCode = isGood ? 0 : 1;
}

/**
 * @param {string} name
 * @param {string} out
 * @param {boolean} quick
 * @returns {Promise<Result>}
 */
async function inProcess(name, out, quick) {
  const argv = [
    fileURLToPath(import.meta.url),
    `--one=${name}`,
    `--out=${out}`,
    ...(quick ? ["--quick"] : []),
  ];
  const options = { env: cleanEnvironment(), timeoutMs: TIME_LIMIT_MS };
  const { code, output } = await run([process.execPath, ...argv], options);
  const result = await readFile(out, "utf8").then(JSON.parse, () => undefined);
  if (code === 0 && result !== undefined) return { name, ...result };
  const error = `${name} ended with ${code}: ${output.trim().split("\n").slice(-12).join("\n")}`;
  return { name, measured: MEASURED[name] ?? "", rows: [], claims: [], error };
}

/**
 * @param {string} name
 * @param {string} out
 * @param {boolean} quick
 */
async function runOne(name, out, quick) {
  const bench = await import(new URL(`./${name}/bench.mjs`, import.meta.url).href);
  const { rows, claims } = await bench.run({ quick });
  await writeFile(out, JSON.stringify({ measured: bench.measured ?? MEASURED[name] ?? "", rows, claims }));
}

/**
 * @param {readonly Result[]} results
 * @param {boolean} quick
 */
async function writePage(results, quick) {
  const text = await readFile(page, "utf8");
  const [start, end] = ["<!-- results start -->", "<!-- results end -->"];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} has no place for the results: ${start} … ${end}`);
  const written = `${text.slice(0, from + start.length)}\n\n${renderResults(results, quick)}\n\n${text.slice(to)}`;
  await writeFile(page, written);
  console.log(`written to ${page}`);
}

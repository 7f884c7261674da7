import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { endLeftovers } from "../lib/leftovers.mjs";
import { cleanEnvironment, ROOT, run } from "../lib/run.mjs";
import { emptyTally } from "../lib/tally.mjs";

/**
 * A place outside the repository, with the packages as `npm pack` makes them.
 *
 * @typedef {object} Outside
 * @property {string} directory
 * @property {Readonly<Record<string, string>>} tarballs Path by package name.
 * @property {Readonly<Record<string, Manifest>>} manifests By package name.
 * @property {string} project An npm project that has all of them installed; see `installProject`.
 * @property {import("../lib/tally.mjs").Tally} tally
 * @property {(name: string, body: () => Promise<unknown>) => Promise<boolean>} check
 * @property {(name: string, reason: string) => void} skip
 * @property {() => Promise<void>} close
 *
 * @typedef {{ name: string, version: string, private?: boolean, exports?: Record<string, unknown> }} Manifest
 */

/**
 * Packs every package. What is rebuilt in the repository afterwards makes no difference.
 *
 * @returns {Promise<Outside>}
 */
export async function openOutside() {
  const directory = await mkdtemp(join(tmpdir(), "do-"));
  const tally = emptyTally();
  const { tarballs, manifests } = await pack(join(directory, "tarballs"));
  return {
    directory,
    tarballs,
    manifests,
    project: join(directory, "project"),
    tally,
    async check(name, body) {
      const started = performance.now();
      const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
      try {
        await body();
        tally.passed++;
        console.log(`✔ ${name}  ${seconds()}`);
        return true;
      } catch (thrown) {
        tally.failed++;
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        console.log(`✖ ${name}  ${seconds()}\n${reason.trimEnd().replace(/^/gm, "    ")}`);
        return false;
      }
    },
    skip(name, reason) {
      tally.skipped++;
      console.log(`· ${name}: skipped, ${reason}`);
    },
    async close() {
      for (const { pid, command } of await endLeftovers(directory)) {
        tally.failed++;
        console.log(`✖ left running: ${pid} ${command}`);
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @param {string} target */
async function pack(target) {
  await mkdir(target);
  /** @type {Record<string, string>} */
  const tarballs = {};
  /** @type {Record<string, Manifest>} */
  const manifests = {};
  const folders = [];
  for (const folder of await readdir(join(ROOT, "packages"))) {
    const text = await readFile(join(ROOT, "packages", folder, "package.json"), "utf8").catch(
      () => undefined,
    );
    const manifest = text === undefined ? undefined : /** @type {Manifest} */ (JSON.parse(text));
    if (manifest === undefined || manifest.private === true) continue;
    manifests[manifest.name] = manifest;
    folders.push(`./packages/${folder}`);
  }
  const argv = ["pack", "--json", "--ignore-scripts", `--pack-destination=${target}`, ...folders];
  for (const { name, filename } of JSON.parse(await succeed(["npm", ...argv], { cwd: ROOT }))) {
    tarballs[name] = join(target, filename);
  }
  return { tarballs, manifests };
}

/**
 * Runs a program that has to succeed.
 *
 * @param {readonly [string, ...string[]]} argv
 * @param {import("../lib/run.mjs").RunOptions} [options]
 * @returns {Promise<string>} What it printed on stdout.
 */
export async function succeed(argv, options = {}) {
  const { code, stdout, output } = await run(argv, { timeoutMs: 300_000, ...options });
  if (code !== 0) throw new Error(`${argv.slice(0, 6).join(" ")} ended with ${code}:\n${lastLines(output)}`);
  return stdout;
}

/**
 * What npm, pnpm and yarn are started with: certificates of the registry are theirs to read, and nobody is asked.
 *
 * @param {NodeJS.ProcessEnv} [more]
 */
export function installing(more = {}) {
  const { NODE_EXTRA_CA_CERTS } = process.env;
  const certificates = NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
  return cleanEnvironment({ ...certificates, CI: "1", npm_config_update_notifier: "false", ...more });
}

/**
 * Writes files below `directory`; data becomes JSON.
 *
 * @param {string} directory
 * @param {Readonly<Record<string, unknown>>} files
 */
export async function writeFiles(directory, files) {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }
}

/** @param {string} output */
function lastLines(output) {
  return output.trim().split("\n").slice(-40).join("\n");
}

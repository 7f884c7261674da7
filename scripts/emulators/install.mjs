import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, run } from "../lib/run.mjs";

/*
 * Installs the emulators of AWS and its service models into a directory of their own, outside the repository, and prints
 * where as JSON: { "python": …, "models": … }. The second time it only prints.
 *
 *   node scripts/emulators/install.mjs
 *
 * The place is ~/.cache/deploy-tests/<digest of versions and Python>, or below DEPLOY_TEST_CACHE. Two at once each
 * install into a directory of their own, and the first one to finish gives it its name: nobody sees half of it.
 */

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * @typedef {object} EmulatorFiles
 * @property {string} python The interpreter that has moto and ministack.
 * @property {string} models botocore's `data` directory.
 */

/**
 * Where the emulators are installed, after installing them when they are not.
 *
 * @returns {Promise<EmulatorFiles>}
 * @throws Error which says what is missing: Python, its venv module, or the network.
 */
export async function installEmulators() {
  const requirements = join(here, "requirements.txt");
  const models = join(here, "models.txt");
  const version = await run(["python3", "-VV"], { timeoutMs: 30_000 });
  if (version.code !== 0) throw new Error("there is no python3 (Debian: apt-get install python3-venv)");
  const digest = createHash("sha256")
    .update([version.stdout, process.arch, await readFile(requirements), await readFile(models)].join("\n"))
    .digest("hex")
    .slice(0, 16);
  const cache = process.env.DEPLOY_TEST_CACHE ?? join(homedir(), ".cache", "deploy-tests");
  const place = join(cache, digest);
  if (existsSync(place)) return filesOf(place);

  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, "draft-"));
  try {
    await must("python3 has no venv (Debian: apt-get install python3-venv)", [
      "python3",
      "-m",
      "venv",
      join(draft, "emulators"),
    ]);
    const pip = /** @type {const} */ (["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]);
    const { python } = filesOf(draft);
    const quiet = "--disable-pip-version-check";
    await must("pip cannot install the emulators", [python, ...pip, quiet, "-r", requirements]);
    const target = join(draft, "models");
    await must("pip cannot install the models", [python, ...pip, quiet, "--target", target, "-r", models]);
    await rename(draft, place).catch((error) => {
      // Another run was faster, and what it made is the same.
      if (!existsSync(place)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return filesOf(place);
}

/**
 * @param {string} place
 * @returns {EmulatorFiles}
 */
function filesOf(place) {
  return {
    python: join(place, "emulators", "bin", "python"),
    models: join(place, "models", "botocore", "data"),
  };
}

/**
 * @param {string} what
 * @param {readonly [string, ...string[]]} argv
 */
async function must(what, argv) {
  const { code, output } = await run(argv, {
    env: cleanEnvironment({ PIP_NO_INPUT: "1" }),
    timeoutMs: 300_000,
  });
  if (code !== 0) throw new Error(`${what}: ${output.trim().split("\n").at(-1) ?? `exit code ${code}`}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(JSON.stringify(await installEmulators()));
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exitCode = 1;
  }
}

import { spawn } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cliProgram } from "../../scripts/lib/cli-program.mjs";
import { cleanEnvironment, run } from "../../scripts/lib/run.mjs";
import { median, sizeOf } from "../lib/figures.mjs";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));

/** Says at the first request, or at the end, what the process has used until then; nothing is ever sent. */
const HOOK = `const say = () => {
  const { user, system } = process.cpuUsage();
  process.stderr.write("cpu " + (user + system) / 1000 + "\\n");
};
process.once("exit", say);
globalThis.fetch = () => process.exit(0);
`;

const CONFIG = `import { ecs } from "@deploy/provider-ecs";
export default {
  name: "shop",
  processes: { web: { command: "node web.js" } },
  environments: { production: { target: ecs({ region: "us-east-1" }) } },
};
`;

/**
 * What `deploy status` costs before it asks anything, on a copy of the package as it is published: milliseconds of user and
 * system time up to the first request, beside Node that starts and ends; and the size of that copy.
 *
 * @param {string} directory
 * @param {number} rounds
 */
export async function startUp(directory, rounds) {
  const installed = await install(directory);
  const hook = join(directory, "hook.mjs");
  await writeFile(hook, HOOK);
  await writeFile(join(directory, "deploy.config.mjs"), CONFIG);
  const program = cliProgram(join(packages, "cli"));
  /** @type {{ bare: number[], status: number[] }} */
  const samples = { bare: [], status: [] };
  for (let round = -1; round < rounds; round += 1) {
    const bare = await cpuUntilFirstRequest(directory, hook, ["-e", "0"]);
    const status = await cpuUntilFirstRequest(directory, hook, [
      program,
      "status",
      "--environment=production",
    ]);
    // The first round warms the disk cache.
    if (round < 0) continue;
    samples.bare.push(bare);
    samples.status.push(status);
  }
  const [bare, status] = [median(samples.bare), median(samples.status)];
  return { bare, status, megabytes: (await sizeOf(installed)) / 1e6 };
}

/** @param {string} directory */
async function install(directory) {
  const scope = join(directory, "node_modules/@deploy");
  const own = join(scope, "provider-ecs");
  await mkdir(own, { recursive: true });
  await symlink(join(packages, "core"), join(scope, "core"));
  const source = join(packages, "provider-ecs");
  for (const name of ["package.json", "README.md", "LICENSE"]) await cp(join(source, name), join(own, name));
  // Types are no part of what is loaded, and are built by the compiler alone; their size is counted where they are.
  const tsup = fileURLToPath(new URL("../../node_modules/tsup/dist/cli-default.js", import.meta.url));
  const argv = /** @type {const} */ ([process.execPath, tsup, "--no-dts", "--out-dir", join(own, "dist")]);
  const { code, output } = await run(argv, { cwd: source });
  if (code !== 0) throw new Error(`the provider cannot be built: ${output.slice(-2000)}`);
  return own;
}

/**
 * @param {string} cwd
 * @param {string} hook
 * @param {readonly string[]} argv
 * @returns {Promise<number>}
 */
function cpuUntilFirstRequest(cwd, hook, argv) {
  const env = cleanEnvironment({
    CI: "1",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  });
  const child = spawn(process.execPath, ["--import", pathToFileURL(hook).href, ...argv], {
    cwd,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const found = /^cpu ([\d.]+)$/m.exec(stderr);
      if (code === 0 && found !== null) resolve(Number(found[1]));
      else reject(new Error(`${argv.join(" ")} ended with ${code}: ${stderr.slice(-2000)}`));
    });
  });
}

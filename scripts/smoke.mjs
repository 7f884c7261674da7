import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cliProgram } from "./lib/cli-program.mjs";
import { endLeftovers } from "./lib/leftovers.mjs";
import { packageFolders, providerFolders } from "./lib/package-rules.mjs";
import { cleanEnvironment, ROOT, run, whenInterrupted } from "./lib/run.mjs";
import { emptyTally, tallyLine } from "./lib/tally.mjs";

/*
 * The packages as a user gets them: packed, installed into an empty project, imported, required (each provider, too), and
 * used to deploy examples/procfile to this machine, ask it, and remove it. `--node=<program>` may be repeated; each does all of it.
 * Needs built packages. Ends with `N passed, N failed, N skipped`.
 */

const { values } = parseArgs({
  options: { node: { type: "string", multiple: true, default: [process.execPath] } },
});
const directory = await mkdtemp(join(tmpdir(), "ds-"));
const project = join(directory, "project");
const tally = emptyTally();
whenInterrupted(async () => {
  await endLeftovers(directory);
  await rm(directory, { recursive: true, force: true });
});
try {
  await check("the packages install into an empty project", install);
  if (tally.failed === 0) for (const node of values.node) await checkWith(node);
} finally {
  const left = await endLeftovers(directory);
  for (const { pid, command } of left) console.log(`✖ left running: ${pid} ${command}`);
  tally.failed += left.length;
  await rm(directory, { recursive: true, force: true });
}
console.log(tallyLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;

/**
 * @param {string} name
 * @param {() => Promise<void>} body
 */
async function check(name, body) {
  try {
    await body();
    tally.passed++;
    console.log(`✔ ${name}`);
  } catch (thrown) {
    tally.failed++;
    console.log(`✖ ${name}\n${thrown instanceof Error ? thrown.message : thrown}`);
  }
}

async function install() {
  const packages = join(directory, "packages");
  await mkdir(packages);
  await mkdir(project);
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }');
  const npm = { env: { ...process.env, npm_config_update_notifier: "false" } };
  for (const name of await packageFolders(join(ROOT, "packages"))) {
    const argv = ["pack", "--ignore-scripts", `--pack-destination=${packages}`, join(ROOT, "packages", name)];
    await succeed(["npm", ...argv], npm);
  }
  const tarballs = (await readdir(packages)).map((file) => join(packages, file));
  await succeed(["npm", "install", "--no-audit", "--no-fund", ...tarballs], { ...npm, cwd: project });
}

/** @param {string} node */
async function checkWith(node) {
  const cli = cliProgram(join(project, "node_modules/@deploy/cli"));
  const version = (await succeed([node, "--version"])).trim();
  const say = (/** @type {string} */ what) => `Node ${version}: ${what}`;
  await check(say("import of @deploy/core and @deploy/provider-local"), async () => {
    await evaluate(node, "--input-type=module", [
      'import { createDeployer, defineApp } from "@deploy/core";',
      'import { local } from "@deploy/provider-local";',
      'const app = defineApp({ name: "smoke", processes: { web: { command: "true" } } });',
      "const deployer = createDeployer(app, { defaultTarget: local() });",
      'if (deployer.environment.name !== "local") throw new Error("another environment");',
      'console.log("done");',
    ]);
  });
  await check(say("require of @deploy/core and @deploy/provider-local"), async () => {
    await evaluate(node, "--input-type=commonjs", [
      'const { defineApp } = require("@deploy/core");',
      'const { local } = require("@deploy/provider-local");',
      'if (typeof defineApp !== "function" || typeof local !== "function") throw new Error("no functions");',
      'console.log("done");',
    ]);
  });
  for (const folder of await providerFolders(join(ROOT, "packages"))) {
    // Each is named after the vendor, and so is its factory: ecs of provider-ecs.
    const factory = folder.slice(folder.indexOf("-") + 1);
    const test = `if (typeof ${factory} !== "function") throw new Error("no ${factory}()"); console.log("done");`;
    await check(say(`import and require of @deploy/${folder}`), async () => {
      await evaluate(node, "--input-type=module", [`import { ${factory} } from "@deploy/${folder}";`, test]);
      await evaluate(node, "--input-type=commonjs", [
        `const { ${factory} } = require("@deploy/${folder}");`,
        test,
      ]);
    });
  }
  await check(say("deploy --version and --help"), async () => {
    assert.match(await succeed([node, cli, "--version"]), /^\S*\d+\.\d+\.\d+/);
    assert.match(await succeed([node, cli, "--help"]), /^ {2}up /m);
  });
  await check(say("deploy up, an answer, and deploy down of examples/procfile"), () =>
    upAndDown([node, cli], version),
  );
}

/**
 * @param {string} node
 * @param {string} type
 * @param {readonly string[]} lines
 */
async function evaluate(node, type, lines) {
  assert.equal(
    await succeed([node, "--no-warnings", type, "--eval", lines.join("\n")], { cwd: project }),
    "done\n",
  );
}

/**
 * @param {readonly [string, ...string[]]} command
 * @param {string} version
 */
async function upAndDown(command, version) {
  const place = join(directory, version);
  const app = join(place, "procfile");
  await cp(join(ROOT, "examples/procfile"), app, { recursive: true });
  const port = await freePort();
  const env = cleanEnvironment({
    DEPLOY_HOME: join(place, "home"),
    DEPLOY_PORT: String(port),
    TMPDIR: directory,
    CI: "1",
  });
  const deploy = (/** @type {string[]} */ ...words) => succeed([...command, ...words], { cwd: app, env });
  await deploy("up");
  const { app: name, urls } = JSON.parse(await deploy("status", "--json"));
  assert.match(await ask(port, new URL(urls[0]).host), /release 1/);
  await deploy("down", `--confirm=${name}`, "--delete-data=all");
  assert.deepEqual(await readdir(join(place, "home")).catch(() => []), [], "files are left in DEPLOY_HOME");
}

/**
 * @param {readonly [string, ...string[]]} argv
 * @param {import("./lib/run.mjs").RunOptions} [options]
 * @returns {Promise<string>} What it printed on stdout.
 */
async function succeed(argv, options) {
  const { code, stdout, output } = await run(argv, { timeoutMs: 300_000, ...options });
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}:\n${output}`);
  return stdout;
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<string>}
 */
function ask(port, host) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, headers: { host }, timeout: 10_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.once("end", () => resolve(`${response.statusCode} ${body}`));
      response.once("error", reject);
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer within 10 s")));
    sent.once("error", reject);
    sent.end();
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

import { spawn } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cliProgram } from "./lib/cli-program.mjs";
import { cleanEnvironment, ROOT, run, tool } from "./lib/run.mjs";

/*
 * `npm run try`: builds the command and what it is made of, and deploys examples/guestbook to this machine with the real command, then asks
 * for its first page as a browser would. The same again deploys what has changed meanwhile.
 *
 *   npm run try -- --console      and starts the web console on it, which prints a link to open
 */

const { values } = parseArgs({ options: { console: { type: "boolean", default: false } } });
const EXAMPLE = "examples/guestbook";
const directory = join(ROOT, EXAMPLE);
const program = cliProgram(join(ROOT, "packages/cli"));

try {
  await build();
  const secrets = JSON.parse(await deploy(["secrets", "list", "--json"]));
  if (!isSet(secrets, "SECRET_KEY")) await show(["secrets", "set", "SECRET_KEY", "--generate"]);
  await show(["up"]);
  const { app, urls, addons } = JSON.parse(await deploy(["status", "--json"]));
  const [url] = urls;
  await showFirstPage(url);
  showNextSteps(url, app, [...addons.map((/** @type {{ name: string }} */ { name }) => name), "SECRET_KEY"]);
  if (values.console) await show(["console"]);
} catch (thrown) {
  console.error(`✖ ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exitCode = 1;
}

async function build() {
  console.log("building the packages …");
  const packages = ["--filter=@deploy/cli...", "--filter=@deploy/console"];
  const steps = /** @type {[string, ...string[]][]} */ ([
    [tool("turbo"), "run", "build", ...packages, "--output-logs=errors-only"],
    // `npm ci` linked no `deploy` yet: the file was not built then.
    ["npm", "rebuild", "@deploy/cli", "--ignore-scripts"],
  ]);
  for (const step of steps) {
    const { code, output } = await run(step);
    if (code !== 0) throw new Error(`${step.slice(1).join(" ")} failed:\n${output}`);
  }
}

/**
 * Runs the command and answers with what it printed as data.
 *
 * @param {readonly string[]} words
 * @returns {Promise<string>}
 */
async function deploy(words) {
  const { code, stdout, output } = await run([process.execPath, program, ...words], { cwd: directory });
  if (code !== 0) throw new Error(`deploy ${words.join(" ")} ended with ${code}:\n${output}`);
  return stdout;
}

/**
 * Runs the command in this terminal, so that its progress is seen as it is.
 *
 * @param {readonly string[]} words
 * @returns {Promise<void>}
 */
function show(words) {
  console.log(`\n${EXAMPLE} $ deploy ${words.join(" ")}`);
  return new Promise((resolve, reject) => {
    const env = cleanEnvironment({ npm_config_loglevel: "error" });
    const child = spawn(process.execPath, [program, ...words], { cwd: directory, env, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`deploy ${words.join(" ")} ended with ${code}; its own lines above say why`));
    });
  });
}

/**
 * @param {readonly { name: string, set: boolean }[]} secrets
 * @param {string} wanted
 */
function isSet(secrets, wanted) {
  return secrets.some(({ name, set }) => name === wanted && set);
}

/** @param {string} url */
async function showFirstPage(url) {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(new URL(url));
    if (answer.status === 200) {
      console.log(`\nGET ${url} answers ${answer.status}:`);
      const body = answer.body.slice(Math.max(0, answer.body.indexOf("<body")));
      const lines = body.split("\n").filter((line) => line.trim() !== "");
      for (const line of lines.slice(0, 8)) console.log(`  ${line}`);
      return;
    }
    if (attempt === 20) throw new Error(`GET ${url} answers ${answer.status}:\n${answer.body}`);
    await sleep(250);
  }
}

/**
 * One request to the proxy on this machine. Not every system resolves names under .localhost, so the name goes into the
 * Host header, as it does from a browser.
 *
 * @param {URL} url
 * @returns {Promise<{ status: number, body: string }>}
 */
function ask(url) {
  const port = url.port === "" ? 80 : Number(url.port);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path: url.pathname, headers: { host: url.host } },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text) => {
          body += text;
        });
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.setTimeout(10_000, () => sent.destroy(new Error(`no answer from ${url.href} within 10 s`)));
    sent.once("error", reject);
    sent.end();
  });
}

/**
 * @param {string} url
 * @param {string} app
 * @param {readonly string[]} data What would be lost, by name.
 */
function showNextSteps(url, app, data) {
  console.log(`
Open ${url} in a browser. Then:

  cd ${EXAMPLE}
  npx deploy logs -f        watch it; sign the guestbook meanwhile
  npx deploy status         what runs, and since when
  npx deploy up             after you changed something: try src/page.js
  npx deploy rollback       back to the release before
  npx deploy console        all of it in the browser
  npx deploy down --confirm=${app} --delete-data=${data.join(",")}
`);
}

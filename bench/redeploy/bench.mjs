import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cliProgram } from "../../scripts/lib/cli-program.mjs";
import { claim, median, runAlone } from "../lib/figures.mjs";

/*
 * How long a redeploy keeps one waiting beyond what the app itself takes: from the start of `deploy up` to the first
 * answer of the new release through the proxy, asked every 10 ms. The app boots in 3 s and its release command takes 1 s,
 * so nothing can be faster than 4 s. Beside it, in the same round, the same two programs run by hand, one after the
 * other. Needs built packages.
 */

const program = cliProgram(fileURLToPath(new URL("../../packages/cli", import.meta.url)));
const BOOT_MS = 3000;
const MIGRATION_MS = 1000;
const LIMIT = 1.15;

const SERVER = `import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const version = readFileSync("version.txt", "utf8");
setTimeout(() => createServer((request, response) => response.end(version)).listen(Number(process.env.PORT), "127.0.0.1"), ${BOOT_MS});
`;
const CONFIG = `export default {
  name: "redeploy-bench",
  processes: { web: { command: "node server.mjs", drain: "1 s" } },
  release: "node migrate.mjs",
};
`;

/** Measures, 5 redeploys or, with `quick`, 2. */
export async function run({ quick = false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-"));
  const app = join(directory, "app");
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env;
  Object.assign(env, {
    DEPLOY_HOME: join(directory, "home"),
    DEPLOY_PORT: String(await freePort()),
    CI: "1",
  });
  try {
    await mkdir(app);
    await writeFile(join(app, "deploy.config.mjs"), CONFIG);
    await writeFile(join(app, "server.mjs"), SERVER);
    await writeFile(join(app, "migrate.mjs"), `setTimeout(() => {}, ${MIGRATION_MS});\n`);
    await writeFile(join(app, "version.txt"), "version 0");
    await deploy(["up"], { app, env });
    const [url] = JSON.parse(await deploy(["status", "--json"], { app, env })).urls;
    const rounds = [];
    for (let round = 1; round <= (quick ? 2 : 5); round++) {
      rounds.push({
        byHandMs: await byHand(app, env),
        redeployMs: await redeploy(new URL(url), round, { app, env }),
      });
    }
    return report(rounds);
  } finally {
    await deploy(["down", "--confirm=redeploy-bench", "--delete-data=all"], { app, env }).catch((thrown) =>
      console.error(thrown.message),
    );
    await rm(directory, { recursive: true, force: true });
  }
}

/** From starting the command to the first answer of what it put into service. */
async function redeploy(url, round, { app, env }) {
  const version = `version ${round}`;
  await writeFile(join(app, "version.txt"), version);
  const started = performance.now();
  const done = deploy(["up"], { app, env });
  let failure;
  done.catch((thrown) => {
    failure = thrown;
  });
  const ms = await firstAnswer(
    { host: "127.0.0.1", port: Number(url.port), headers: { host: url.host } },
    version,
    started,
    () => failure,
  );
  await done;
  return ms;
}

/** Migration, then the server, until it answers: the time that is the app's own. */
async function byHand(app, env) {
  const port = await freePort();
  const started = performance.now();
  await finished(spawn(process.execPath, ["migrate.mjs"], { cwd: app, env, stdio: "ignore" }));
  const server = spawn(process.execPath, ["server.mjs"], {
    cwd: app,
    env: { ...env, PORT: String(port) },
    stdio: "ignore",
  });
  try {
    return await firstAnswer({ host: "127.0.0.1", port }, "version", started, () => undefined);
  } finally {
    server.kill("SIGKILL");
  }
}

/** Asks every 10 ms until the body begins with `wanted`. */
async function firstAnswer(target, wanted, started, failure) {
  for (let next = performance.now(); ; next += 10) {
    const body = await ask(target).catch(() => "");
    if (body.startsWith(wanted)) return performance.now() - started;
    if (failure() !== undefined) throw failure();
    if (performance.now() - started > 60_000) throw new Error(`no answer of ${wanted} within a minute`);
    await sleep(Math.max(0, next + 10 - performance.now()));
  }
}

function ask(target) {
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, agent: false, timeout: 1000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.once("end", () => resolve(body));
      response.once("error", reject);
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer")));
    sent.once("error", reject);
    sent.end();
  });
}

async function deploy(words, { app, env }) {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: app,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const code = await finished(child);
  if (code !== 0) throw new Error(`deploy ${words.join(" ")} ended with ${code}:\n${stderr}`);
  return stdout;
}

function finished(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function report(rounds) {
  const redeployMs = median(rounds.map((round) => round.redeployMs));
  const byHandMs = median(rounds.map((round) => round.byHandMs));
  const ratio = redeployMs / (BOOT_MS + MIGRATION_MS);
  const rows = [
    { name: "migration and boot, slept", ms: BOOT_MS + MIGRATION_MS },
    { name: "the same programs by hand", ms: Math.round(byHandMs) },
    { name: "deploy up to first answer", ms: Math.round(redeployMs), rounds: rounds.length },
  ];
  const name = "redeploy over migration and boot time of the app";
  return { rows, claims: [claim(name, ratio, LIMIT, 3)] };
}

await runAlone(import.meta.url, run);

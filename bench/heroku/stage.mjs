import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cliProgram } from "../../scripts/lib/cli-program.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/*
 * An app with web, worker, release command, a database, a store and a secret, the packages as an installation has them,
 * and a double of Heroku in a process of its own. No backups: they need a real database. The release command takes as long as RELEASE_SECONDS says.
 */
const FILES = {
  "deploy.config.ts": `import { defineApp } from "@deploy/core";
import { heroku } from "@deploy/provider-heroku";

export default defineApp({
  name: "bench",
  build: { dockerfile: "Dockerfile" },
  processes: {
    web: { command: "node web.mjs", health: "/healthz", instances: 1 },
    worker: { command: "node worker.mjs", instances: 1 },
  },
  release: "node migrate.mjs",
  addons: { db: { kind: "postgres", backup: false }, queue: { kind: "redis" } },
  config: { GREETING: "hello" },
  secrets: ["SECRET_KEY"],
  environments: { production: { target: heroku({ app: "bench-app", build: "there", sizes: { web: "standard-1x" } }) } },
});
`,
  Dockerfile: "FROM node:22\nWORKDIR /app\nCOPY . .\n",
  "web.mjs": `import { createServer } from "node:http";
for (let line = 0; line < 200; line++) console.log("line", line, "of the start");
createServer((request, response) => response.end("hello")).listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`,
  "worker.mjs": 'setInterval(() => {}, 1000);\nprocess.on("SIGTERM", () => process.exit(0));\n',
  "migrate.mjs":
    'import seconds from "./seconds.json" with { type: "json" };\nsetTimeout(() => {}, seconds * 1000);\n',
  "seconds.json": "0",
};

/** Makes the app's directory and starts the double. */
export async function createStage() {
  const parent = await mkdtemp(join(tmpdir(), "deploy-bench-heroku-"));
  const directory = join(parent, "app");
  await mkdir(directory);
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(directory, name), text);
  const program = await install(parent);
  const double = await startDouble(parent);
  const { api, data, metrics, token, heroku } = double.facts;
  // The same for both, and nothing of this user's.
  const common = { PATH: process.env.PATH, HOME: parent };
  const env = {
    ...common,
    DEPLOY_HOME: join(parent, "home"),
    HEROKU_API_KEY: token,
    HEROKU_API_URL: api,
    HEROKU_DATA_URL: data,
    HEROKU_METRICS_URL: metrics,
    NO_COLOR: "1",
    CI: "1",
  };
  return {
    directory,
    double,
    /** Arguments for Node, and what belongs to them, to run `deploy` with. */
    deploy: (...words) => ({
      args: [program, ...words, "-e", "production"],
      options: { cwd: directory, env },
    }),
    /** The same of the official CLI; undefined where it cannot be had. */
    heroku:
      heroku === undefined
        ? undefined
        : (...words) => ({
            args: ["--no-deprecation", heroku.program, ...words, "--app", "bench-app"],
            options: { cwd: directory, env: { ...common, ...heroku.environment } },
          }),
    /** Asks the double's API as somebody does who changes things by hand. */
    async byHand(method, path, body) {
      const headers = {
        accept: "application/vnd.heroku+json; version=3",
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
      };
      const answer = await fetch(api + path, { method, headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    },
    async close() {
      await double.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/** The built packages beside the app. */
async function install(parent) {
  const scope = join(parent, "node_modules", "@deploy");
  for (const name of ["core", "provider-local", "provider-heroku", "cli"]) {
    for (const part of ["dist", "package.json"]) {
      await cp(join(root, "packages", name, part), join(scope, name, part), { recursive: true });
    }
  }
  await cp(join(root, "node_modules/jiti"), join(parent, "node_modules/jiti"), {
    recursive: true,
    dereference: true,
  });
  return cliProgram(join(scope, "cli"));
}

/** The double, bundled and started; `order` sends it one order of double.mjs and hands back the answer. */
async function startDouble(parent) {
  const outfile = join(parent, "double.mjs");
  await build({
    entryPoints: [join(root, "bench/heroku/double.mjs")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    logLevel: "error",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  const child = spawn(process.execPath, [outfile], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error("the double of Heroku has ended");
    return JSON.parse(value);
  };
  return {
    facts: await answer(),
    async order(order, value) {
      child.stdin.write(`${JSON.stringify({ order, value })}\n`);
      return answer();
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

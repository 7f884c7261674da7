import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDeployer } from "@deploy/core";
import { local } from "@deploy/provider-local";

const here = fileURLToPath(new URL(".", import.meta.url));
const built = new URL("../../packages/console/dist/index.js", import.meta.url);

/**
 * The printer deployed to this machine, and the built console on it. Needs built packages.
 *
 * @typedef {object} Stage
 * @property {import("@deploy/console").RunningConsole} console
 * @property {string} directory
 * @property {(count: number, rate: number) => Promise<number>} print Answers with the number of the last line before.
 * @property {() => Promise<void>} close
 *
 * @returns {Promise<Stage>}
 */
export async function openStage() {
  const { startConsole } = await import(built.href);
  const directory = await mkdtemp(join(tmpdir(), "deploy-bench-console-"));
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...environment } = process.env;
  const env = {
    ...environment,
    DEPLOY_HOME: join(directory, "home"),
    DEPLOY_PORT: String(await freePort()),
  };
  const app = join(directory, "app");
  await mkdir(app);
  await copyFile(join(here, "printer.mjs"), join(app, "printer.mjs"));
  await writeFile(join(app, "package.json"), '{ "type": "module" }');
  const declared = { name: "printer", processes: { web: { command: "node printer.mjs" } } };
  const options = { environment: "local", defaultTarget: local(), directory: app, env };
  const deployer = createDeployer(/** @type {import("@deploy/core").App} */ (declared), options);
  const { urls } = await deployer.up();
  const url = new URL(urls[0] ?? "");
  const running = await startConsole({
    load: async () => ({ apps: [{ app: deployer.app, directory: app }], problems: [] }),
    defaultTarget: local(),
    directory: join(directory, "console"),
    port: 0,
    env,
  });
  return {
    console: running,
    directory,
    print: async (count, rate) => Number(await ask(url, `/print?count=${count}&rate=${rate}`)),
    async close() {
      await running.close();
      await deployer.down({ confirm: "printer" });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * @param {URL} url
 * @param {string} path
 * @returns {Promise<string>}
 */
function ask(url, path) {
  return new Promise((resolve, reject) => {
    const port = url.port === "" ? 80 : Number(url.port);
    const sent = request({ host: "127.0.0.1", port, path, headers: { host: url.host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.once("end", () => resolve(body)).once("error", reject);
    });
    sent.once("error", reject).end();
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

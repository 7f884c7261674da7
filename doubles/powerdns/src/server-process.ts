import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPowerDns, powerDnsMissing } from "./find.js";

/** A `pdns_server` that runs. */
export interface ServerProcess {
  readonly address: string;
  readonly port: number;
  readonly apiUrl: string;
  readonly apiKey: string;
  stop(): Promise<void>;
}

/** How a server is started. */
export interface ServerOptions {
  readonly address: string;
  readonly port: number | undefined;
  readonly resolver: string | undefined;
}

/** Starts a server with an empty database in a directory of its own; it ends with `stop`, or with this process. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const programs = findPowerDns();
  if (programs === undefined) throw new Error(powerDnsMissing);
  const directory = await mkdtemp(join(tmpdir(), "powerdns-"));
  const database = join(directory, "zones.sqlite3");
  await makeDatabase(programs.sqlite, programs.schema, database);
  const apiKey = randomBytes(16).toString("hex");
  // Somebody else may take a port between our look and PowerDNS's: then it ends at once, and others are tried.
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort(options.address));
    const apiPort = await freePort("127.0.0.1");
    const settings = {
      ...(programs.modules === undefined ? {} : { "module-dir": programs.modules }),
      launch: "gsqlite3",
      "gsqlite3-database": database,
      "gsqlite3-pragma-synchronous": 0,
      "local-address": options.address,
      "local-port": port,
      "socket-dir": directory,
      "write-pid": "no",
      api: "yes",
      webserver: "yes",
      "webserver-address": "127.0.0.1",
      "webserver-port": apiPort,
      "webserver-max-bodysize": 64,
      "security-poll-suffix": "",
      "receiver-threads": 1,
      "distributor-threads": 1,
      "retrieval-threads": 1,
      "expand-alias": "yes",
      resolver: options.resolver ?? `${options.address}:${port}`,
      // What the API has changed is to be seen by the next question.
      "cache-ttl": 0,
      "query-cache-ttl": 0,
      "negquery-cache-ttl": 0,
      "zone-cache-refresh-interval": 0,
      "zone-metadata-cache-ttl": 0,
      "domain-metadata-cache-ttl": 0,
      "default-soa-edit": "",
      loglevel: 3,
    };
    // The key goes into the file, so that it is in no list of processes.
    const text = Object.entries({ ...settings, "api-key": apiKey });
    await writeFile(
      join(directory, "pdns.conf"),
      text.map(([name, value]) => `${name}=${value}\n`).join(""),
      {
        mode: 0o600,
      },
    );
    const log = join(directory, "log");
    const running = await run(programs.server, directory, `http://127.0.0.1:${apiPort}`, apiKey);
    if (running !== undefined) {
      const stop = async (): Promise<void> => {
        await running.stop();
        await rm(directory, { recursive: true, force: true });
      };
      return { address: options.address, port, apiUrl: `http://127.0.0.1:${apiPort}`, apiKey, stop };
    }
    if (attempt === 5) {
      const said = await readFile(log, "utf8").catch(() => "");
      await rm(directory, { recursive: true, force: true });
      throw new Error(`PowerDNS did not start: ${said.slice(-2000)}`);
    }
  }
}

function makeDatabase(sqlite: string, schema: string, database: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(sqlite, [database, `.read ${schema}`], (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Undefined when it ended before it answered. */
async function run(
  server: string,
  directory: string,
  apiUrl: string,
  apiKey: string,
): Promise<{ stop(): Promise<void> } | undefined> {
  const child = spawn(server, [`--config-dir=${directory}`], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const done = (): void => {
      ended = true;
      resolve();
    };
    child.once("error", done);
    child.once("close", done);
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  const until = Date.now() + 30_000;
  while (!ended && Date.now() < until) {
    const answered = await fetch(`${apiUrl}/api/v1/servers/localhost`, {
      headers: { "X-API-Key": apiKey },
    }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) {
      return {
        async stop() {
          process.removeListener("exit", kill);
          // It holds nothing that is worth an orderly end, which takes it a second.
          kill();
          await end;
        },
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  process.removeListener("exit", kill);
  kill();
  await end;
  await writeFile(join(directory, "log"), said);
  return;
}

/** A TCP port nobody listens on; PowerDNS takes the same number for UDP. */
async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === "string") throw new Error(`No port on ${address}.`);
  return bound.port;
}

import { rmSync } from "node:fs";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeployError } from "@deploy/core";
import { ensureHome, findHome, type Home } from "../home.js";
import { readJson, writeFileAtomic } from "../operating-system/atomic-file.js";
import { findFreePort } from "../operating-system/free-port.js";
import { acquireLock } from "../operating-system/lock-file.js";
import { ownIdentity } from "../operating-system/process-identity.js";
import { portTaken } from "../port-taken.js";
import { protocolVersion, type SupervisorFacts } from "../protocol.js";
import { createApi } from "./api-routes.js";
import { serveApi } from "./api-server.js";
import { createDatabases } from "./databases/index.js";
import { createEnvironments } from "./environments.js";
import { launchSupervisor } from "./hand-over.js";
import { createLogStore } from "./log-store/index.js";
import type { Machinery } from "./machinery.js";
import { createProxy, type ReverseProxy } from "./proxy/index.js";
import { createSecretStore } from "./secret-store/index.js";

/** The public entry is looked for from here, when nobody asked for a port: 8080, else the next free one. */
const usualPorts = { from: 8080, to: 8179 };
/** How long requests in flight may take when the supervisor is replaced, in milliseconds. */
const handOverDrainMs = 30_000;

/** How a supervisor is started. */
export interface StartOptions {
  /** Digest of our own program. */
  readonly program: string;
  /** Port of the public entry; taken by somebody else, it is an error. Default: as before, else the first free one. */
  readonly port?: number;
  /** Listening sockets of the supervisor that we replace, by name. */
  readonly listeners: ReadonlyMap<string, Server>;
}

/**
 * Brings the supervisor up: lock, proxy, what should run, and its interface last.
 *
 * @throws `servers.already-running`, `servers.port-taken`, `servers.state-read-only`, `servers.disk-full`.
 */
export async function startSupervisor(options: StartOptions): Promise<SupervisorFacts> {
  const home = findHome(process.env);
  ensureHome(home);
  const lock = await lockHome(home);
  const leaving = new AbortController();
  const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

  const proxy = createProxy({
    onEvent: (event) => {
      if (event.type !== "drained") log(`proxy: ${JSON.stringify(event)}`);
    },
  });
  const port = await openEntry(home, proxy, options);
  const workerFile = join(dirname(fileURLToPath(import.meta.url)), "log-worker.js");
  const machinery: Machinery = {
    home,
    proxy,
    log,
    logs: createLogStore({
      directory: home.logs,
      workerFile,
      onProblem: (problem) => log(`logs: ${problem.message}`),
    }),
    secrets: createSecretStore({ directory: home.secrets }),
    databases: createDatabases({ home: home.directory, env: process.env, log }),
    leaving: leaving.signal,
    portsInUse: new Set(),
    routesChanged: () => environments.syncRoutes(),
  };
  const environments = createEnvironments(machinery);
  for (const [name, server] of options.listeners) {
    if (name !== "entry") await proxy.adopt(name, server);
  }
  await environments.recover();

  const identity = await ownIdentity();
  const facts: SupervisorFacts = {
    protocol: protocolVersion,
    program: options.program,
    ...identity,
    port,
    since: new Date().toISOString(),
  };
  const leave = async (): Promise<void> => {
    leaving.abort();
    api.close();
    await machinery.logs.close();
    await lock.release();
  };
  const api = await serveApi(
    home.socket,
    createApi({
      machinery,
      environments,
      facts: () => facts,
      handOver: async (program) => {
        log(`handing over to ${program}`);
        await leave();
        const next = await launchSupervisor({
          home,
          program,
          listeners: proxy.servers(),
          environment: process.env,
        });
        void proxy.close({ limitMs: handOverDrainMs }).finally(() => process.exit(0));
        return next;
      },
      shutDown: async () => {
        if (environments.all.size > 0)
          throw stillUsed([...environments.all.values()].map((one) => one.state.app));
        log("nothing is left to supervise: ending");
        await leave();
        for (const file of [home.supervisorFile, home.socket]) rmSync(file, { force: true });
        void proxy.close({ limitMs: 0 }).finally(() => process.exit(0));
      },
    }),
  );
  await writeFileAtomic(home.supervisorFile, `${JSON.stringify(facts)}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void leave().finally(() => process.exit(0)));
  }
  // A terminal that closes must not take us along.
  process.on("SIGHUP", () => {});
  log(`supervisor ${options.program} listens on 127.0.0.1:${port}`);
  return facts;
}

async function lockHome(home: Home): Promise<{ readonly release: () => Promise<void> }> {
  const lock = await acquireLock(home.lockFile, { what: "supervisor" });
  if (lock.acquired) return lock;
  throw new DeployError({
    code: "servers.already-running",
    message: `A supervisor runs already in ${home.directory} (process ${lock.holder?.pid ?? "unknown"}).`,
    hint: "There is one for each user; use that one.",
    retryable: true,
  });
}

async function openEntry(home: Home, proxy: ReverseProxy, options: StartOptions): Promise<number> {
  const handed = options.listeners.get("entry");
  if (handed !== undefined) return (await proxy.adopt("entry", handed)).port;
  const before = await readJson(
    home.supervisorFile,
    (value): value is SupervisorFacts => typeof value === "object",
  ).catch(() => undefined);
  const wanted = options.port ?? before?.port;
  if (wanted !== undefined) {
    try {
      return (await proxy.listen({ port: wanted, host: "127.0.0.1" })).port;
    } catch (thrown) {
      if (options.port !== undefined) throw portTaken(wanted, thrown);
    }
  }
  const port = await findFreePort({ host: "127.0.0.1", ...usualPorts });
  return (await proxy.listen({ port, host: "127.0.0.1" })).port;
}

function stillUsed(apps: readonly string[]): DeployError {
  return new DeployError({
    code: "servers.still-used",
    message: `The supervisor still has work: ${[...new Set(apps)].join(", ")}.`,
  });
}

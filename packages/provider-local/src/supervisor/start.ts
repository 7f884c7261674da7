import { setMaxListeners } from "node:events";
import { rmSync } from "node:fs";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
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
import { windDown } from "./wind-down.js";

/** The public entry is looked for from here, when nobody asked for a port: 8080, else the next free one. */
const usualPorts = { from: 8080, to: 8179 };
/** How long requests in flight may take when the supervisor is replaced, in milliseconds. */
const handOverDrainMs = 30_000;
/** How long the one who asked for the replacement waits for them at most, in milliseconds. */
const handOverPatienceMs = 5_000;

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
  // Every environment listens to it.
  setMaxListeners(0, leaving.signal);
  const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

  const proxy = createProxy({
    onEvent: (event) => {
      if (event.type !== "drained") log(`proxy: ${JSON.stringify(event)}`);
    },
  });
  const handedOver = new Map(options.listeners);
  const ownPort = handedOver.has("entry") ? undefined : await openEntry(home, proxy, options);
  const workerFile = join(dirname(fileURLToPath(import.meta.url)), "log-worker.js");
  const machinery: Machinery = {
    home,
    // What is handed over is open already, though nobody here answers on it yet.
    proxy: { ...proxy, servers: () => new Map([...handedOver, ...proxy.servers()]) },
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
  await environments.recover();
  // Only now: until we know every route and instance, the supervisor before us answers.
  const adopted = new Map<string, number>();
  for (const [name, server] of options.listeners) {
    adopted.set(name, (await proxy.adopt(name, server)).port);
    handedOver.delete(name);
  }
  const port = ownPort ?? adopted.get("entry") ?? 0;

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
        const launch = (which: string): Promise<SupervisorFacts> =>
          launchSupervisor({
            home,
            program: which,
            listeners: handlesOf(proxy.servers()),
            environment: process.env,
          });
        const end = (): Promise<void> => {
          const ended = Promise.race([windDown([...proxy.servers().values()]), pause(handOverDrainMs)]);
          void ended.then(() => proxy.close()).finally(() => process.exit(0));
          // A rollout may come next, and the new one does not know of requests that are still under way here.
          return Promise.race([ended, pause(handOverPatienceMs)]);
        };
        try {
          const next = await launch(program);
          await end();
          return next;
        } catch (thrown) {
          log(`${program} could not take over: ${(thrown as Error).message}`);
          // We have let go of everything already: another process of our own program picks it up again.
          await launch(options.program);
          await end();
          throw thrown;
        }
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

/**
 * The bare handles of listening servers, to be sent to another process in their place.
 *
 * A server that is received accepts connections at once, and those that come before anybody listens to it would be
 * lost; a handle accepts when it is listened on.
 */
function handlesOf(servers: ReadonlyMap<string, Server>): ReadonlyMap<string, Server> {
  return new Map([...servers].map(([name, server]) => [name, (server as unknown as Handled)._handle]));
}

interface Handled {
  readonly _handle: Server;
}

function stillUsed(apps: readonly string[]): DeployError {
  return new DeployError({
    code: "servers.still-used",
    message: `The supervisor still has work: ${[...new Set(apps)].join(", ")}.`,
  });
}

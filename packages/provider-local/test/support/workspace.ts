import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type AppInput,
  createDeployer,
  DeployError,
  type DeployErrorData,
  type DeployEvent,
  type Deployer,
  defineApp,
  type LogLine,
  type LogQuery,
  type Operation,
  type Target,
} from "@deploy/core";
import { local } from "../../src/index.js";
import { findFreePort } from "../../src/operating-system/free-port.js";
import type { SupervisorFacts } from "../../src/protocol.js";
import { eventually } from "./poll.js";
import { instancesOf, isRunning, processesOf } from "./processes.js";

/** A home and a port of its own, with directories for apps; nothing of it survives {@link Workspace.remove}. */
export interface Workspace {
  readonly root: string;
  readonly home: string;
  readonly port: number;
  /** What the deployers and the command are started with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly target: Target;
  /** Writes files into the directory of an app, which it makes; answers with that directory. */
  files(app: string, files: Readonly<Record<string, string>>): string;
  deployer(input: AppInput, options?: { readonly environment?: string; readonly target?: Target }): Deployer;
  supervisor(): SupervisorFacts;
  /** Pids of what the supervisor has started, sorted. */
  pids(): number[];
  remove(): Promise<void>;
}

/** Ports of the proxies under test: away from those that instances and outgoing connections are given. */
const ports = { from: 15_000, to: 20_000 };

/** Makes a workspace; `home` may lie elsewhere, on a disk of its own. */
export async function createWorkspace(options: { readonly home?: string } = {}): Promise<Workspace> {
  const root = mkdtempSync(join(tmpdir(), "deploy-e2e-"));
  chmodSync(root, 0o700);
  const home = options.home ?? join(root, "home");
  const from = ports.from + Math.floor(Math.random() * (ports.to - ports.from - 500));
  const port = await findFreePort({ host: "127.0.0.1", from, to: ports.to });
  const { DEPLOY_PORT: _, ...inherited } = process.env;
  const env = { ...inherited, DEPLOY_HOME: home, NO_COLOR: "1" };
  const target = local({ port });
  return {
    root,
    home,
    port,
    env,
    target,
    files(app, files) {
      const directory = join(root, "apps", app);
      mkdirSync(directory, { recursive: true });
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
      return directory;
    },
    deployer(input, { environment = "local", target: other = target } = {}) {
      const directory = join(root, "apps", input.name);
      return createDeployer(defineApp(input), { environment, defaultTarget: other, directory, env });
    },
    supervisor: () => JSON.parse(readFileSync(join(home, "supervisor.json"), "utf8")) as SupervisorFacts,
    pids: () =>
      [...new Set([root, home].flatMap((place) => instancesOf(place).map((one) => one.pid)))].sort(
        (a, b) => a - b,
      ),
    async remove() {
      await killAll([root, home]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function killAll(directories: readonly string[]): Promise<void> {
  await eventually("every process of the workspace has ended", () => {
    const left = directories.flatMap((directory) => processesOf(directory));
    // The supervisor first, else it starts again what is killed.
    const order = left.sort((a, b) => Number(isSupervisor(b.argv)) - Number(isSupervisor(a.argv)));
    for (const { pid } of order) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It was faster.
      }
    }
    return left.every(({ pid }) => !isRunning(pid));
  });
}

function isSupervisor(argv: readonly string[]): boolean {
  return argv.some((word) => word.endsWith("supervisor.js") || word === "deploy supervisor");
}

/** The error that something ends with, as data; fails when there is none. */
export async function errorOf(work: PromiseLike<unknown>): Promise<DeployErrorData> {
  try {
    await work;
  } catch (thrown) {
    if (DeployError.is(thrown)) return thrown.toJSON();
    throw thrown;
  }
  throw new Error("it succeeded");
}

/** The events of an operation that ends well. */
export async function eventsOf(operation: Operation<unknown>): Promise<DeployEvent[]> {
  const events: DeployEvent[] = [];
  for await (const event of operation) events.push(event);
  return events;
}

/** Log lines as they are stored now. */
export async function logsOf(deployer: Deployer, query: LogQuery = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of deployer.logs(query)) lines.push(line);
  return lines;
}

/** Asks an app through the proxy. */
export async function ask(
  space: Workspace,
  host: string,
  path = "/",
): Promise<{ readonly status: number; readonly text: string; readonly error: string | null }> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port: space.port, path, agent: false, headers: { host } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.once("error", reject);
        answer.once("end", () => {
          const code = answer.headers["x-deploy-error"];
          resolve({ status: answer.statusCode ?? 0, text, error: typeof code === "string" ? code : null });
        });
      },
    );
    sent.once("error", reject);
    sent.end();
  });
}

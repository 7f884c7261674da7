import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { emulatorFiles } from "./needs.js";
import { run } from "./program.js";

/** An emulator of AWS that runs. What each does and does not do is in `docs/testing-ecs.md`. */
export interface Emulator {
  readonly kind: "moto" | "ministack";
  /** Answers for every service and region. The port stays the same over a restart. */
  readonly url: URL;
  /** Makes it empty; one that has grown too large is started anew. */
  reset(): Promise<void>;
  /** Ends it, and with it what it has started. */
  stop(): Promise<void>;
}

/** How moto is started. */
export interface MotoOptions {
  /** Seconds until a requested certificate is issued, whether or not its record exists. Default 2. */
  readonly certificateWait?: number;
  /** How many tasks every service claims to run; without it a service never has any. Default: none. */
  readonly servicesRunning?: number;
}

/** How ministack is started. */
export interface MinistackOptions {
  /** Tasks are containers of the Docker Engine; else they are records that are RUNNING at once. */
  readonly docker: boolean;
  /** What the names of images begin with that the emulator runs by itself, such as `postgres:17-alpine` for RDS. */
  readonly imagePrefix?: string;
}

/** Above this much resident memory a reset starts the emulator anew, bytes; ministack needs 500 MB with all services. */
const memoryLimit = { moto: 400_000_000, ministack: 900_000_000 } as const;
const startLimitMs = 60_000;

/**
 * Starts moto's server on a free port of 127.0.0.1; about 1.5 s.
 *
 * @throws Error with the end of its output when it does not come up.
 */
export function startMoto({ certificateWait = 2, servicesRunning }: MotoOptions = {}): Promise<Emulator> {
  return start({
    kind: "moto",
    module: "moto.server",
    args: (port) => ["-H", "127.0.0.1", "-p", String(port)],
    env: () => ({
      MOTO_ACM_VALIDATION_WAIT: String(certificateWait),
      MOTO_ENABLE_AMI_VALIDATION: "1",
      MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: "1",
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
      ...(servicesRunning === undefined ? {} : { MOTO_ECS_SERVICE_RUNNING: String(servicesRunning) }),
    }),
    ready: "/moto-api/",
    reset: "/moto-api/reset",
  });
}

/**
 * Starts ministack on a free port of 127.0.0.1; about 2.5 s. Its containers bear the label `ministack.instance` with its
 * port, so that several at once do not touch each other's.
 *
 * @throws Error with the end of its output when it does not come up.
 */
export async function startMinistack({ docker, imagePrefix }: MinistackOptions): Promise<Emulator> {
  const network = docker ? await createNetwork() : undefined;
  const emulator = await start({
    kind: "ministack",
    module: "ministack",
    args: () => [],
    env: (port, directory) => ({
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      STATE_DIR: join(directory, "state"),
      S3_DATA_DIR: join(directory, "s3"),
      TMPDIR: directory,
      IOT_MTLS_ENABLED: "0",
      SFTP_ENABLED: "0",
      LOG_LEVEL: "WARNING",
      ...(network === undefined ? { DEPLOY_WITHOUT_DOCKER: "1" } : { DOCKER_NETWORK: network }),
      ...(imagePrefix === undefined ? {} : { MINISTACK_IMAGE_PREFIX: imagePrefix }),
    }),
    ready: "/_ministack/health",
    reset: "/_ministack/reset",
  });
  if (network === undefined) return emulator;
  return {
    ...emulator,
    async stop() {
      await emulator.stop();
      await run(["docker", "network", "rm", network]);
    },
  };
}

const networkLabel = "deploy.test=ministack";

/** A network of Docker, in which containers know each other by name. Those of runs that were killed are removed. */
async function createNetwork(): Promise<string> {
  await run([
    "docker",
    "network",
    "prune",
    "--force",
    "--filter",
    `label=${networkLabel}`,
    "--filter",
    "until=1h",
  ]);
  const name = `deploy-test-${process.pid}-${Date.now()}`;
  const made = await run(["docker", "network", "create", "--label", networkLabel, name]);
  if (made.code !== 0) throw new Error(`docker network create: ${made.stderr.trim()}`);
  return name;
}

interface Recipe {
  readonly kind: Emulator["kind"];
  readonly module: string;
  readonly args: (port: number) => readonly string[];
  readonly env: (port: number, directory: string) => Readonly<Record<string, string>>;
  readonly ready: string;
  readonly reset: string;
}

const serve: string = new URL("../../../../scripts/emulators/serve.py", import.meta.url).pathname;

async function start(recipe: Recipe): Promise<Emulator> {
  const { python } = await emulatorFiles();
  const directory = await mkdtemp(join(tmpdir(), `deploy-${recipe.kind}-`));
  let port = await freePort();
  let running: Running | undefined;
  // Between our asking for a free port and the emulator's taking it, somebody else may.
  for (let tries = 1; running === undefined; tries += 1) {
    try {
      running = await launch(recipe, python, port, directory);
    } catch (error) {
      if (tries === 3) {
        await rm(directory, { recursive: true, force: true });
        throw error;
      }
      port = await freePort();
    }
  }
  const url = new URL(`http://127.0.0.1:${port}`);
  return {
    kind: recipe.kind,
    url,
    async reset() {
      const answer = await fetch(new URL(recipe.reset, url), { method: "POST" }).catch(() => undefined);
      const isSmall = running !== undefined && (await memoryOf(running.child)) < memoryLimit[recipe.kind];
      if (answer?.ok === true && isSmall) return;
      await running?.end();
      running = await launch(recipe, python, port, directory);
    },
    async stop() {
      // What its containers are is known only to itself.
      if (recipe.kind === "ministack")
        await fetch(new URL(recipe.reset, url), { method: "POST" }).catch(() => {});
      await running?.end();
      running = undefined;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  end(): Promise<void>;
}

async function launch(recipe: Recipe, python: string, port: number, directory: string): Promise<Running> {
  const { AWS_ENDPOINT_URL: _endpoint, AWS_PROFILE: _profile, ...inherited } = process.env;
  const child = spawn(python, [serve, recipe.module, ...recipe.args(port)], {
    cwd: directory,
    env: { ...inherited, ...recipe.env(port, directory) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-4000);
    });
  }
  child.stdin.on("error", () => {});
  let hasEnded = false;
  const ended = once(child, "close").then(() => {
    hasEnded = true;
  });
  ended.catch(() => {});
  const end = async (): Promise<void> => {
    if (hasEnded) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended.catch(() => {});
    clearTimeout(timer);
  };
  const limit = Date.now() + startLimitMs;
  while (Date.now() < limit && !hasEnded) {
    const answer = await fetch(`http://127.0.0.1:${port}${recipe.ready}`, {
      signal: AbortSignal.timeout(5000),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true && !hasEnded) return { child, end };
    await sleep(50);
  }
  await end();
  throw new Error(`${recipe.kind} did not come up on port ${port}:\n${output}`);
}

/** Resident bytes; 0 where the system does not say. */
async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** A port of 127.0.0.1 that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

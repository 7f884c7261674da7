import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type App,
  type AppInput,
  type Clock,
  createDeployer,
  type DeployError,
  type DeployEvent,
  type Deployer,
  defineApp,
  DeployError as Failure,
  systemClock,
  type UpResult,
} from "@deploy/core";
import { createHerokuDouble, type DoubleOptions, type HerokuDouble } from "@deploy/heroku-double";
import { type HerokuOptions, heroku } from "../src/index.js";
import { token } from "./bench.js";

/** Pauses last a twentieth: the double needs none of Heroku's. */
const quickClock: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / 20), signal),
};

/** In which a second of waiting takes twenty: for limits of an hour. */
export function hurriedClock(): Clock {
  let skipped = 0;
  return {
    now: () => systemClock.now() + skipped,
    async sleep(milliseconds, signal) {
      skipped += milliseconds * 20;
      await systemClock.sleep(5, signal);
    },
  };
}

/** Whether this machine can build images and take them: Docker and Debian's registry. */
export const canPush: boolean = works("docker", ["info"]) && works("docker-registry", ["--version"]);

function works(program: string, argv: readonly string[]): boolean {
  try {
    execFileSync(program, argv, { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** An app in a directory of its own, deployed to a double of Heroku. */
export interface Stage {
  readonly double: HerokuDouble;
  readonly directory: string;
  readonly log: string[];
  readonly output: string[];
  /** Of the deployers that are made from now on. Default: pauses last a twentieth. */
  clock: Clock;
  write(files: Readonly<Record<string, string>>): void;
  deployer(
    app?: Partial<AppInput>,
    options?: HerokuOptions,
    environment?: string,
    env?: Readonly<Record<string, string>>,
  ): Deployer;
  /** Deploys, and hands back what came of it. */
  up(app?: Partial<AppInput>, options?: HerokuOptions): Promise<UpResult>;
  /** Deploys, and hands back why it failed; a deployment that "succeeds" fails the test. */
  failure(app?: Partial<AppInput>, options?: HerokuOptions): Promise<DeployError>;
  close(): Promise<void>;
}

const server = `
import { createServer } from "node:http";
console.log("greeting is", process.env.GREETING);
createServer((request, response) => {
  response.statusCode = request.url === "/healthz" ? Number(process.env.HEALTH ?? 200) : 200;
  response.end(process.env.GREETING ?? "none");
}).listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`;

/** A stage, with an app of web and worker in it. */
export async function createStage(
  options: DoubleOptions = {},
  given: HerokuOptions = { build: "there" },
): Promise<Stage> {
  const double = await createHerokuDouble({
    databases: false,
    registry: given.build !== "there",
    delays: { boot: 2_000, shutdown: 300, ...options.delays },
    ...options,
  });
  const directory = mkdtempSync(join(tmpdir(), "deploy-heroku-stage-"));
  const log: string[] = [];
  const output: string[] = [];
  const endpoints = {
    api: double.url,
    data: double.dataUrl,
    metrics: double.metricsUrl,
    ...(double.registryUrl === undefined ? {} : { registry: double.registryUrl }),
  };
  const certificate = join(directory, "..", `rendezvous-${process.pid}-${Date.now()}.pem`);
  writeFileSync(certificate, double.certificate);
  const stage: Stage = {
    double,
    directory,
    log,
    output,
    clock: quickClock,
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true });
        writeFileSync(join(directory, name), text);
      }
    },
    deployer(input = {}, more = {}, environment = "staging", env = {}) {
      const app: App = defineApp({
        name: "shop",
        processes: {
          web: { command: "node web.mjs", health: { path: "/healthz", startWithin: "2 s" } },
          worker: { command: "node worker.mjs" },
        },
        config: { GREETING: "hello" },
        ...input,
        environments: { [environment]: { target: heroku({ endpoints, ...given, ...more }) } },
      } as AppInput) as App;
      return createDeployer(app, {
        environment,
        directory,
        clock: stage.clock,
        env: { ...process.env, HEROKU_API_KEY: token, SSL_CERT_FILE: certificate, ...env },
      } as Parameters<typeof createDeployer>[1]);
    },
    async up(input, more) {
      const operation = stage.deployer(input, more).up();
      for await (const event of operation) note(event);
      return operation.result;
    },
    async failure(input, more) {
      try {
        await stage.up(input, more);
      } catch (error) {
        if (Failure.is(error)) return error;
        throw error;
      }
      throw new Error("the deployment says that it succeeded");
    },
    async close() {
      await double.close();
      rmSync(directory, { recursive: true, force: true });
      rmSync(certificate, { force: true });
    },
  };
  const note = (event: DeployEvent): void => {
    if (event.type === "output") output.push(event.message);
    else log.push(event.message);
  };
  stage.write({
    Dockerfile: "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node web.mjs\n",
    ".dockerignore": "node_modules\n",
    "web.mjs": server,
    "worker.mjs": 'setInterval(() => console.log("tick"), 50); process.on("SIGTERM", () => process.exit(0));',
  });
  return stage;
}

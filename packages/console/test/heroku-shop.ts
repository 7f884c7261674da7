import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, type AppInput, createDeployer, defineApp, redact, systemClock } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { heroku } from "@deploy/provider-heroku";
import type { ConsoleOptions } from "../src/options.js";

const token = "owner-token";

const server = `
import { createServer } from "node:http";
console.log("greeting is", process.env.GREETING);
createServer((request, response) => {
  console.log("asked for", request.url);
  response.end(process.env.GREETING ?? "none");
}).listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`;

const worker = `
setInterval(() => console.log("works"), 1000);
process.on("SIGTERM", () => process.exit(0));
`;

/** An app that runs at a double of Heroku, in a team, in an environment that is protected. */
export interface HerokuShop {
  readonly double: HerokuDouble;
  /** What a console is started with, to show it. */
  readonly options: Partial<ConsoleOptions>;
  /** The app as the double knows it. */
  atHeroku(): HerokuDouble["state"]["apps"][number];
  /** Releases it with another greeting. */
  up(greeting: string): Promise<number>;
  /** Asks the app, as its users would. */
  ask(path?: string): Promise<string>;
  /** Ends the double, and answers with what it found wrong. */
  end(): Promise<{ readonly violations: readonly unknown[]; readonly failures: readonly unknown[] }>;
}

/** Deploys it once; its secret is `k3y-of-the-shop`. Dynos are real processes, the rest is the double's. */
export async function createHerokuShop(people: readonly string[]): Promise<HerokuShop> {
  const double = await createHerokuDouble({
    accounts: [
      { email: "owner@example.org", tokens: [token], teams: { acme: "admin" } },
      ...people.map((email) => ({ email, tokens: [`token of ${email}`] })),
    ],
    databases: false,
    registry: false,
    delays: { boot: 5_000, shutdown: 300 },
  });
  const root = mkdtempSync(join(tmpdir(), "deploy-console-heroku-"));
  const certificate = join(root, "rendezvous.pem");
  writeFileSync(certificate, double.certificate);
  const directory = mkdtempSync(join(root, "shop-"));
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  write("Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node web.mjs\n");
  write("web.mjs", server);
  write("worker.mjs", worker);
  const env = { ...process.env, HEROKU_API_KEY: token, SSL_CERT_FILE: certificate };
  const target = heroku({
    team: "acme",
    build: "there",
    transport: "fetch",
    endpoints: { api: double.url, data: double.dataUrl, metrics: double.metricsUrl },
  });
  const declared = (greeting: string): App => {
    const input: AppInput = {
      name: "shop",
      processes: { web: { command: "node web.mjs" }, worker: { command: "node worker.mjs" } },
      release: "echo migrates",
      secrets: ["SECRET_KEY"],
      config: { GREETING: greeting },
      environments: { production: { target, protected: true, domains: { "www.shop.example": "web" } } },
    };
    return defineApp(input);
  };
  let app = declared("first");
  // The double needs none of Heroku's pauses.
  const clock = {
    now: () => systemClock.now(),
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.ceil(ms / 20), signal),
  };
  const up = async (greeting: string): Promise<number> => {
    app = declared(greeting);
    write("greeting.txt", greeting);
    const deployer = createDeployer(app, { environment: "production", directory, env, clock } as Parameters<
      typeof createDeployer
    >[1]);
    const secrets = { SECRET_KEY: redact("k3y-of-the-shop") };
    const { release } = await deployer.up({ confirm: "production", secrets });
    if (release === undefined) throw new Error("nothing is in service");
    return release;
  };
  await up("first");
  const atHeroku = (): HerokuDouble["state"]["apps"][number] => {
    const found = double.state.apps.find(({ name }) => name === "shop-production");
    if (found === undefined) throw new Error("the double has no such app");
    return found;
  };
  return {
    double,
    options: { load: async () => ({ apps: [{ app, directory }], problems: [] }), env, shellApps: ["shop"] },
    atHeroku,
    ask: async (path = "/") => (await fetch(new URL(path, atHeroku().webUrl))).text(),
    up,
    end: async () => {
      const { violations, failures } = double;
      await double.close();
      rmSync(root, { recursive: true, force: true });
      return { violations, failures };
    },
  };
}

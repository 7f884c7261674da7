import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDeployer, type Deployer, defineApp, redact, systemClock } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { heroku } from "../src/index.js";
import { token } from "./bench.js";

const app = "/apps/shop-staging";

/** All that a plan of an app with everything reads at once: none of these may wait for another's answer. */
const wave = [
  "/account",
  app,
  ...[
    "addon-attachments",
    "addons",
    "builds",
    "config-vars",
    "domains",
    "dynos",
    "formation",
    "releases",
    "sni-endpoints",
  ].map((part) => `${app}/${part}`),
];

describe("a plan of what is as it should be", () => {
  const directory = mkdtempSync(join(tmpdir(), "deploy-heroku-no-op-"));
  let double: HerokuDouble;
  /** Paths that were asked for, in their order. */
  let asked: string[] = [];
  let hold: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    double = await createHerokuDouble({
      databases: false,
      registry: false,
      delays: { certificateStep: 1, shutdown: 300 },
    });
    for (const [name, text] of Object.entries({
      Dockerfile: "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node web.mjs\n",
      "web.mjs": `import { createServer } from "node:http";
createServer((_request, response) => response.end("ok")).listen(process.env.PORT);
process.on("SIGTERM", () => process.exit(0));`,
      "worker.mjs": 'setInterval(() => undefined, 1_000); process.on("SIGTERM", () => process.exit(0));',
    }))
      writeFileSync(join(directory, name), text);
    await deployer().up({ secrets: { SECRET_KEY: redact("k3y-of-the-test") } });
  }, 60_000);

  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    const { failures, violations } = double;
    await double.close();
    expect({ failures, violations }).toEqual({ failures: [], violations: [] });
  });

  /** A new one each time, as each command is: nothing is remembered from the last. */
  function deployer(): Deployer {
    const input = defineApp({
      name: "shop",
      processes: { web: { command: "node web.mjs" }, worker: { command: "node worker.mjs", instances: 2 } },
      release: "echo migrated",
      config: { GREETING: "hello" },
      secrets: ["SECRET_KEY"],
      addons: { db: { kind: "postgres", backup: false }, queue: { kind: "redis" } },
      environments: {
        staging: {
          target: heroku({
            build: "there",
            transport: "fetch",
            endpoints: { api: double.url, data: double.dataUrl, metrics: double.metricsUrl },
          }),
          domains: { "www.example.test": "web" },
        },
      },
    });
    return createDeployer(input, {
      environment: "staging",
      directory,
      env: { PATH: process.env.PATH, HOME: directory, HEROKU_API_KEY: token },
      clock: {
        now: () => systemClock.now(),
        sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / 20), signal),
      },
      fetch: async (input, init) => {
        const path = new URL(String(input)).pathname;
        asked.push(path);
        const response = await fetch(input, init);
        await hold?.();
        return response;
      },
    });
  }

  it("is one wave of reads, and one question more for each database: whether it is ready", async () => {
    asked = [];
    let release = (): void => undefined;
    const complete = new Promise<void>((resolve) => {
      release = resolve;
    });
    // No answer is given before every question of the wave was asked: one that waits for an answer never is.
    hold = () => {
      if (wave.every((path) => asked.includes(path))) release();
      return complete;
    };
    const patience = setTimeout(release, 20_000);
    const planned = deployer().plan();
    await complete;
    const first = [...asked];
    hold = undefined;
    const { changes } = await planned;
    clearTimeout(patience);
    expect(changes).toEqual([]);
    expect(first.toSorted()).toEqual(wave.toSorted());
    // The data host knows a database by its id, which the list of add-ons tells.
    expect(asked.slice(first.length)).toEqual([
      expect.stringMatching(/^\/client\/v11\/databases\/[^/]+\/wait_status$/),
    ]);
    console.info(`a plan without changes: ${asked.length} calls`);
  });

  it("costs an up without changes those calls, and those of its lock", async () => {
    asked = [];
    await deployer().up();
    console.info(`an up without changes: ${asked.length} calls`);
    // Heroku gives an account 75 calls a minute to go on with.
    expect(asked.length).toBeLessThanOrEqual(20);
  });

  type App = HerokuDouble["state"]["apps"][number];
  const typeOf = ({ formation }: App, name: string) => formation.find(({ type }) => type === name)!;

  it.each<[what: string, change: (app: App) => () => void, id: string]>([
    [
      "the number of dynos",
      (found) => {
        typeOf(found, "worker").quantity = 1;
        return () => Object.assign(typeOf(found, "worker"), { quantity: 2 });
      },
      "containers/shop-staging/processes",
    ],
    [
      "the size of dynos",
      (found) => {
        const { size } = typeOf(found, "worker");
        typeOf(found, "worker").size = "Standard-2X";
        return () => Object.assign(typeOf(found, "worker"), { size });
      },
      "containers/shop-staging/processes",
    ],
    [
      "a config var",
      (found) => {
        found.config.GREETING = "by hand";
        return () => Object.assign(found.config, { GREETING: "hello" });
      },
      "containers/shop-staging/release",
    ],
    [
      "a domain",
      (found) => {
        const domains = [...found.domains];
        found.domains = domains.filter(({ kind }) => kind !== "custom");
        return () => Object.assign(found, { domains });
      },
      "ingress/shop-staging/domain/www.example.test",
    ],
    [
      "the stack",
      (found) => {
        const { buildStack } = found;
        found.buildStack = "heroku-24";
        return () => Object.assign(found, { buildStack });
      },
      "servers/shop-staging/app",
    ],
  ])("sees that %s was changed by hand", async (_what, change, id) => {
    const [found] = double.state.apps;
    const putBack = change(found!);
    try {
      const { changes } = await deployer().plan();
      expect(changes.map((one) => one.id)).toContain(`heroku/${id}`);
    } finally {
      putBack();
    }
    expect((await deployer().plan()).changes).toEqual([]);
  });

  it("says that maintenance mode is on, and leaves it on: it is switched by hand, for a reason", async () => {
    const [found] = double.state.apps;
    Object.assign(found!, { maintenance: true });
    const { servers } = await deployer().status();
    expect(servers[0]?.description).toContain("in maintenance mode");
    expect((await deployer().plan()).changes).toEqual([]);
    Object.assign(found!, { maintenance: false });
  });
});

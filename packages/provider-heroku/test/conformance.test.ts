import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformance } from "@deploy/conformance/vitest";
import { type Clock, type Scope, systemClock } from "@deploy/core";
import { createHerokuDouble, type State } from "@deploy/heroku-double";
import pg from "pg";
import { afterAll } from "vitest";
import { heroku } from "../src/index.js";
import { leaseNameOf } from "../src/lease.js";
import { appNameOf, idOf } from "../src/names.js";
import { createSurroundings } from "../src/surroundings.js";
import { token } from "./bench.js";

/** Pauses last a tenth: the double needs none of Heroku's. */
const clock: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / 10), signal),
};

/** Without Postgres the add-ons are tried all the same, but not their data. */
const databases = existsSync("/usr/lib/postgresql");
if (!databases) console.warn("skipped: data of add-ons, as Postgres is not installed");

const directory = mkdtempSync(join(tmpdir(), "deploy-heroku-conformance-"));
const certificate = join(directory, "rendezvous.pem");
const double = await createHerokuDouble({
  databases,
  registry: false,
  delays: { boot: 2_000, shutdown: 300, certificateStep: 5 },
  rateLimit: { capacity: 1_000_000, perMinute: 75 },
});
const endpoints = { api: double.url, data: double.dataUrl, metrics: double.metricsUrl };
mkdirSync(join(directory, "app"));
writeFileSync(certificate, double.certificate);
writeFileSync(
  join(directory, "app", "Dockerfile"),
  "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node web.mjs\n",
);
writeFileSync(
  join(directory, "app", "web.mjs"),
  `import { createServer } from "node:http";
createServer(async (request, response) => {
  if (request.url === "/print") for await (const chunk of request) process.stdout.write(chunk);
  response.end("ok");
}).listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`,
);
afterAll(async () => {
  await double.close();
  rmSync(directory, { recursive: true, force: true });
});

const find = (scope: Scope): State["apps"][number] => {
  const app = double.state.apps.find(({ name }) => name === appNameOf(scope));
  if (app === undefined) throw new Error(`no app of ${scope.app}`);
  return app;
};

async function call(method: string, path: string, body: unknown): Promise<void> {
  const headers = {
    accept: "application/vnd.heroku+json; version=3",
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  };
  const response = await fetch(double.url + path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

async function sql(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly { readonly text: string }[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<{ text: string }>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

conformance({
  // Faults are made by way of the context's fetch; the other transport has its contract test.
  // Scaling needs dynos of which there may be more than one.
  provider: () => heroku({ transport: "fetch", build: "there", endpoints, sizes: { web: "standard-1x" } }),
  context: { env: { ...process.env, HEROKU_API_KEY: token, SSL_CERT_FILE: certificate }, clock },
  secrets: [token],
  timeouts: { scenario: 90_000, abort: 5_000 },
  expectedFailures: {
    "images: made twice there is one, and changed twice it is as it should be":
      "Heroku builds as it releases, so that the image alone is nothing to be made: releases.test.ts",
    "containers: the release command runs once for an image, before its processes, and again when asked":
      "Heroku runs it in each release, that of config alone included: releases.test.ts, honest-outcomes.test.ts",
  },
  fixtures: {
    app: { directory: join(directory, "app"), build: { dockerfile: "Dockerfile" }, web: "node web.mjs" },
    inspect: async (scope) => {
      const own = createSurroundings({ endpoints });
      const names = [appNameOf(scope), leaseNameOf(own, scope)];
      return double.state.apps.map(({ name }) => name).filter((name) => names.includes(name));
    },
    ...(databases && {
      data: {
        postgres: {
          async write(url: string, text: string): Promise<void> {
            await sql(url, "CREATE TABLE IF NOT EXISTS kit (text text)");
            await sql(url, "DELETE FROM kit");
            await sql(url, "INSERT INTO kit VALUES ($1)", [text]);
          },
          read: async (url: string): Promise<string | undefined> =>
            (await sql(url, "SELECT text FROM kit"))[0]?.text,
        },
      },
    }),
    print: async (scope, lines) => {
      const body = lines.map((line) => `${line}\n`).join("");
      // At the dyno itself: the router would add a line of its own.
      const port = find(scope).dynos.find(({ type }) => type === "web")?.port;
      await fetch(`http://127.0.0.1:${port}/print`, { method: "POST", body });
    },
    ask: async (_url, host) => {
      const app = double.state.apps.find(({ domains, webUrl }) =>
        [new URL(webUrl).hostname, ...domains.map(({ hostname }) => hostname)].includes(host),
      );
      if (app === undefined) return { status: 404, text: "" };
      const response = await fetch(app.webUrl);
      return { status: response.status, text: await response.text() };
    },
    tamper: {
      stack: (scope) => call("PATCH", `/apps/${appNameOf(scope)}`, { build_stack: "heroku-24" }),
      secret: async (scope) => {
        const { config } = find(scope);
        for (const name of Object.keys(config)) if (name.startsWith("KIT_")) delete config[name];
      },
      // A number that is not declared is whatever it was scaled to: stories.test.ts has one that is.
      formation: (scope) =>
        call("PATCH", `/apps/${appNameOf(scope)}/formation`, {
          updates: [{ type: "web", size: "standard-2x" }],
        }),
    },
    foreign: {
      app: {
        plant: async (scope) => {
          await call("POST", "/apps", { name: appNameOf(scope), stack: "container" });
          await call("PATCH", `/apps/${appNameOf(scope)}/config-vars`, { BY_HAND: "stays" });
        },
        untouched: async (scope) => find(scope).config.BY_HAND === "stays",
        remove: async (scope) => {
          const there = double.state.apps.some(({ name }) => name === appNameOf(scope));
          if (there) await call("DELETE", `/apps/${appNameOf(scope)}`, undefined);
        },
        id: (scope) => idOf("servers", appNameOf(scope), "app"),
      },
    },
  },
});

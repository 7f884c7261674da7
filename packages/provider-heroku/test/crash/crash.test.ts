import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashEveryPoint, createFaultProxy, describeReport, runClient } from "@deploy/conformance";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { token } from "../bench.js";
import { foreignPictureOf, type Picture, pictureOf, theirApp, theirVars } from "./picture.js";
import { together } from "./proxies.js";

/*
 * Kill -9 before and after mutating calls of up, redeploy and down, at the Platform API and at the host of databases; then
 * the same again, and what is there must be what an undisturbed run leaves: no second add-on that costs money, nothing of
 * somebody else's touched, no lock and no app left over. After each point everything is taken down, and nothing stays.
 *
 * A sample by its seed; all points with DEPLOY_CRASH_ALL=1, as `npm run crash` does. The upload of the source goes to an
 * address of its own, which is not among the points: it changes nothing until the build that follows is asked for.
 */

const missing = ["/usr/lib/postgresql", "/usr/bin/psql", "/usr/bin/redis-server"].filter(
  (one) => !existsSync(one),
);
if (missing.length > 0) console.warn(`skipped: not installed: ${missing.join(", ")}`);
const seed = Number(process.env.DEPLOY_CRASH_SEED ?? 1);
const isWhole = process.env.DEPLOY_CRASH_ALL === "1";

/** All is named that holds data. */
const down = ["down", "db", "queue", "SECRET_KEY"] as const;

const sourceOf = (version: string): Readonly<Record<string, string>> => ({
  Dockerfile: "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node web.mjs\n",
  "web.mjs": `import { createServer } from "node:http";
createServer((_request, response) => response.end("${version} says " + process.env.GREETING)).listen(process.env.PORT);
process.on("SIGTERM", () => process.exit(0));\n`,
  "worker.mjs": 'setInterval(() => undefined, 1_000); process.on("SIGTERM", () => process.exit(0));\n',
});

describe.skipIf(missing.length > 0)("a killed run on Heroku is finished by running it again", () => {
  let directory: string;
  let double: HerokuDouble;
  let proxies: Awaited<ReturnType<typeof together>>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-heroku-crash-"));
    for (const version of ["one", "two"]) {
      mkdirSync(join(directory, version));
      for (const [name, text] of Object.entries(sourceOf(version)))
        writeFileSync(join(directory, version, name), text);
    }
    const root = new URL("../../../", import.meta.url).pathname;
    await build({
      entryPoints: [join(root, "provider-heroku/test/crash/client.ts")],
      bundle: true,
      splitting: true,
      platform: "node",
      format: "esm",
      target: "node20",
      outdir: directory,
      outExtension: { ".js": ".mjs" },
      external: ["pg-native"],
      logLevel: "error",
      alias: { "@deploy/core": join(root, "core/src/index.ts") },
      banner: {
        js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
      },
    });
    double = await createHerokuDouble({
      registry: false,
      delays: { shutdown: 500, certificateStep: 1 },
      rateLimit: { capacity: 10_000_000, perMinute: 75 },
    });
    proxies = together({
      api: await createFaultProxy({ target: new URL(double.url) }),
      data: await createFaultProxy({ target: new URL(double.dataUrl) }),
    });
    await call("POST", "/apps", { name: theirApp });
    await call("PATCH", `/apps/${theirApp}/config-vars`, theirVars);
    await call("POST", `/apps/${theirApp}/addons`, { plan: "papertrail:fixa", name: "their-own-logs" });
  }, 120_000);
  afterAll(async () => {
    const { failures = [], violations = [], unserved = [] } = double ?? {};
    await proxies?.close();
    await double?.close();
    await rm(directory, { recursive: true, force: true });
    expect({ failures, violations, unserved }).toEqual({ failures: [], violations: [], unserved: [] });
  });

  const call = async (method: string, path: string, body: unknown): Promise<void> => {
    const response = await fetch(double.url + path, {
      method,
      headers: {
        accept: "application/vnd.heroku+json; version=3",
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };
  const run = (words: readonly string[], hosts: { api: string; data: string }, killed?: AbortSignal) =>
    runClient([process.execPath, join(directory, "client.mjs"), ...words], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        HEROKU_API_KEY: token,
        HEROKU_API_URL: hosts.api,
        HEROKU_DATA_URL: hosts.data,
        HEROKU_METRICS_URL: double.metricsUrl,
      },
      ...(killed === undefined ? {} : { killed }),
    });
  const must = async (...words: readonly string[]): Promise<void> => {
    const { code, output } = await run(words, { api: double.url, data: double.dataUrl });
    if (code !== 0) throw new Error(`${words.join(" ")}:\n${output}`);
  };
  /** Takes down what is there, and looks that nothing stays but what is somebody else's. */
  const clean = async (): Promise<void> => {
    const theirs = double.state.addons.some(({ name }) => name === "their-logs");
    await must(...down, ...(theirs ? ["their-logs"] : []));
    const { apps, addons } = await pictureOf(double);
    expect({ apps, addons }).toEqual({ apps: [], addons: [] });
  };

  it.each<readonly [operation: string, words: readonly string[], before: readonly (readonly string[])[]]>([
    ["up", ["up", "one"], []],
    ["redeploy", ["up", "two"], [["up", "one"]]],
    ["down", down, [["up", "two"]]],
  ])(
    "%s",
    async (operation, words, before) => {
      const report = await crashEveryPoint<Picture>({
        proxy: proxies,
        start: (_endpoint, killed) => run(words, proxies.hosts, killed),
        observe: () => pictureOf(double),
        observeForeign: async () => foreignPictureOf(double),
        async reset() {
          await clean();
          for (const one of before) await must(...one);
          if (operation === "redeploy") {
            await call("PATCH", "/apps/shop-staging/config-vars", theirVars);
            await call("POST", "/apps/shop-staging/addons", { plan: "papertrail:fixa", name: "their-logs" });
          }
          double.ledger.reset();
        },
        ...(isWhole
          ? { progress: (line: string) => console.error(`${operation}: ${line}`) }
          : { sample: { count: 2, seed } }),
      });
      expect(report.ok, describeReport(report)).toBe(true);
      await clean();
    },
    7_200_000,
  );
});

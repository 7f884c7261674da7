import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceProvider, referenceVendor } from "@deploy/conformance";
import { createDeployer, type DeployEvent, defineApp, redact, systemClock } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { heroku } from "@deploy/provider-heroku";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { provideBaseImage } from "../../test-support/base-image.js";
import { createSandbox, type Ended, eventually, type Sandbox } from "../../test-support/deploy.js";
import declared from "../deploy.config.js";

const token = "token-of-owner";
const hasPostgres = works("postgres", "--version") && works("psql", "--version");
const hasRedis = works("redis-server", "--version");
if (!hasPostgres || !hasRedis) {
  console.warn("examples/heroku is skipped: it needs postgres, psql and redis-server on the PATH");
}
const canPush = works("docker", "info") && works("docker-registry", "--version");
if (!canPush) console.warn("examples/heroku by image push is skipped: it needs docker and docker-registry");

function works(program: string, argument: string): boolean {
  try {
    execFileSync(program, [argument], { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasPostgres || !hasRedis)("examples/heroku", { timeout: 180_000 }, () => {
  let box: Sandbox;
  let double: HerokuDouble;
  let env: Record<string, string>;
  const deploy = (args: readonly string[], input?: string): Promise<Ended> => box.deploy(args, input);
  const succeed = async (...args: readonly string[]): Promise<string> => {
    const ended = await deploy(args);
    expect(ended, `${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`).toMatchObject({ exitCode: 0 });
    return ended.stdout;
  };

  beforeAll(async () => {
    double = await createHerokuDouble({ delays: { addonProvisioning: 300, domainTarget: 300 } });
    box = await createSandbox("heroku", ["provider-heroku"]);
    const certificate = join(box.directory, "..", "rendezvous.pem");
    writeFileSync(certificate, double.certificate);
    env = {
      HEROKU_API_KEY: token,
      HEROKU_API_URL: double.url,
      HEROKU_DATA_URL: double.dataUrl,
      HEROKU_METRICS_URL: double.metricsUrl,
      ...(double.registryUrl === undefined ? {} : { HEROKU_REGISTRY_URL: double.registryUrl }),
      SSL_CERT_FILE: certificate,
    };
    Object.assign(box.env as Record<string, string>, env);
  });
  afterAll(async () => {
    await box?.remove();
    await double?.close();
    expect(double?.failures).toEqual([]);
    expect(double?.violations).toEqual([]);
  });

  const appOf = (name: string) => double.state.apps.find((one) => one.name === name);
  const pairsAt = async (url: string, init?: RequestInit): Promise<number> => {
    const answer = await fetch(url, init);
    return ((await answer.json()) as { pairs: number }).pairs;
  };

  it("runs on this machine, by the same file", async () => {
    const secret = await deploy(["secrets", "set", "SECRET_KEY"], "k3y-of-the-example");
    expect(secret.exitCode, secret.stderr).toBe(0);
    expect(secret.stderr).toContain("with the next release");
    await succeed("up");
    const answer = await box.ask("dedupe-service.localhost", "/", { method: "POST" });
    expect(JSON.parse(answer.body)).toMatchObject({ pairs: 1 });
    await eventually(async () =>
      (await succeed("logs", "worker")).includes("worked on one more") ? true : undefined,
    );
    await succeed("down", "--confirm", "dedupe-service", "--delete-data", "all");
    expect(await box.leftovers()).toEqual([]);
  });

  it("goes up on Heroku from an empty account, built there: add-ons, extensions, migration, both dynos", async () => {
    expect(double.state.apps).toEqual([]);
    const secret = await deploy(["secrets", "set", "SECRET_KEY", "-e", "staging"], "k3y-of-the-example");
    expect(secret.stderr).toContain("in force at once");
    const url = (await succeed("up", "-e", "staging")).trim();
    const app = appOf("dedupe-service-staging");
    expect(double.state.addons.map(({ plan }) => plan).sort()).toEqual([
      "heroku-postgresql:essential-0",
      "heroku-redis:mini",
    ]);
    expect(app?.dynos.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      "web.1 up",
      "worker.1 up",
    ]);
    expect(await pairsAt(url, { method: "POST" })).toBe(1);
    await eventually(async () =>
      (await succeed("logs", "worker", "-e", "staging")).includes("worked on one more") ? true : undefined,
    );
    expect(await succeed("logs", "release", "-e", "staging")).toContain("the schema is as it should be");
    const calls = double.ledger.calls.length;
    const again = await deploy(["up", "-e", "staging"]);
    expect(again.stderr).toContain("nothing to change");
    // Nothing to do: nothing is written, not even the lock.
    expect(double.ledger.calls.slice(calls).filter(({ method }) => method !== "GET")).toEqual([]);
    expect(await succeed("run", "-e", "staging", "--", "sh", "-c", "echo $SECRET_KEY | wc -c")).toContain(
      "19",
    );
  });

  it("leaves nothing after down, and asks for the names of what holds data", async () => {
    const kept = await deploy(["down", "-e", "staging", "--confirm", "dedupe-service"]);
    expect(kept.stdout + kept.stderr).toMatch(/kept|Kept/);
    await succeed("down", "-e", "staging", "--confirm", "dedupe-service", "--delete-data", "all");
    expect(double.state.apps).toEqual([]);
    expect(double.state.addons).toEqual([]);
  });

  it("is what the heroku.yml beside it says, as `deploy import` reads it", async () => {
    const config = await succeed("import", "heroku", "--print");
    for (const line of [
      'web: { command: "node server.mjs" },',
      'worker: { command: "node worker.mjs" },',
      'release: "node migrate.mjs",',
      'db: { kind: "postgres", plan: "essential-0" },',
      'redis: { kind: "redis", plan: "mini" },',
    ])
      expect(config).toContain(line);
  });

  describe.skipIf(!canPush).each(["there", "here"] as const)("with a domain, built %s", (build) => {
    beforeAll(() => (build === "here" ? provideBaseImage() : undefined), 300_000);

    it("puts image, release command, domain and certificate into service in one plan", async () => {
      const vendor = referenceVendor(["example.test"]);
      const dns = referenceProvider({ name: "names", vendor });
      const { environments: _none, "deploy.app": _mark, ...input } = declared;
      const app = defineApp({
        ...(input as typeof declared),
        environments: {
          production: { target: heroku({ build }), dns, domains: { "www.example.test": "web" } },
        },
      });
      const deployer = createDeployer(app, {
        environment: "production",
        directory: fileURLToPath(new URL("..", import.meta.url)),
        env: { ...process.env, ...env },
      });
      const events: DeployEvent[] = [];
      const operation = deployer.up({ secrets: { SECRET_KEY: redact("k3y-of-the-example") } });
      for await (const event of operation) events.push(event);
      const { urls } = await operation;
      expect(urls[0]).toBe("https://www.example.test");
      const herokuApp = appOf("dedupe-service-production");
      const domain = herokuApp?.domains.find(({ hostname }) => hostname === "www.example.test");
      expect(domain).toMatchObject({ hostname: "www.example.test" });
      const records = await dns.dns.list(contextOf(), "example.test");
      expect(records).toMatchObject([{ name: "www.example.test", type: "CNAME", values: [domain?.cname] }]);
      expect(herokuApp?.dynos.map(({ size }) => size)).toEqual(["Standard-1X", "Standard-1X"]);
      expect(await pairsAt(String(urls.at(-1)), { method: "POST" })).toBe(1);
      expect((await deployer.plan()).changes).toEqual([]);
      expect(JSON.stringify(events)).not.toContain("k3y-of-the-example");
      await deployer.down({ confirm: "dedupe-service", deleteData: ["db", "queue", "SECRET_KEY"] });
      expect(await dns.dns.list(contextOf(), "example.test")).toEqual([]);
      expect(double.state.apps).toEqual([]);
    });

    function contextOf() {
      return {
        signal: new AbortController().signal,
        env,
        fetch,
        clock: systemClock,
        log: () => undefined,
        output: () => undefined,
        directory: "/",
        shared: <T>(_key: string, load: () => Promise<T>) => load(),
      };
    }
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDeployer,
  type Deployer,
  defineApp,
  type EnvironmentStatus,
  redact,
  reveal,
  systemClock,
} from "@deploy/core";
import {
  createHerokuCli,
  createHerokuDouble,
  type HerokuCli,
  type HerokuDouble,
  installHerokuCli,
} from "@deploy/heroku-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { heroku } from "../src/index.js";
import { token } from "./bench.js";

/*
 * The official `heroku` command is asked about what we have deployed, and must say the same as we do. What a deployer
 * answers is what `deploy … --json` prints.
 */

const installed = await installHerokuCli();
if ("missing" in installed) console.warn(`skipped: ${installed.missing}`);

describe.skipIf("missing" in installed)("the official heroku command agrees", { timeout: 120_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "deploy-heroku-agrees-"));
  let double: HerokuDouble;
  let cli: HerokuCli;
  let deployer: Deployer;
  let status: EnvironmentStatus;

  beforeAll(async () => {
    if ("missing" in installed) return;
    double = await createHerokuDouble({
      databases: false,
      registry: false,
      delays: { certificateStep: 1, shutdown: 300 },
    });
    double.scripts.certificates.push({
      hostname: "api.example.test",
      states: [{ status: "cert issued" }],
    });
    cli = await createHerokuCli(installed.program, double, token);
    mkdirSync(join(directory, "app"));
    for (const [name, text] of Object.entries({
      Dockerfile: "FROM node:20\nWORKDIR /app\nCOPY . .\nCMD node web.mjs\n",
      "web.mjs": `import { createServer } from "node:http";
createServer((_request, response) => response.end("ok")).listen(process.env.PORT);
process.on("SIGTERM", () => process.exit(0));`,
      "worker.mjs": 'setInterval(() => undefined, 1_000); process.on("SIGTERM", () => process.exit(0));',
    }))
      writeFileSync(join(directory, "app", name), text);
    deployer = await deploy("hello");
    await deployer.access.grant({ person: "friend@example.com", role: "operator" });
    deployer = await deploy("good day");
    status = await deployer.status();
  }, 120_000);

  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    if ("missing" in installed) return;
    const { failures, violations, unserved } = double;
    await cli.close();
    await double.close();
    expect({ failures, violations, unserved }).toEqual({ failures: [], violations: [], unserved: [] });
  });

  async function deploy(greeting: string): Promise<Deployer> {
    const app = defineApp({
      name: "shop",
      processes: { web: { command: "node web.mjs" }, worker: { command: "node worker.mjs", instances: 2 } },
      release: "echo migrated",
      config: { GREETING: greeting, EMPTY: "", UMLAUT: "schön, 'quoted' \"twice\"" },
      secrets: ["SECRET_KEY"],
      addons: {
        db: { kind: "postgres", backup: false },
        queue: { kind: "redis", plan: "premium-0" },
      },
      environments: {
        staging: {
          target: heroku({
            build: "there",
            sizes: { worker: "standard-2x", web: "standard-1x" },
            endpoints: { api: double.url, data: double.dataUrl, metrics: double.metricsUrl },
          }),
          domains: { "www.example.test": "web", "api.example.test": "web" },
        },
      },
    });
    const made = createDeployer(app, {
      environment: "staging",
      directory: join(directory, "app"),
      env: { PATH: process.env.PATH, HOME: directory, HEROKU_API_KEY: token },
      clock: {
        now: () => systemClock.now(),
        sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / 20), signal),
      },
    });
    await made.up({ secrets: { SECRET_KEY: redact("k3y-of-the-test") } });
    return made;
  }

  const ask = <T>(...words: string[]): Promise<T> => cli.json<T>([...words, "--app", "shop-staging"]);

  it("on the app's name, stack, region and address", async () => {
    const { app } = await ask<{ app: Info }>("apps:info");
    const [server] = status.servers;
    expect(server?.name).toBe(app.name);
    expect(server?.description).toBe(
      `${app.stack.name} stack, region ${app.region.name}, personal, ${app.web_url}`,
    );
  });

  it("on the formation: type, size, quantity", async () => {
    const { stdout } = await cli.run(["ps:scale", "--app", "shop-staging"]);
    const ours = status.processes.map(({ name, desired, size }) => `${name}=${desired}:${size}`);
    // Heroku counts the release command among the types; it is no process.
    const theirs = stdout.trim().split(/\s+/);
    expect(ours.sort()).toEqual(theirs.filter((one) => !one.startsWith("release=")).sort());
    const dynos = await ask<Dyno[]>("ps");
    const running = status.processes.flatMap(({ size, instances }) =>
      instances.map(({ name, state, release }) => ({ name, size, up: state === "running", release })),
    );
    expect(new Set(running)).toEqual(
      new Set(
        dynos.map(({ name, size, state, release }) => ({
          name,
          size,
          up: state === "up",
          release: release.version,
        })),
      ),
    );
    expect(running).toHaveLength(3);
  });

  it("on names and values of config vars", async () => {
    const theirs = await ask<Record<string, string>>("config");
    const [release] = await deployer.releases();
    const secrets = await deployer.secrets.list();
    const revealed = await Promise.all(
      secrets.map(async ({ name }) => [name, reveal(await deployer.secrets.reveal(name))]),
    );
    const ours = { ...release?.config, ...Object.fromEntries(revealed) };
    // What else there is belongs to the add-ons, or is our own record.
    const others = Object.keys(theirs).filter((name) => !Object.hasOwn(ours, name));
    expect(others.sort()).toEqual(["DATABASE_URL", "DEPLOY_OWNER", "DEPLOY_RELEASE", "REDIS_URL"]);
    expect(ours).toEqual(Object.fromEntries(Object.keys(ours).map((name) => [name, theirs[name]])));
  });

  it("on releases: version, status, description", async () => {
    const theirs = await ask<Release[]>("releases");
    const ours = await deployer.releases();
    expect(ours.length).toBeGreaterThan(1);
    expect(ours[0]?.number).toBe(status.release);
    // Ours are a selection: what Heroku makes of one change set is one release, with the number of its last version.
    for (const { number, state, description } of ours) {
      const one = theirs.find(({ version }) => version === number);
      expect({ state, description }).toEqual({
        state: one?.current ? "active" : one?.status === "succeeded" ? "superseded" : one?.status,
        description: one?.description,
      });
      const info = await ask<Release>("releases:info", `v${number}`);
      expect(info).toMatchObject({ version: number, description });
    }
  });

  it("on domains: host name, DNS target, state of the certificate", async () => {
    const theirs = await ask<Domain[]>("domains");
    expect(status.domains?.toSorted((one, other) => (one.host < other.host ? -1 : 1))).toEqual(
      theirs
        .filter(({ kind }) => kind === "custom")
        .map((one) => ({ host: one.hostname, target: one.cname, certificate: one.acm_status }))
        .sort((one, other) => (one.host < other.host ? -1 : 1)),
    );
    expect(status.domains).toHaveLength(2);
  });

  it("on add-ons: name, plan, state", async () => {
    const theirs = await ask<Addon[]>("addons");
    expect(theirs).toHaveLength(2);
    const states = { provisioned: "running", provisioning: "starting", deprovisioned: "failed" } as const;
    expect(
      status.addons
        .map(({ vendorName, plan, state }) => ({ name: vendorName, plan, state }))
        .sort((one, other) => (String(one.name) < String(other.name) ? -1 : 1)),
    ).toEqual(
      theirs
        .map(({ name, plan, state }) => ({ name, plan: plan.name, state: states[state] }))
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    );
    expect(await deployer.addons.status()).toEqual(status.addons);
  });

  it("on who has access, and as what", async () => {
    const theirs = await ask<Collaborator[]>("access");
    const roles = { owner: "manager", collaborator: "operator" } as const;
    expect(new Set(await deployer.access.who())).toEqual(
      new Set(
        theirs.map(({ user, role }) => ({ person: user.email, role: roles[role], provider: "heroku" })),
      ),
    );
    expect(theirs.map(({ user }) => user.email).sort()).toEqual(["friend@example.com", "owner@example.com"]);
  });

  it("on what it changes itself: a scaled process, a config var, a domain and a collaborator", async () => {
    const run = async (...words: string[]): Promise<void> => {
      const { code, stderr } = await cli.run([...words, "--app", "shop-staging"]);
      expect(code, stderr).toBe(0);
    };
    await run("ps:scale", "worker=1:Standard-1X");
    await run("config:set", "GREETING=by hand");
    await run("domains:remove", "api.example.test");
    await run("access:remove", "friend@example.com");
    const seen = await deployer.status();
    const worker = seen.processes.find(({ name }) => name === "worker");
    expect(worker).toMatchObject({ desired: 1, size: "Standard-1X" });
    expect(seen.domains?.map(({ host }) => host)).toEqual(["www.example.test"]);
    expect(await deployer.access.who()).toEqual([
      { person: "owner@example.com", role: "manager", provider: "heroku" },
    ]);
    const [release] = await deployer.releases();
    expect(release?.config.GREETING).toBe("by hand");
    const { changes } = await deployer.plan();
    expect(changes.map(({ id }) => id).sort()).toEqual(
      [
        "heroku/certificates/shop-staging/issued",
        "heroku/containers/shop-staging/processes",
        "heroku/containers/shop-staging/release",
        "heroku/ingress/shop-staging/domain/api.example.test",
      ].sort(),
    );
  });
});

interface Info {
  readonly name: string;
  readonly stack: { readonly name: string };
  readonly region: { readonly name: string };
  readonly web_url: string;
}
interface Dyno {
  readonly name: string;
  readonly size: string;
  readonly state: string;
  readonly release: { readonly version: number };
}
interface Release {
  readonly version: number;
  readonly status: string;
  readonly description: string;
  readonly current: boolean;
}
interface Domain {
  readonly kind: string;
  readonly hostname: string;
  readonly cname: string;
  readonly acm_status: string;
}
interface Addon {
  readonly name: string;
  readonly plan: { readonly name: string };
  readonly state: "provisioned" | "provisioning" | "deprovisioned";
}
interface Collaborator {
  readonly user: { readonly email: string };
  readonly role: "owner" | "collaborator";
}

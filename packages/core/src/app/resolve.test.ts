import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { resolveEnvironment } from "./resolve.js";
import type { ResolvedEnvironment, ResolvedProcess } from "./resolved.js";
import { fullTarget, standIn } from "./testing/stand-ins.js";
import type { App, AppInput, Target } from "./types.js";

const target = fullTarget();

const appOf = (members: Partial<AppInput>): App => ({
  "deploy.app": 1,
  name: "shop",
  processes: { web: { command: "x" } },
  ...members,
});

function resolve(
  members: Partial<AppInput>,
  environment = "local",
  defaultTarget: Target = target,
): ResolvedEnvironment {
  return resolveEnvironment(appOf(members), environment, { defaultTarget });
}

function refusal(run: () => unknown): DeployError {
  try {
    run();
  } catch (thrown) {
    if (DeployError.is(thrown)) return thrown;
    throw thrown;
  }
  throw new Error("expected a refusal");
}

describe("resolveEnvironment", () => {
  it("fills in every default", () => {
    const app = appOf({
      release: "migrate",
      jobs: { nightly: { command: "clean", schedule: "0 3 * * *" } },
      addons: { db: { kind: "postgres" } },
    });
    expect(resolveEnvironment(app, "local", { defaultTarget: target })).toEqual({
      app: "shop",
      name: "local",
      protected: false,
      providers: {
        target,
        images: target,
        logs: target,
        secrets: target,
        ingress: target,
        dns: target,
        certificates: target,
        addons: target,
        retired: [],
      },
      build: { context: ".", args: {} },
      processes: [
        {
          name: "web",
          command: "x",
          health: { everyMs: 500, timeoutMs: 5000, startWithinMs: 60_000 },
          listens: true,
          internal: false,
          volumes: {},
          drainMs: 30_000,
          stopWithinMs: 10_000,
          config: {},
        },
      ],
      release: { command: "migrate", timeoutMs: 900_000 },
      jobs: [
        { name: "nightly", command: "clean", schedule: "0 3 * * *", timeZone: "UTC", timeoutMs: 3_600_000 },
      ],
      config: {},
      secrets: [],
      addons: [{ name: "db", kind: "postgres", extensions: [], as: "DATABASE_URL", backup: true }],
      domains: [],
    });
  });

  it("keeps what is said, in bytes, milliseconds and text", () => {
    const { processes, build, jobs } = resolve({
      build: {
        context: "app",
        dockerfile: "Dockerfile.web",
        args: { A: "b" },
        stage: "final",
        command: ["make"],
      },
      processes: {
        worker: {
          command: ["python", "a.py"],
          health: { path: "/up", every: "2 s", timeout: 100, startWithin: "5 min" },
          instances: 3,
          memory: "1 GB",
          cpu: 0.5,
          port: 9000,
          volumes: { data: "data" },
          drain: "1 min",
          stopWithin: "0 s",
          config: { LEVEL: 3, DEBUG: false },
        },
      },
      jobs: {
        a: { command: "x", schedule: "* * * * *", timeZone: "Europe/Berlin", timeout: "5 s", memory: "1 MB" },
      },
    });
    expect(build).toEqual({
      context: "app",
      dockerfile: "Dockerfile.web",
      args: { A: "b" },
      stage: "final",
      command: ["make"],
    });
    expect(processes).toEqual([
      {
        name: "worker",
        command: ["python", "a.py"],
        health: { path: "/up", everyMs: 2000, timeoutMs: 100, startWithinMs: 300_000 },
        instances: 3,
        memory: 1_000_000_000,
        cpu: 0.5,
        listens: true,
        internal: false,
        port: 9000,
        volumes: { data: "data" },
        drainMs: 60_000,
        stopWithinMs: 0,
        config: { LEVEL: "3", DEBUG: "false" },
      },
    ]);
    expect(jobs[0]).toMatchObject({ timeZone: "Europe/Berlin", timeoutMs: 5000, memory: 1_000_000 });
  });

  it("replaces options, merges config and unites secrets", () => {
    const { processes, config, secrets, release, jobs, account } = resolve(
      {
        processes: {
          web: { command: "x", memory: "1 GB", health: "/a", config: { A: 1, B: 1 } },
          worker: { command: "y" },
        },
        config: { LEVEL: "info", REGION: "eu" },
        secrets: ["ONE", "TWO"],
        release: "migrate",
        jobs: { a: { command: "x", schedule: "0 1 * * *" }, b: { command: "x", schedule: "0 2 * * *" } },
        environments: {
          production: {
            account: "acme",
            processes: { web: { instances: 2, health: { path: "/b" }, config: { B: 2 } } },
            config: { LEVEL: "warn" },
            secrets: ["TWO", "THREE"],
            release: false,
            jobs: { a: false, b: { schedule: "0 4 * * *" } },
          },
        },
      },
      "production",
    );
    expect(processes[0]).toMatchObject({
      command: "x",
      memory: 1e9,
      instances: 2,
      config: { A: "1", B: "2" },
    });
    expect(processes[0]?.health.path).toBe("/b");
    expect(processes.map((process) => process.name)).toEqual(["web", "worker"]);
    expect(config).toEqual({ LEVEL: "warn", REGION: "eu" });
    expect(secrets).toEqual(["ONE", "TWO", "THREE"]);
    expect(release).toBeUndefined();
    expect(jobs.map((job) => [job.name, job.schedule])).toEqual([["b", "0 4 * * *"]]);
    expect(account).toBe("acme");
  });

  it("passes over what is undefined, as JavaScript leaves it", () => {
    const members = { environments: { production: { processes: { web: { command: undefined } } } } };
    expect(resolve(members as unknown as Partial<AppInput>, "production").processes[0]?.command).toBe("x");
  });
});

describe("which processes listen", () => {
  const listening = (members: Partial<AppInput>): readonly string[] =>
    resolve(members)
      .processes.filter((process: ResolvedProcess) => process.listens)
      .map((process) => process.name);

  it("web, internal ones, and those with a port, a health path or a domain of any environment", () => {
    const command = "x";
    const processes = {
      web: { command },
      worker: { command },
      api: { command, internal: true },
      admin: { command, port: 9000 },
      up: { command, health: "/" },
      shop: { command },
      blog: { command },
    };
    expect(
      listening({
        processes,
        domains: { "shop.example.org": "shop", "www.example.org": { redirect: "shop.example.org" } },
        environments: { production: { domains: { "blog.example.org": "blog" } } },
      }),
    ).toEqual(["web", "api", "admin", "up", "shop", "blog"]);
  });
});

describe("domains", () => {
  const members: Partial<AppInput> = {
    domains: { "Example.org": "web" },
    environments: {
      production: {},
      staging: {
        domains: { "staging.example.org": "web", "www.example.org": { redirect: "Staging.example.org" } },
      },
      preview: { domains: {} },
    },
  };
  const hosts = (environment: string): readonly unknown[] => resolve(members, environment).domains;

  it("are the environment's, else the app's", () => {
    expect(hosts("production")).toEqual([{ host: "example.org", process: "web" }]);
    expect(hosts("staging")).toEqual([
      { host: "staging.example.org", process: "web" },
      { host: "www.example.org", redirect: "staging.example.org" },
    ]);
    expect(hosts("preview")).toEqual([]);
  });

  it("are never the app's at home", () => {
    expect(hosts("local")).toEqual([]);
    const local = { domains: { "shop.localhost": "web" } };
    expect(resolve({ ...members, environments: { local } }).domains).toEqual([
      { host: "shop.localhost", process: "web" },
    ]);
  });
});

describe("add-ons", () => {
  it("are found by customary variables, first of a kind, else by their name", () => {
    const addons = {
      main: { kind: "postgres" },
      "audit-log": { kind: "postgres" },
      old: { kind: "postgres", as: "LEGACY_DB" },
      queue: { kind: "redis" },
      search: { kind: "opensearch" },
    };
    expect(resolve({ addons }).addons.map((addon) => [addon.name, addon.as])).toEqual([
      ["main", "DATABASE_URL"],
      ["audit-log", "AUDIT_LOG_URL"],
      ["old", "LEGACY_DB"],
      ["queue", "REDIS_URL"],
      ["search", "SEARCH_URL"],
    ]);
  });

  it("are backed up if they are a Postgres and the provider can, or if they say so", () => {
    const addons = {
      db: { kind: "postgres" },
      queue: { kind: "redis" },
      cache: { kind: "redis", backup: true },
    };
    const backups = (provider: Target): readonly boolean[] =>
      resolve({ addons }, "local", provider).addons.map((addon) => addon.backup);
    expect(backups(target)).toEqual([true, false, true]);
    expect(backups(fullTarget("poor", { addons: { backup: { no: "none" } } }))).toEqual([false, false, true]);
    const off = { environments: { local: { addons: { db: { backup: false } } } } };
    expect(resolve({ addons, ...off }).addons[0]?.backup).toBe(false);
  });
});

describe("providers", () => {
  it("are those that the environment names, else the target", () => {
    const dns = standIn("names", ["dns", "certificates"]);
    const logs = standIn("lines", ["logs"]);
    const ecs = standIn("ecs", ["containers", "ingress"]);
    const { providers } = resolve({ environments: { production: { target: ecs, dns, logs } } }, "production");
    expect(providers).toMatchObject({ target: ecs, images: ecs, logs, ingress: ecs, dns, certificates: dns });
  });

  it("issue certificates only of a kind that the ingress takes", () => {
    const dns = standIn("names", ["dns", "certificates"], { certificates: { kind: "edge" } });
    const ecs = standIn("ecs", ["containers", "ingress"]);
    const { providers } = resolve({ environments: { production: { target: ecs, dns } } }, "production");
    expect(providers.certificates).toBeUndefined();
    const acme = standIn("acme", ["certificates"], { certificates: { kind: "edge" } });
    const production = { target: ecs, dns, certificates: acme };
    expect(resolve({ environments: { production } }, "production").providers.certificates).toBe(acme);
  });
});

describe("finding an environment", () => {
  const environments = { production: {}, staging: {}, "review/*": { config: { A: 1 } }, "review/7": {} };

  it("takes an exact name first, then the pattern", () => {
    expect(resolve({ environments }, "review/12").name).toBe("review/12");
    expect(resolve({ environments }, "review/12").config).toEqual({ A: "1" });
    expect(resolve({ environments }, "review/7").config).toEqual({});
  });

  it("refuses an unknown one, with the likely one and the list", () => {
    const error = refusal(() => resolve({ environments }, "prodcution"));
    expect(error.code).toBe("config.unknown-environment");
    expect(error.message).toBe(
      'shop has no environment "prodcution". There are local, production, staging, review/*, review/7.',
    );
    expect(error.hint).toBe('Did you mean "production"?');
    expect(error.details.environments).toEqual(["local", "production", "staging", "review/*", "review/7"]);
  });

  it.each(["toString", "review/", "review/../x", "review/A", "review/*", ""])("refuses %s", (name) => {
    expect(refusal(() => resolve({ environments }, name)).code).toBe("config.unknown-environment");
  });

  it("says how to name one of a pattern, and how to declare one", () => {
    expect(refusal(() => resolve({ environments }, "review/*")).hint).toBe(
      'Name one of them: "review/12", say.',
    );
    const error = refusal(() => resolve({}, "production"));
    expect(error.message).toBe('shop has no environment "production". There is local.');
    expect(error.hint).toContain('environments: { "production": { target: … } }');
  });

  it("refuses an environment without a target where there is no default", () => {
    const error = refusal(() => resolveEnvironment(appOf({ environments }), "production"));
    expect(error.code).toBe("config.no-target");
    expect(error.message).toBe("The environment production of shop has no target.");
    expect(error.hint).toContain("target: heroku()");
  });
});

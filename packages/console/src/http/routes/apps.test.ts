import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError, redact } from "@deploy/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { memoryCloud } from "../../../../core/src/deployer/testing/memory-cloud.js";
import { type TestApp, testEnvironment, testRegistry } from "../../apps/testing/environments.js";
import { type Rig, rig, type TestGrants } from "../../apps/testing/rig.js";
import type {
  AllDomains,
  ConfigView,
  EnvironmentOverview,
  Overview,
  ProcessList,
  ReleaseDetail,
  ReleaseList,
  VendorAccessView,
} from "../../shared/app-types.js";

const shop = "/api/apps/shop/environments/production";

const grants = (): TestGrants => ({
  "vera@example.org": { shop: "viewer" },
  "dora@example.org": { shop: "deployer" },
  "olga@example.org": { shop: "operator" },
  "mona@example.org": { shop: "manager" },
  "anna@example.org": { "*": "manager" },
  "nobody@example.org": {},
});

/** The shop with three releases, in front of a vendor that a test can look into. */
async function deployedShop(options: TestApp = {}) {
  const cloud = options.cloud ?? memoryCloud();
  let source = "v1";
  const declared = { secrets: ["SECRET_KEY"], ...options.declared };
  const vendor = { ...options.vendor, source: () => source };
  const first = testEnvironment({
    ...options,
    cloud,
    vendor,
    declared: { ...declared, config: { LOG_LEVEL: "info", OLD: "1" } },
  });
  await first.deployer.up({ secrets: { SECRET_KEY: redact("k3y-of-the-app") } });
  source = "v2";
  const environment = testEnvironment({
    ...options,
    cloud,
    vendor,
    declared: { ...declared, config: { LOG_LEVEL: "debug-value", NEW: "1" } },
  });
  await environment.deployer.up({ secrets: { SECRET_KEY: redact("another") } });
  return { cloud, environment };
}

async function open(...args: Parameters<typeof rig>): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-apps-"));
  const made = await rig(args[0], { grants: grants(), directory, ...args[1] });
  onTestFinished(async () => {
    await made.close();
    await rm(directory, { recursive: true, force: true });
  });
  return made;
}

describe("the overview", () => {
  it("shows every part with its age, and what a person may see of it", async () => {
    const { environment, cloud } = await deployedShop();
    cloud.locks.set("shop/production", {
      name: "lee on ci-7",
      since: "2026-01-01T00:00:00Z",
      operation: "up",
    });
    const { call } = await open([environment]);
    const before = (await call("vera@example.org", "GET", "/api/overview")).body as Overview;
    expect(before.environments[0]).toMatchObject({
      app: "shop",
      service: { refreshing: false, stale: false },
      feed: { state: "following" },
    });
    expect(before.environments[0]?.service).not.toHaveProperty("value");
    const { body } = await call("vera@example.org", "POST", `${shop}/refresh`);
    expect(body as EnvironmentOverview).toMatchObject({
      provider: "memory",
      protected: false,
      service: {
        at: expect.any(Number),
        value: {
          health: "ok",
          release: 2,
          processes: [{ name: "web", desired: 1, running: 1, problems: [] }],
          lock: { by: "lee on ci-7", operation: "up", since: Date.parse("2026-01-01T00:00:00Z") },
        },
      },
      lastDeploy: { value: { release: 2, state: "active", author: "console" } },
      domains: { value: { state: "ok", hosts: [] } },
      cost: { value: { totals: [{ currency: "USD", monthly: 7 }], unknown: [] } },
    });
  });

  it("has nothing of apps that the caller may not see: no name, no problem, no domain, no count", async () => {
    const { environment } = await deployedShop();
    const secretApp = testEnvironment({
      app: "hush-hush",
      bound: { domains: { "secret.example.com": "web" } },
    });
    const registry = testRegistry([environment, secretApp], {
      patterns: () => [{ app: "hush-hush", pattern: "review/*", reason: "because" }],
      problems: () => [{ place: "/srv/hush-hush/deploy.config.ts", message: "It is broken." }],
    });
    const { call, grants: held } = await open([], { registry, grants: grants() });
    for (const path of ["/api/overview", "/api/domains"]) {
      const { body } = await call("vera@example.org", "GET", path);
      expect(JSON.stringify(body)).not.toMatch(/hush|secret\.example|review|broken/);
      const nothing = await call("nobody@example.org", "GET", path);
      expect(nothing.body).toMatchObject({ environments: [] });
    }
    expect((await call("anna@example.org", "GET", "/api/overview")).body as Overview).toMatchObject({
      environments: [{ app: "hush-hush" }, { app: "shop" }]
        .reverse()
        .map((one) => expect.objectContaining(one)),
      patterns: [{ app: "hush-hush" }],
      problems: [{ message: "It is broken." }],
    });
    held["vera@example.org"] = {};
    const { body } = await call("vera@example.org", "GET", "/api/overview");
    expect((body as Overview).environments).toEqual([]);
  });

  it("is complete although one provider hangs and another fails", async () => {
    const { environment } = await deployedShop();
    const hangs = testEnvironment({ app: "hangs", verbs: { status: () => new Promise(() => undefined) } });
    const cloud = memoryCloud();
    cloud.hook = (call) => {
      throw new Error(`no ${call}`);
    };
    const fails = testEnvironment({ app: "fails", cloud });
    const { call, services } = await open([environment, fails, hangs], {
      grants: grants(),
      readTimeoutMs: 50,
    });
    await Promise.all(
      services.apps.list().map((one) => services.states.refresh(one, ["status", "releases", "cost"])),
    );
    const { body } = await call("anna@example.org", "GET", "/api/overview");
    const byApp = Object.fromEntries((body as Overview).environments.map((one) => [one.app, one]));
    expect(byApp.shop?.service.value?.health).toBe("ok");
    expect(byApp.fails?.service.trouble).toMatchObject({ message: expect.stringContaining("no ") });
    expect(byApp.hangs?.service.trouble).toMatchObject({ code: "console.read-timeout" });
    expect(byApp.hangs?.cost.value).toBeDefined();
  });

  it("answers for a missing environment as for any that is not there", async () => {
    const { environment } = await deployedShop();
    const { call } = await open([environment]);
    await expect(
      call("vera@example.org", "GET", "/api/apps/shop/environments/nowhere"),
    ).rejects.toMatchObject({
      code: "console.not-found",
    });
    await expect(
      call("vera@example.org", "POST", `${shop}/refresh`, { parts: ["logs"] }),
    ).rejects.toMatchObject({
      code: "console.bad-request",
    });
    await expect(call("vera@example.org", "POST", `${shop}/refresh`, { all: 1 })).rejects.toMatchObject({
      code: "console.bad-request",
    });
  });
});

describe("releases", () => {
  it("say what each changed by name, and show no value of anything", async () => {
    const { environment } = await deployedShop();
    const { call } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/releases`);
    const list = body as ReleaseList;
    expect(list).toMatchObject({
      rollback: true,
      rollbackTo: 1,
      releases: [
        {
          number: 2,
          state: "active",
          diff: {
            from: 1,
            image: { before: "sha256:v1", after: "sha256:v2" },
            config: { added: ["NEW"], removed: ["OLD"], changed: ["LOG_LEVEL"] },
            secrets: { added: [], removed: [], changed: ["SECRET_KEY"] },
          },
        },
        { number: 1, state: "superseded" },
      ],
    });
    expect(list.releases[1]).not.toHaveProperty("diff");
    const detail = (await call("vera@example.org", "GET", `${shop}/releases/2`)).body as ReleaseDetail;
    expect(detail.config).toEqual(["LOG_LEVEL", "NEW", "WEB_URL"]);
    expect(detail.secrets).toEqual([{ name: "SECRET_KEY", version: "2" }]);
    expect(JSON.stringify([body, detail])).not.toMatch(/debug-value|another|k3y/);
    for (const number of ["9", "0", "-1", "1e3", "x"]) {
      await expect(call("vera@example.org", "GET", `${shop}/releases/${number}`)).rejects.toMatchObject({
        code: "console.not-found",
      });
    }
  });

  it("are rolled back as a run that everybody sees, in the name of who asked for it", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, runs, audit } = await open([environment]);
    await expect(call("vera@example.org", "POST", `${shop}/rollback`)).rejects.toMatchObject({
      code: "console.forbidden",
    });
    const answer = await call("dora@example.org", "POST", `${shop}/rollback`, { to: 1 });
    expect(answer).toMatchObject({ status: 202, body: { runId: "run-1" } });
    await vi.waitFor(() => expect(runs.get("run-1")?.run.state).toBe("done"));
    const { run, events } = runs.get("run-1")!;
    expect(run).toMatchObject({ operation: "rollback", by: "dora@example.org", release: 3 });
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)?.event.type).toBe("finished");
    expect(cloud.releases.get("shop/production")?.at(-1)?.release.origin).toMatchObject({
      author: "dora@example.org",
      repeats: 1,
    });
    expect(audit.map(({ action, actor, detail }) => ({ action, actor, detail }))).toEqual([
      { action: "rollback.start", actor: "dora@example.org", detail: "to release 1" },
      { action: "rollback.done", actor: "dora@example.org", detail: "to release 1" },
    ]);
  });

  it("are not rolled back while somebody deploys: refused at once, and no run is left behind", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, runs, audit } = await open([environment]);
    cloud.locks.set("shop/production", {
      name: "lee on ci-7",
      since: "2026-01-01T00:00:00Z",
      operation: "up",
    });
    await expect(call("dora@example.org", "POST", `${shop}/rollback`)).rejects.toMatchObject({
      code: "lease.held",
      details: { status: 409 },
      message: expect.stringContaining("lee on ci-7"),
    });
    cloud.locks.clear();
    await expect(call("dora@example.org", "POST", `${shop}/rollback`, { to: 9 })).rejects.toMatchObject({
      code: "rollback.unknown-release",
    });
    expect(runs.size).toBe(0);
    expect(audit.filter(({ action }) => action === "rollback.failed")).toHaveLength(2);
    for (const to of [0, -1, 1.5, "1", null]) {
      await expect(call("dora@example.org", "POST", `${shop}/rollback`, { to })).rejects.toMatchObject({
        code: "console.bad-request",
      });
    }
  });

  it("of a protected environment are rolled back with its name typed, and so is everything that changes it", async () => {
    const { environment, cloud } = await deployedShop();
    const guarded = testEnvironment({ cloud, bound: { protected: true } });
    const { call, audit } = await open([guarded]);
    const calls = cloud.calls.length;
    for (const [path, body] of [
      ["rollback", {}],
      ["restart", {}],
      ["scale", { instances: { web: 2 } }],
      ["scale", { instances: { web: 2 }, confirm: "shop" }],
    ] as const) {
      await expect(call("mona@example.org", "POST", `${shop}/${path}`, body)).rejects.toMatchObject({
        code: "environment.confirmation-needed",
      });
    }
    expect(cloud.calls).toHaveLength(calls);
    expect(audit).toEqual([]);
    const body = { instances: { web: 2 }, confirm: environment.environment };
    expect((await call("mona@example.org", "POST", `${shop}/scale`, body)).status).toBe(202);
  });
});

describe("processes", () => {
  it("are shown, scaled and restarted by those who may", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, runs, audit } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/processes`);
    expect(body as ProcessList).toMatchObject({
      release: 2,
      health: "ok",
      scale: true,
      processes: [{ name: "web", desired: 1, running: 1, instances: [{ state: "running", release: 2 }] }],
    });
    for (const path of ["scale", "restart"]) {
      await expect(call("dora@example.org", "POST", `${shop}/${path}`)).rejects.toMatchObject({
        code: "console.forbidden",
      });
    }
    await call("olga@example.org", "POST", `${shop}/scale`, { instances: { web: 3 } });
    await call("olga@example.org", "POST", `${shop}/restart`, { process: "web" });
    await vi.waitFor(() =>
      expect([...runs.values()].map(({ run }) => [run.operation, run.state])).toEqual([
        ["scale", "done"],
        ["restart", "done"],
      ]),
    );
    expect(cloud.calls.filter((call) => /^(scale|restart)/.test(call))).toHaveLength(2);
    expect(audit.map(({ action, detail }) => `${action} ${detail}`)).toContain("scale.done web 3");
    for (const instances of [undefined, {}, [], { web: "3" }, { web: null }]) {
      await expect(call("olga@example.org", "POST", `${shop}/scale`, { instances })).rejects.toMatchObject({
        code: "console.bad-request",
      });
    }
    for (const instances of [{ web: -1 }, { web: 1.5 }, { web: 5_000 }]) {
      await expect(call("olga@example.org", "POST", `${shop}/scale`, { instances })).rejects.toMatchObject({
        code: "containers.bad-instances",
      });
    }
    await expect(call("olga@example.org", "POST", `${shop}/restart`, { process: "nope" })).rejects.toThrow();
  });
});

it("a vendor's 401 is about the console's credentials, not about the session of who asks", async () => {
  const denied = async (): Promise<never> => {
    throw new DeployError({
      code: "memory.refused",
      message: "Who are you?",
      hint: "x",
      details: { status: 401, token: "t" },
    });
  };
  const environment = testEnvironment({ verbs: { status: denied, releases: denied } });
  const { call } = await open([environment]);
  for (const path of ["processes", "releases", "jobs"]) {
    const error = await call("vera@example.org", "GET", `${shop}/${path}`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "memory.refused",
      message: "Who are you?",
      details: { status: 502 },
    });
    expect((error as DeployError).details).not.toHaveProperty("token");
  }
});

describe("config", () => {
  it("is names: what is declared, what serves, which secrets are set", async () => {
    const { environment } = await deployedShop();
    const { call } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/config`);
    expect(body as ConfigView).toMatchObject({
      release: 2,
      variables: [
        { name: "LOG_LEVEL", from: "app", inService: true },
        { name: "NEW", from: "app", inService: true },
        { name: "WEB_URL", from: "deploy", inService: true },
      ],
      secrets: {
        value: [{ name: "SECRET_KEY", declared: true, set: true, version: "2", versionInService: "2" }],
      },
    });
    expect(JSON.stringify(body)).not.toMatch(/debug-value|another|k3y/);
  });

  it("shows what is declared although the vendor fails", async () => {
    const cloud = memoryCloud();
    const environment = testEnvironment({ cloud, declared: { config: { A: "1" }, secrets: ["KEY"] } });
    cloud.hook = () => {
      throw new Error("down");
    };
    const { call } = await open([environment]);
    const { body } = await call("vera@example.org", "GET", `${shop}/config`);
    expect(body).toMatchObject({
      variables: [{ name: "A", from: "app" }],
      secrets: { trouble: { message: "down" } },
    });
  });

  it("reveals a secret to operators alone, written down first, and kept by nobody on the way", async () => {
    const { environment } = await deployedShop();
    const { call, audit } = await open([environment]);
    for (const person of ["vera@example.org", "dora@example.org"]) {
      await expect(call(person, "POST", `${shop}/secrets/SECRET_KEY/reveal`)).rejects.toMatchObject({
        code: "console.forbidden",
      });
    }
    expect(audit).toEqual([]);
    const { body, headers } = await call("olga@example.org", "POST", `${shop}/secrets/SECRET_KEY/reveal`);
    expect(body).toEqual({ name: "SECRET_KEY", value: "another" });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(audit).toEqual([
      {
        actor: "olga@example.org",
        address: "192.0.2.1",
        action: "secrets.reveal",
        app: "shop",
        environment: "production",
        subject: "SECRET_KEY",
      },
    ]);
    for (const name of ["..%2f..%2fetc", "a%20b"]) {
      await expect(call("olga@example.org", "POST", `${shop}/secrets/${name}/reveal`)).rejects.toMatchObject({
        code: "console.not-found",
      });
    }
  });

  it("reveals nothing when it cannot be written down", async () => {
    const { environment } = await deployedShop();
    const { call, services } = await open([environment]);
    const broken = vi.spyOn(services.access, "audit").mockRejectedValue(new Error("the disk is full"));
    const read = vi.spyOn(environment.deployer.secrets, "reveal");
    await expect(call("olga@example.org", "POST", `${shop}/secrets/SECRET_KEY/reveal`)).rejects.toThrow(
      "full",
    );
    expect(broken).toHaveBeenCalled();
    expect(read).not.toHaveBeenCalled();
  });
});

describe("the provider's own permissions", () => {
  it("follow the console's grants, and show where they do not", async () => {
    const { environment, cloud } = await deployedShop();
    const { call, services, grants: held, audit } = await open([environment]);
    cloud.grants.set("shop/production/old@example.org", "manager");
    expect(await services.vendorAccess.settle("Vera@Example.org", "shop", "mona@example.org")).toEqual([
      { app: "shop", environment: "production", person: "vera@example.org", state: "granted" },
    ]);
    expect(cloud.grants.get("shop/production/vera@example.org")).toBe("viewer");
    expect(await services.vendorAccess.settle("vera@example.org", "*", "mona@example.org")).toMatchObject([
      { state: "unchanged" },
    ]);
    await expect(call("olga@example.org", "GET", `${shop}/vendor-access`)).rejects.toMatchObject({
      code: "console.forbidden",
    });
    const { body } = await call("mona@example.org", "GET", `${shop}/vendor-access`);
    const view = body as VendorAccessView;
    expect(view.supports.operator).toEqual({ no: "it knows three roles" });
    expect(view.people.value?.map(({ person, state }) => `${person} ${state}`)).toEqual([
      "anna@example.org only here",
      "dora@example.org only here",
      "mona@example.org only here",
      "old@example.org only there",
      "olga@example.org unsupported",
      "vera@example.org same",
    ]);
    // A role that the provider does not know must not leave them with what they had.
    held["vera@example.org"] = { shop: "operator" };
    expect(await services.vendorAccess.settle("vera@example.org", "shop", "mona@example.org")).toMatchObject([
      { state: "revoked" },
    ]);
    expect(cloud.grants.has("shop/production/vera@example.org")).toBe(false);
    expect(audit.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
      "access.provider-granted vera@example.org",
      "access.provider-revoked vera@example.org",
    ]);
  });

  it("are brought in line by a button, one person at a time", async () => {
    const { environment, cloud } = await deployedShop();
    const { call } = await open([environment]);
    cloud.grants.set("shop/production/old@example.org", "manager");
    const apply = (person: string, action: string) =>
      call("mona@example.org", "POST", `${shop}/vendor-access/apply`, { person, action });
    await apply("old@example.org", "revoke");
    await apply("dora@example.org", "grant");
    expect(Object.fromEntries(cloud.grants)).toEqual({ "shop/production/dora@example.org": "deployer" });
    await expect(apply("dora@example.org", "revoke")).rejects.toMatchObject({ code: "access.not-in-line" });
    await expect(apply("stranger@example.org", "grant")).rejects.toMatchObject({
      code: "access.not-in-line",
    });
    await expect(apply("x", "delete")).rejects.toMatchObject({ code: "console.bad-request" });
  });

  it("lose no failure: it is shown, kept over a restart, and tried again", async () => {
    const { environment, cloud } = await deployedShop();
    const directory = await mkdtemp(join(tmpdir(), "deploy-apps-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const first = await open([environment], { directory, grants: grants() });
    await first.services.vendorAccess.settle("dora@example.org", "shop", "mona@example.org");
    cloud.hook = (call) => {
      if (call.startsWith("delete grants")) throw new Error("The vendor is down.");
    };
    first.grants["dora@example.org"] = {};
    expect(
      await first.services.vendorAccess.revokeEverywhere("dora@example.org", "mona@example.org"),
    ).toMatchObject([{ app: "shop", problem: { message: "The vendor is down." } }]);
    await first.close();
    const file = join(directory, "vendor-access.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toContain("dora@example.org");

    const held = { ...grants(), "dora@example.org": {} };
    const second = await open([environment], { directory, grants: held });
    const drift = async () =>
      ((await second.call("mona@example.org", "GET", `${shop}/vendor-access`)).body as VendorAccessView)
        .people;
    expect((await drift()).value).toContainEqual(
      expect.objectContaining({
        person: "dora@example.org",
        there: "deployer",
        state: "only there",
        trouble: expect.objectContaining({ message: "The vendor is down." }),
      }),
    );
    const apply = { person: "dora@example.org", action: "revoke" };
    await second.call("mona@example.org", "POST", `${shop}/vendor-access/apply`, apply);
    expect(JSON.stringify(await drift())).toContain("The vendor is down.");
    cloud.hook = () => undefined;
    await second.call("mona@example.org", "POST", `${shop}/vendor-access/apply`, apply);
    expect(cloud.grants.size).toBe(0);
    expect(JSON.stringify(await drift())).not.toContain("dora");
    expect(second.audit.map(({ action }) => action)).toEqual([
      "access.provider-failed",
      "access.provider-revoked",
    ]);
  });

  it("show who is let in here although the provider does not answer", async () => {
    const { environment, cloud } = await deployedShop();
    const { call } = await open([environment]);
    cloud.hook = () => {
      throw new Error("down");
    };
    const { body } = await call("mona@example.org", "GET", `${shop}/vendor-access`);
    expect(body).toMatchObject({ people: { trouble: { message: "down" }, stale: true } });
    const { people } = body as VendorAccessView;
    expect(people.value?.every(({ state }) => state === "unknown")).toBe(true);
  });
});

describe("domains", () => {
  it("are those of apps that the caller may see", async () => {
    const one = testEnvironment({ bound: { domains: { "shop.example.org": "web" } } });
    const two = testEnvironment({ app: "other", bound: { domains: { "other.example.org": "web" } } });
    const { call } = await open([one, two]);
    const { body } = await call("vera@example.org", "GET", "/api/domains");
    expect((body as AllDomains).environments.map(({ app }) => app)).toEqual(["shop"]);
    expect((await call("anna@example.org", "GET", "/api/domains")).body).toMatchObject({
      environments: [{ app: "shop" }, { app: "other" }],
    });
  });
});

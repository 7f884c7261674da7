import { DeployError } from "@deploy/core";
import { describe, expect, it } from "vitest";
import { memoryCloud } from "../../../../core/src/deployer/testing/memory-cloud.js";
import { testEnvironment, testRegistry } from "../../apps/testing/environments.js";
import { deployedShop, grants, open, shop } from "../../apps/testing/shop.js";
import type { AllDomains, EnvironmentOverview, Overview } from "../../shared/app-types.js";

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

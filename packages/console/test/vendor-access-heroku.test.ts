import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyPlan, createDeployer, type Deployer, defineApp, preparePlan, systemClock } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { heroku } from "@deploy/provider-heroku";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testRegistry } from "../src/apps/testing/environments.js";
import { type Rig, rig } from "../src/apps/testing/rig.js";
import type { ConsoleEnvironment } from "../src/apps/types.js";
import type { VendorAccessView } from "../src/shared/app-types.js";

const token = "owner-token";

/** The console's grants at Heroku, whose double judges every request by the vendor's own schema. */
describe("permissions at Heroku", { timeout: 60_000 }, () => {
  let double: HerokuDouble;
  let directory: string;
  let rigged: Rig;
  const environments: ConsoleEnvironment[] = [];

  const environmentOf = (app: string): ConsoleEnvironment => {
    const target = heroku({
      team: "acme",
      transport: "fetch",
      build: "there",
      endpoints: { api: double.url, data: double.dataUrl },
    });
    const declared = defineApp({
      name: app,
      processes: { web: { command: "node server.mjs" } },
      environments: { production: { target } },
    });
    const deployer: Deployer = createDeployer(declared, {
      environment: "production",
      directory,
      env: { HEROKU_API_KEY: token, PATH: process.env.PATH, USER: "console" },
    });
    return { app, environment: "production", deployer };
  };
  /** As a deployment makes it: marked as ours. */
  const makeApp = async ({ app, environment, deployer }: ConsoleEnvironment): Promise<void> => {
    const scope = { app, environment };
    const { target } = deployer.environment.providers;
    const prepared = await preparePlan({
      operation: "up",
      scope,
      providers: [target],
      context: {
        signal: new AbortController().signal,
        env: { HEROKU_API_KEY: token },
        fetch,
        clock: systemClock,
        directory,
      },
      resources: target.servers?.resources(scope, { memory: 0, instances: 1 }).resources ?? [],
      prune: false,
      options: {},
    });
    await applyPlan(prepared, { emit: () => undefined });
  };
  const drift = async (app: string): Promise<readonly string[]> => {
    const path = `/api/apps/${app}/environments/production/vendor-access`;
    const { body } = await rigged.call("mona@example.com", "GET", path);
    const { people } = body as VendorAccessView;
    if (people.trouble !== undefined) throw new Error(people.trouble.message);
    return (people.value ?? []).map(({ person, state }) => `${person} ${state}`);
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "deploy-console-heroku-"));
    double = await createHerokuDouble({
      accounts: [
        { email: "owner@example.com", tokens: [token], teams: { acme: "admin" } },
        { email: "mona@example.com", tokens: ["mona-token"] },
      ],
      databases: false,
      registry: false,
    });
    for (const app of ["shop", "blog"]) {
      const environment = environmentOf(app);
      await makeApp(environment);
      environments.push(environment);
    }
    rigged = await rig([], {
      directory,
      registry: testRegistry(environments),
      grants: { "mona@example.com": { "*": "manager" }, "vera@example.com": { shop: "viewer" } },
    });
  });
  afterAll(async () => {
    await rigged?.close();
    expect(double.violations).toEqual([]);
    await double.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("are given with a grant, and a role is the vendor's own set of permissions", async () => {
    expect(
      await rigged.services.vendorAccess.settle("vera@example.com", "shop", { actor: "mona@example.com" }),
    ).toMatchObject([{ app: "shop", state: "granted" }]);
    expect(
      await rigged.services.vendorAccess.settle("mona@example.com", "*", { actor: "console" }),
    ).toMatchObject([
      { app: "shop", state: "granted" },
      { app: "blog", state: "granted" },
    ]);
    expect(await drift("shop")).toEqual(["mona@example.com same", "vera@example.com same"]);
  });

  it("that somebody has changed at the vendor are drift, and are put right by a button", async () => {
    const held = double.state.apps.find(({ name }) => name === "shop-production")?.collaborators;
    const vera = held?.find(({ email }) => email === "vera@example.com");
    if (held === undefined || vera === undefined) throw new Error("nobody was let in");
    vera.permissions = ["view", "deploy", "operate", "manage"];
    held.push({ ...vera, id: "01234567-89ab-4def-8123-456789abcdef", email: "lee@example.com" });
    expect(await drift("shop")).toEqual([
      "lee@example.com only there",
      "vera@example.com other role",
      "mona@example.com same",
    ]);
    await rigged.call(
      "mona@example.com",
      "POST",
      "/api/apps/shop/environments/production/vendor-access/apply",
      {
        person: "lee@example.com",
        action: "revoke",
      },
    );
    await rigged.call(
      "mona@example.com",
      "POST",
      "/api/apps/shop/environments/production/vendor-access/apply",
      {
        person: "vera@example.com",
        action: "grant",
      },
    );
    expect(await drift("shop")).toEqual(["mona@example.com same", "vera@example.com same"]);
  });

  it("are taken of a person everywhere at once, one account being one question", async () => {
    await rigged.services.vendorAccess.settle("vera@example.com", "*", { actor: "mona@example.com" });
    rigged.grants["vera@example.com"] = {};
    const revoked = await rigged.services.vendorAccess.revokeEverywhere("Vera@example.com", {
      actor: "mona@example.com",
    });
    expect(revoked).toEqual([
      { app: "shop", environment: "production", apps: expect.arrayContaining(["shop-production"]) },
    ]);
    expect(await drift("shop")).toEqual(["mona@example.com same"]);
    expect(rigged.audit.filter(({ subject }) => subject === "vera@example.com").at(-1)).toMatchObject({
      action: "access.provider-revoked",
      actor: "mona@example.com",
    });
  });
});

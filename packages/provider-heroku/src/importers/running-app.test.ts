import { importConfig } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApi } from "../api.js";
import { createImporters } from "./index.js";

const token = "token-of-owner";

describe("importing a running app", () => {
  let double: HerokuDouble;
  const call = async (method: string, path: string, body?: unknown, version = "3"): Promise<unknown> => {
    const response = await fetch(`${double.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: `application/vnd.heroku+json; version=${version}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const run = (name: string) =>
    importConfig(createImporters({ options: {}, api: createApi() } as never)[0]!, name, {
      env: { HEROKU_API_KEY: token, HEROKU_API_URL: double.url },
    });

  beforeAll(async () => {
    double = await createHerokuDouble({
      accounts: [{ email: "owner@example.com", tokens: [token], teams: { acme: "admin" } }],
      databases: false,
      registry: false,
    });
    await call("POST", "/teams/apps", { name: "shop-live", team: "acme", region: "eu", stack: "container" });
    await call("PATCH", "/apps/shop-live/config-vars", { SECRET_KEY: "k3y-of-the-shop", LOG_LEVEL: "info" });
    await call("POST", "/apps/shop-live/addons", { plan: "heroku-postgresql:essential-0" });
    await call("POST", "/apps/shop-live/addons", { plan: "papertrail:choklad" });
    await call("POST", "/apps/shop-live/domains", { hostname: "shop.example.org", sni_endpoint: null });
    await call("POST", "/teams/apps/shop-live/collaborators", {
      user: "maria@example.com",
      permissions: ["deploy"],
    });
    const pipeline = (await call("POST", "/pipelines", { name: "shop" })) as { id: string };
    await call("POST", "/pipeline-couplings", { app: "shop-live", pipeline: pipeline.id, stage: "staging" });
  });
  afterAll(() => double.close());

  it("declares what it consists of, and no value", async () => {
    const writes = double.ledger.calls.filter(({ method }) => method !== "GET").length;
    const { config, inferred, refused } = await run("shop-live");
    expect(config).toContain('name: "shop",');
    expect(config).toContain('db: { kind: "postgres", plan: "essential-0" },');
    expect(config).toContain('secrets: ["LOG_LEVEL", "SECRET_KEY"],');
    expect(config).toContain(
      'target: heroku({ app: "shop-live", team: "acme", region: "eu", pipeline: "shop" }),',
    );
    expect(config).toContain('"shop.example.org": "web",');
    expect(config).toMatch(/ {4}staging: \{/);
    expect(config + inferred.join() + JSON.stringify(refused)).not.toContain("k3y-of-the-shop");
    expect(inferred.join("\n")).toContain("maria@example.com has access");
    expect(inferred.join("\n")).toContain("--adopt heroku/servers/shop-live/app");
    expect(refused.map(({ reason }) => reason).join("\n")).toMatch(
      /papertrail[\s\S]*nothing was ever released|nothing was ever released[\s\S]*papertrail/,
    );
    expect(double.ledger.calls.filter(({ method }) => method !== "GET")).toHaveLength(writes);
    expect(double.violations).toEqual([]);
  });

  it("says so when there is no such app", async () => {
    await expect(run("no-such-app")).rejects.toMatchObject({ code: "import.nothing-found" });
  });
});

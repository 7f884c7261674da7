import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHerokuDouble, type HerokuDouble } from "../src/index.js";
import { client, type TestClient } from "./client.js";

let double: HerokuDouble;
let heroku: TestClient;

beforeAll(async () => {
  double = await createHerokuDouble({
    accounts: [{ email: "owner@example.com", tokens: ["t1"], teams: { crew: "admin" } }],
    databases: false,
  });
  heroku = client(double, "t1");
});
afterAll(async () => {
  expect(double.failures).toEqual([]);
  await double.close();
});

describe("createHerokuDouble", () => {
  it("answers what the published schema says", async () => {
    for (const path of [
      "/account",
      "/account/rate-limits",
      "/regions",
      "/stacks",
      "/generations",
      "/dyno-sizes",
      "/teams",
      "/addon-services",
      "/addon-services/heroku-postgresql/plans",
      "/teams/permissions",
    ]) {
      expect((await heroku.get(path)).status, path).toBe(200);
      expect((await heroku.get(path, "3.sdk")).status, path).toBe(200);
    }
    const made = await heroku.post("/apps", { name: "shop-one", region: "eu", stack: "container" });
    expect(made).toMatchObject({ status: 201, body: { name: "shop-one", stack: { name: "container" } } });
    expect(
      await heroku.post("/teams/apps", { name: "crew-app", team: "crew", stack: "container" }),
    ).toMatchObject({ status: 201, body: { team: { name: "crew" } } });
    for (const path of [
      "",
      "/releases",
      "/formation",
      "/dynos",
      "/config-vars",
      "/domains",
      "/addons",
      "/addon-attachments",
      "/collaborators",
      "/sni-endpoints",
      "/available-dyno-sizes",
      "/releases/1",
    ]) {
      expect((await heroku.get(`/apps/shop-one${path}`)).status, path).toBe(200);
      expect((await heroku.get(`/apps/crew-app${path}`, "3.sdk")).status, path).toBe(200);
    }
    expect(await heroku.patch("/apps/shop-one/config-vars", { A: "1" })).toMatchObject({ body: { A: "1" } });
    expect((await heroku.get("/apps/shop-one/config-vars-settings", "3.sdk")).status).toBe(200);
    expect(
      await heroku.post("/apps/shop-one/domains", { hostname: "www.example.com", sni_endpoint: null }),
    ).toMatchObject({ status: 201 });
    expect(await heroku.post("/apps/shop-one/acm", {})).toMatchObject({ status: 201, body: { acm: true } });
    expect(
      await heroku.post("/apps/shop-one/addons", { plan: "heroku-postgresql:essential-0", name: "shop-db" }),
    ).toMatchObject({ status: 201, body: { state: "provisioned" } });
    expect(await heroku.get("/apps/shop-one/config-vars")).toMatchObject({
      body: { DATABASE_URL: expect.stringMatching(/^postgres:/) },
    });
    expect(await heroku.post("/apps/shop-one/collaborators", { user: "friend@example.com" })).toMatchObject({
      status: 201,
    });
    expect(
      await heroku.post("/teams/apps/crew-app/collaborators", {
        user: "friend@example.com",
        permissions: ["deploy"],
      }),
    ).toMatchObject({ status: 201 });
    expect(double.judged ? double.violations : []).toEqual([]);
    expect(double.unserved).toEqual([]);
  });
});

import { existsSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createHerokuDouble, type HerokuDouble } from "../src/index.js";
import { client, type TestClient } from "./client.js";
import { buildSource } from "./source.js";

const noPostgres = !existsSync("/usr/lib/postgresql");
if (noPostgres) console.warn("skipped: the tests with databases, as Postgres is not installed");

let double: HerokuDouble;
let heroku: TestClient;
let admin: TestClient;

beforeAll(async () => {
  double = await createHerokuDouble({
    accounts: [
      { email: "owner@example.com", tokens: ["owner"], teams: { crew: "admin" } },
      { email: "other@example.com", tokens: ["other"] },
    ],
    delays: { shutdown: 300 },
    databases: !noPostgres,
  });
  heroku = client(double, "owner");
  admin = client(double, "other");
});
afterAll(async () => {
  expect(double.failures).toEqual([]);
  expect(double.violations).toEqual([]);
  expect(double.unserved).toEqual([]);
  await double.close();
});

const id = (answered: { body: unknown }): string => (answered.body as { id: string }).id;
const files = {
  "heroku.yml": "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: sleep 60\n",
  Dockerfile: "FROM scratch\n",
};

describe("pipelines", () => {
  it("promotes what one app runs to the next", async () => {
    const one = await heroku.post("/apps", { name: "stage-app", stack: "container" });
    const two = await heroku.post("/apps", { name: "live-app", stack: "container" });
    const line = await heroku.post("/pipelines", { name: "the-line" });
    for (const [app, stage] of [
      [one, "staging"],
      [two, "production"],
    ] as const)
      expect(
        (await heroku.post("/pipeline-couplings", { app: id(app), pipeline: id(line), stage })).status,
      ).toBe(201);
    expect(await heroku.get("/apps/live-app/pipeline-couplings")).toMatchObject({
      body: { stage: "production" },
    });
    await buildSource(double, heroku, "stage-app", files);
    const promotion = await heroku.post("/pipeline-promotions", {
      pipeline: { id: id(line) },
      source: { app: { id: id(one) } },
      targets: [{ app: { id: id(two) } }],
    });
    expect(promotion.status).toBe(201);
    expect(await heroku.get(`/pipeline-promotions/${id(promotion)}/promotion-targets`)).toMatchObject({
      body: [{ status: "succeeded", app: { id: id(two) } }],
    });
    expect((await heroku.get("/apps/live-app/releases/3")).body).toMatchObject({
      description: "Promote stage-app v3 abcdef12",
    });
    expect((await heroku.get("/pipelines/the-line/pipeline-couplings")).body).toHaveLength(2);
    expect((await heroku.get(`/pipelines/${id(line)}/latest-releases`)).body).toHaveLength(2);
  });

  it("makes a review app of a source, and removes it", async () => {
    const line = id(await heroku.get("/pipelines/the-line"));
    const config = { repo: "crew/shop", automatic_review_apps: false, base_name: "shop" };
    const source = await heroku.post("/sources", undefined);
    const { get_url, put_url } = (source.body as { source_blob: { get_url: string; put_url: string } })
      .source_blob;
    const body = { pipeline: line, branch: "new", source_blob: { url: get_url, version: "1" }, pr_number: 7 };
    expect((await heroku.post("/review-apps", body)).status).toBe(422);
    expect((await heroku.post(`/pipelines/${line}/review-app-config`, config)).status).toBe(201);
    await fetch(put_url, { method: "PUT", body: "no archive" });
    const made = await heroku.post("/review-apps", body);
    expect(made).toMatchObject({ status: 201, body: { status: "creating", pr_number: 7 } });
    await vi.waitFor(async () =>
      expect(await heroku.get(`/review-apps/${id(made)}`)).toMatchObject({ body: { status: "errored" } }),
    );
    expect((await heroku.get(`/pipelines/${line}/review-apps`)).body).toHaveLength(1);
    expect(await heroku.delete(`/review-apps/${id(made)}`)).toMatchObject({ body: { status: "deleted" } });
  });
});

describe("spaces, teams and permissions", () => {
  it("makes a space of each generation, and apps in it", async () => {
    const made = await heroku.post("/spaces", { name: "deep", team: "crew", generation: "fir" }, "3.sdk");
    expect(made).toMatchObject({ status: 201, body: { state: "allocating", generation: "fir" } });
    await vi.waitFor(async () =>
      expect(await heroku.get("/spaces/deep")).toMatchObject({
        body: { state: "allocated", generation: { name: "fir" } },
      }),
    );
    expect(
      await heroku.post("/teams/apps", { name: "fir-app", space: "deep", stack: "container" }),
    ).toMatchObject({ status: 422 });
    expect(await heroku.post("/teams/apps", { name: "fir-app", space: "deep" }, "3.sdk")).toMatchObject({
      status: 201,
      body: { generation: "fir", space: { name: "deep" } },
    });
  });

  it("lists the dynos of a space, which the schema does not know", async () => {
    expect(await heroku.get("/spaces/deep/dynos")).toMatchObject({
      status: 200,
      body: [{ app_name: "fir-app" }],
    });
  });

  it("lets a collaborator of a team do what he may, and nobody else anything", async () => {
    await heroku.post("/teams/apps", { name: "team-app", team: "crew", stack: "container" });
    expect((await admin.get("/apps/team-app")).status).toBe(403);
    await heroku.post("/teams/apps/team-app/collaborators", {
      user: "other@example.com",
      permissions: ["deploy"],
    });
    expect((await admin.patch("/apps/team-app/config-vars", { A: "1" })).status).toBe(200);
    expect(
      await admin.post("/apps/team-app/domains", { hostname: "a.example.com", sni_endpoint: null }),
    ).toMatchObject({ status: 403, body: { id: "forbidden" } });
    await heroku.patch("/teams/apps/team-app/collaborators/other@example.com", { permissions: ["operate"] });
    expect(
      (await admin.post("/apps/team-app/domains", { hostname: "a.example.com", sni_endpoint: null })).status,
    ).toBe(201);
    expect((await admin.delete("/apps/team-app")).status).toBe(403);
    await heroku.put("/teams/crew/members", { email: "third@example.com", role: "member" });
    expect((await heroku.get("/teams/crew/members")).body).toHaveLength(2);
    expect((await heroku.delete("/teams/crew/members/third@example.com")).status).toBe(200);
  });
});

describe("domains and certificates", () => {
  it("shows a certificate that fails, with its reason", async () => {
    await heroku.post("/apps", { name: "secure", stack: "container" });
    double.scripts.certificates.push({
      hostname: "bad.example.com",
      states: [{ status: "pending" }, { status: "failed", reason: "CDN not returning HTTP challenge" }],
    });
    await heroku.post("/apps/secure/domains", { hostname: "bad.example.com", sni_endpoint: null });
    const before = (await heroku.get("/apps/secure/domains/bad.example.com")).body as { cname: string };
    await heroku.post("/apps/secure/acm", undefined);
    await vi.waitFor(async () =>
      expect(await heroku.get("/apps/secure/domains/bad.example.com")).toMatchObject({
        body: { acm_status: "failed", acm_status_reason: "CDN not returning HTTP challenge" },
      }),
    );
    const after = (await heroku.get("/apps/secure/domains/bad.example.com")).body as { cname: string };
    expect(after.cname).not.toBe(before.cname);
    expect((await heroku.patch("/apps/secure/acm", { acm_refresh: true })).status).toBe(200);
    await heroku.post("/apps", { name: "rival", stack: "container" });
    expect(
      await heroku.post("/apps/rival/domains", { hostname: "bad.example.com", sni_endpoint: null }),
    ).toMatchObject({ status: 422 });
  });
});

describe("metrics", () => {
  const ask = (path: string, method: string, body?: unknown): Promise<Response> =>
    fetch(double.metricsUrl + path, {
      method,
      headers: { authorization: "Bearer owner", "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it("scales only web dynos of the larger sizes by themselves", async () => {
    const app = id(await heroku.get("/apps/stage-app"));
    const body = {
      name: "LATENCY_SCALE",
      action_type: "scale",
      min_quantity: 1,
      max_quantity: 3,
      value: 500,
    };
    const path = `/apps/${app}/formation/web/monitors`;
    expect((await ask(path, "POST", body)).status).toBe(422);
    await heroku.patch("/apps/stage-app/formation/web", { size: "performance-m" });
    expect((await ask(path, "POST", body)).status).toBe(201);
    expect(await (await ask(path, "GET")).json()).toMatchObject([{ ...body, is_active: true }]);
  });
});

describe.skipIf(noPostgres)("databases", () => {
  it("makes a real one, backs it up, and restores it", async () => {
    await heroku.post("/apps", { name: "data-app", stack: "container" });
    const made = await heroku.post("/apps/data-app/addons", {
      plan: "heroku-postgresql:essential-0",
      name: "data-db",
      attachment: { name: "MAIN" },
    });
    expect(made).toMatchObject({ status: 201, body: { state: "provisioning", config_vars: [] } });
    await vi.waitFor(
      async () =>
        expect(await heroku.get("/addons/data-db")).toMatchObject({
          body: { state: "provisioned", config_vars: ["MAIN_URL"] },
        }),
      20_000,
    );
    const { MAIN_URL } = (await heroku.get("/apps/data-app/config-vars")).body as { MAIN_URL: string };
    const query = async (sql: string): Promise<unknown[]> => {
      const connection = new pg.Client(MAIN_URL);
      await connection.connect();
      const { rows } = await connection.query(sql).finally(() => connection.end());
      return rows;
    };
    await query("CREATE EXTENSION IF NOT EXISTS pgcrypto; CREATE EXTENSION IF NOT EXISTS intarray");
    await query("CREATE TABLE things (name text); INSERT INTO things VALUES ('kept')");
    const ask = async (path: string, method = "GET", body?: unknown): Promise<Record<string, unknown>> => {
      const headers = {
        authorization: `Basic ${Buffer.from(":owner").toString("base64")}`,
        "content-type": "application/json",
      };
      const answered = await fetch(double.dataUrl + path, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      expect(answered.ok).toBe(true);
      return (await answered.json()) as Record<string, unknown>;
    };
    expect(await ask(`/client/v11/databases/${id(made)}/wait_status`)).toMatchObject({ "waiting?": false });
    const finished = async (transfer: Record<string, unknown>): Promise<void> => {
      await vi.waitFor(
        async () =>
          expect(
            await ask(`/client/v11/apps/data-app/transfers/${transfer.uuid}?verbose=true`),
          ).toMatchObject({ succeeded: true }),
        20_000,
      );
    };
    const backup = await ask(`/client/v11/databases/data-db/backups`, "POST");
    await finished(backup);
    await query("DELETE FROM things");
    const { url } = await ask(`/client/v11/apps/data-app/transfers/${backup.num}/actions/public-url`, "POST");
    await finished(await ask("/client/v11/databases/data-db/restores", "POST", { backup_url: url }));
    expect(await query("SELECT name FROM things")).toEqual([{ name: "kept" }]);
    expect((await heroku.delete("/apps/data-app/addons/data-db")).status).toBe(200);
    expect((await heroku.get("/apps/data-app/config-vars")).body).toEqual({});
    await expect(query("SELECT 1")).rejects.toThrow();
  });

  it("shows an add-on that fails, and sells none to an account without a card", async () => {
    double.scripts.addons.push({ plan: "heroku-redis", ends: "fails" });
    await heroku.post("/apps/data-app/addons", { plan: "heroku-redis:mini", name: "data-redis" });
    await vi.waitFor(async () =>
      expect(await heroku.get("/addons/data-redis")).toMatchObject({ body: { state: "deprovisioned" } }),
    );
    double.addAccount({ email: "poor@example.com", tokens: ["poor"], verified: false });
    const poor = client(double, "poor");
    await poor.post("/apps", { name: "poor-app", stack: "container" });
    expect(await poor.post("/apps/poor-app/addons", { plan: "heroku-redis:mini" })).toMatchObject({
      status: 402,
    });
  });
});

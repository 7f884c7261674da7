import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createHerokuCli,
  createHerokuDouble,
  type HerokuCli,
  type HerokuDouble,
  installHerokuCli,
} from "../src/index.js";
import { client, type TestClient } from "./client.js";
import { buildSource } from "./source.js";

const installed = await installHerokuCli();
if ("missing" in installed) console.warn(`skipped: ${installed.missing}`);

describe.skipIf("missing" in installed)("the official heroku CLI", { timeout: 180_000 }, () => {
  let double: HerokuDouble;
  let heroku: TestClient;
  let cli: HerokuCli;

  beforeAll(async () => {
    if ("missing" in installed) return;
    double = await createHerokuDouble({
      accounts: [{ email: "owner@example.com", tokens: ["cli-token"], teams: { crew: "admin" } }],
      delays: { certificateStep: 1 },
      databases: false,
    });
    heroku = client(double, "cli-token");
    cli = await createHerokuCli(installed.program, double, "cli-token");
    await heroku.post("/apps", { name: "shop", stack: "container", region: "eu" });
    await heroku.patch("/apps/shop/config-vars", { GREETING: "hello", EMPTY: "" });
    await buildSource(double, heroku, "shop", {
      "heroku.yml":
        "build:\n  docker:\n    web: Dockerfile\nrun:\n  web: node web.mjs\n  worker: sleep 600\nrelease:\n  command:\n    - echo migrated\n",
      Dockerfile: "FROM node:20\nWORKDIR /app\nCOPY . .\n",
      "web.mjs":
        'import { createServer } from "node:http"; console.log("up and well"); createServer((q, r) => r.end("ok")).listen(process.env.PORT);',
    });
    await heroku.patch("/apps/shop/formation", {
      updates: [{ type: "worker", quantity: 2, size: "standard-1x" }],
    });
    await heroku.post("/apps/shop/domains", { hostname: "www.example.com", sni_endpoint: null });
    await heroku.post("/apps/shop/acm", {});
    await heroku.post("/apps/shop/addons", { plan: "heroku-postgresql:essential-0", name: "shop-db" });
    await heroku.post("/apps/shop/collaborators", { user: "friend@example.com" });
  }, 180_000);

  afterAll(async () => {
    if ("missing" in installed) return;
    expect(double.failures).toEqual([]);
    expect(double.violations).toEqual([]);
    expect(double.unserved).toEqual([]);
    await cli.close();
    await double.close();
  });

  it("tells the account", async () => {
    expect(await cli.run(["auth:whoami"])).toMatchObject({ code: 0, stdout: "owner@example.com\n" });
  });

  it("lists and shows apps", async () => {
    expect(await cli.json(["apps"])).toMatchObject([{ name: "shop" }]);
    expect(await cli.json(["apps:info", "--app", "shop"])).toMatchObject({
      app: { name: "shop", stack: { name: "container" }, region: { name: "eu" } },
      dynos: expect.arrayContaining([expect.objectContaining({ type: "worker" })]),
      addons: [{ name: "shop-db" }],
      collaborators: expect.arrayContaining([expect.objectContaining({ role: "owner" })]),
    });
    expect((await cli.run(["apps:info", "--app", "shop"])).stdout).toContain("Stack:");
  });

  it("shows, sets and unsets config vars", async () => {
    expect(await cli.json(["config", "--app", "shop"])).toMatchObject({ GREETING: "hello", EMPTY: "" });
    expect(await cli.run(["config:set", "MORE=1", "--app", "shop"])).toMatchObject({ code: 0 });
    expect(await cli.run(["config:get", "MORE", "--app", "shop"])).toMatchObject({ stdout: "1\n" });
    expect(await cli.run(["config:unset", "MORE", "--app", "shop"])).toMatchObject({ code: 0 });
  });

  it("shows dynos, and scales", async () => {
    expect(await cli.json(["ps", "--app", "shop"])).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ name: "worker.2", size: "Standard-1X" })]),
    );
    expect(await cli.run(["ps:scale", "worker-1", "--app", "shop"])).toMatchObject({ code: 0 });
    expect((await heroku.get("/apps/shop/formation/worker")).body).toMatchObject({ quantity: 1 });
    expect(await cli.run(["ps:scale", "web=1:Standard-2X", "--app", "shop"])).toMatchObject({ code: 0 });
    expect((await cli.run(["ps:scale", "--app", "shop"])).stdout).toContain("web=1:Standard-2X");
    expect(await cli.run(["ps:restart", "--app", "shop"])).toMatchObject({ code: 0 });
  });

  it("lists and shows releases, and what their commands printed", async () => {
    const releases = await cli.json<{ version: number; status: string; description: string }[]>([
      "releases",
      "--app",
      "shop",
    ]);
    expect(releases.find((one) => one.version === 4)).toMatchObject({
      status: "succeeded",
      description: "Deploy abcdef12",
    });
    expect(await cli.json(["releases:info", "v4", "--app", "shop"])).toMatchObject({
      version: 4,
      status: "succeeded",
    });
    expect((await cli.run(["releases:output", "v4", "--app", "shop"])).stdout).toContain("migrated");
    expect(await cli.run(["releases:rollback", "v4", "--app", "shop"])).toMatchObject({ code: 0 });
  });

  it("shows domains and certificates", async () => {
    expect(await cli.json(["domains", "--app", "shop"])).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({
          hostname: "www.example.com",
          acm_status: "cert issued",
          cname: expect.stringMatching(/herokudns\.com$/),
        }),
      ]),
    );
    expect((await cli.run(["certs:auto", "--app", "shop"])).stdout).toContain("www.example.com");
  });

  it("shows add-ons and what they are attached to", async () => {
    expect(await cli.json(["addons", "--app", "shop"])).toMatchObject([
      { name: "shop-db", plan: { name: "heroku-postgresql:essential-0" }, state: "provisioned" },
    ]);
    expect((await cli.run(["addons", "--app", "shop"])).stdout).toContain("DATABASE");
    expect((await cli.run(["addons:info", "shop-db"])).stdout).toContain("State:        created");
  });

  it("shows logs", async () => {
    const { code, stdout } = await cli.run(["logs", "--app", "shop", "--num", "500"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/app\[web\.1\]: up and well/);
  });

  it("runs a command in a one-off dyno, with its exit code", async () => {
    const ran = await cli.run([
      "run",
      "--app",
      "shop",
      "--exit-code",
      "--no-tty",
      "--",
      "echo $GREETING; (exit 4)",
    ]);
    expect(ran.stdout).toContain("hello");
    expect(ran.code).toBe(4);
  });

  it("shows who has access", async () => {
    expect(await cli.json(["access", "--app", "shop"])).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({
          user: expect.objectContaining({ email: "friend@example.com" }),
          role: "collaborator",
        }),
      ]),
    );
  });

  it("turns maintenance on", async () => {
    expect(await cli.run(["maintenance:on", "--app", "shop"])).toMatchObject({ code: 0 });
    expect((await cli.run(["maintenance", "--app", "shop"])).stdout).toBe("on\n");
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHerokuDouble, type HerokuDouble } from "../src/index.js";
import { client, type TestClient } from "./client.js";

let double: HerokuDouble;
let heroku: TestClient;

beforeEach(async () => {
  double = await createHerokuDouble({
    accounts: [
      { email: "owner@example.com", tokens: ["one"] },
      { email: "other@example.com", tokens: ["two"] },
    ],
    databases: false,
    registry: false,
    pageSize: 3,
    rateLimit: { capacity: 40, perMinute: 0 },
  });
  heroku = client(double, "one");
  await heroku.post("/apps", { name: "shop" });
});
afterEach(async () => {
  expect(double.failures).toEqual([]);
  await double.close();
});

describe("pages", () => {
  it("gives a list in pages, up and down, each saying where the next begins", async () => {
    for (const value of ["1", "2", "3", "4", "5"])
      await heroku.patch("/apps/shop/config-vars", { VALUE: value });
    const seen: number[] = [];
    let range = "version ..; max=1000, order=desc";
    const sizes: number[] = [];
    for (;;) {
      const answered = await heroku.get("/apps/shop/releases", "3", { range });
      const page = answered.body as { version: number }[];
      seen.push(...page.map((one) => one.version));
      sizes.push(page.length);
      const next = answered.headers.get("next-range");
      expect(answered.status).toBe(next === null ? 200 : 206);
      if (next === null) break;
      range = next;
    }
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(sizes).toEqual([3, 3, 1]);
    const one = await heroku.get("/apps/shop/releases", "3", { range: "version 2..4" });
    expect((one.body as { version: number }[]).map(({ version }) => version)).toEqual([2, 3, 4]);
    expect((await heroku.get("/apps/shop/releases", "3", { range: "nonsense" })).status).toBe(416);
  });
});

describe("refusals", () => {
  it("are worded as Heroku's: of strangers, of names taken, of what is not there", async () => {
    expect(await client(double, "none").get("/account")).toMatchObject({
      status: 401,
      body: { id: "unauthorized" },
    });
    const other = client(double, "two");
    expect(await other.get("/apps/shop")).toMatchObject({ status: 403, body: { id: "forbidden" } });
    expect(await other.get("/apps/none")).toMatchObject({ status: 404, body: { id: "not_found" } });
    expect(await other.post("/apps", { name: "shop" })).toMatchObject({
      status: 422,
      body: { id: "invalid_params", message: "Name shop is already taken" },
    });
    expect(
      await heroku.patch("/apps/shop/formation", { updates: [{ type: "web", quantity: 1 }] }),
    ).toMatchObject({
      status: 404,
    });
  });

  it("lets only one of two get a name at the same time", async () => {
    const both = await Promise.all([1, 2].map(() => heroku.post("/apps", { name: "same" })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 422]);
  });

  it("wants a second factor, and money, where told so", async () => {
    double.addAccount({ email: "safe@example.com", tokens: ["safe"], twoFactorCode: "123456" });
    double.addAccount({ email: "late@example.com", tokens: ["late"], delinquent: true });
    double.addAccount({ email: "gone@example.com", tokens: ["gone"], suspended: true });
    expect(await client(double, "safe").post("/apps", {})).toMatchObject({
      status: 403,
      body: { id: "two_factor" },
    });
    expect(await client(double, "late").post("/apps", {})).toMatchObject({
      status: 402,
      body: { id: "delinquent" },
    });
    expect(await client(double, "gone").get("/account")).toMatchObject({
      status: 403,
      body: { id: "suspended" },
    });
  });

  it("counts calls, and refuses when there are none left", async () => {
    expect((await heroku.get("/account")).headers.get("ratelimit-remaining")).toBe("38");
    double.ledger.setRemaining("one", 1);
    expect((await heroku.get("/account")).status).toBe(200);
    expect(await heroku.get("/account")).toMatchObject({ status: 429, body: { id: "rate_limit" } });
    expect(await heroku.get("/account/rate-limits")).toMatchObject({ status: 200, body: { remaining: 0 } });
    expect(double.ledger.busiestMinute("one")).toBe(5);
  });
});

describe("faults", () => {
  it("answers what it is told to, so often, on that route only", async () => {
    double.faults.set({
      method: "GET",
      path: "/apps/{app}",
      skip: 1,
      times: 2,
      does: { kind: "answer", status: 503, id: "unavailable" },
    });
    const statuses: number[] = [];
    for (let time = 0; time < 4; time++) statuses.push((await heroku.get("/apps/shop")).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await heroku.get("/apps")).status).toBe(200);
  });

  it("loses an answer after the effect, and counts what is sent again", async () => {
    const body = { name: "twice" };
    double.faults.set({ method: "POST", path: "/apps", does: { kind: "lost" } });
    await expect(heroku.post("/apps", body)).rejects.toThrow();
    expect(await heroku.post("/apps", body)).toMatchObject({ status: 422 });
    expect(double.state.apps.map((app) => app.name)).toEqual(["shop", "twice"]);
    expect(double.ledger.mutations().find((one) => one.count > 1)).toMatchObject({ path: "/apps", count: 2 });
  });

  it("cuts an answer, and closes a connection before anything happened", async () => {
    double.faults.set({ path: "/account", does: { kind: "cut" } });
    await expect(heroku.get("/account")).rejects.toThrow();
    double.faults.set({ method: "POST", path: "/apps", does: { kind: "reset" } });
    await expect(heroku.post("/apps", { name: "never" })).rejects.toThrow();
    expect(double.state.apps).toHaveLength(1);
  });
});

import { existsSync } from "node:fs";
import {
  applyPlan,
  type Clock,
  type Context,
  type DeployEvent,
  isRedacted,
  type PlanPermissions,
  type PreparedPlan,
  preparePlan,
  prepareRemoval,
  type Redacted,
  type ResolvedAddon,
  redact,
  reveal,
  systemClock,
} from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type HerokuProvider, heroku } from "../index.js";
import { withDatabase } from "./sql.js";

// Real processes, and a real database, on whatever else this machine does.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const noPostgres = !existsSync("/usr/lib/postgresql");
if (noPostgres) console.warn("skipped: Postgres is not installed");

const postgres: ResolvedAddon = {
  name: "db",
  kind: "postgres",
  extensions: ["pgcrypto", "intarray"],
  as: "DATABASE_URL",
  backup: true,
};
const redis: ResolvedAddon = { name: "queue", kind: "redis", extensions: [], as: "REDIS_URL", backup: false };

/** Pauses last a fiftieth. */
const clock: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(Math.ceil(milliseconds / 50), signal),
};

describe.skipIf(noPostgres)("add-ons at Heroku", () => {
  let double: HerokuDouble;
  let provider: HerokuProvider;
  let count = 0;
  let scope = { app: "shop", environment: "staging" };
  beforeAll(async () => {
    double = await createHerokuDouble({ registry: false, delays: { databaseReady: 200 } });
    provider = heroku({
      transport: "fetch",
      endpoints: { api: double.url, data: double.dataUrl, metrics: double.metricsUrl },
    });
  });
  beforeEach(() => {
    count += 1;
    scope = { app: `shop${count}`, environment: "staging" };
    double.ledger.reset();
  });
  afterAll(async () => {
    expect(double.failures).toEqual([]);
    expect(double.violations).toEqual([]);
    await double.close();
  });

  const base = (): Omit<Context, "log" | "output" | "shared"> => ({
    signal: new AbortController().signal,
    env: { HEROKU_API_KEY: "token-of-owner" },
    fetch: (...call: Parameters<typeof fetch>) => fetch(...call),
    clock,
    directory: "/",
  });
  const context = (): Context => ({
    ...base(),
    log: () => undefined,
    output: () => undefined,
    shared: (_key, load) => load(),
  });
  const app = (): HerokuDouble["state"]["apps"][number] =>
    double.state.apps.find(({ name }) => name === `${scope.app}-staging`)!;

  async function plan(
    addons: readonly ResolvedAddon[],
    options: PlanPermissions = {},
  ): Promise<PreparedPlan> {
    const servers = provider.servers.resources(scope, { memory: 0, instances: 1 }).resources;
    return preparePlan({
      operation: "up",
      scope,
      providers: [provider],
      context: base(),
      resources: [...servers, ...addons.flatMap((addon) => provider.addons.addon(scope, addon).resources)],
      prune: true,
      options,
    });
  }
  async function up(addons: readonly ResolvedAddon[], options: PlanPermissions = {}): Promise<DeployEvent[]> {
    const events: DeployEvent[] = [];
    await applyPlan(await plan(addons, options), { emit: (event) => events.push(event) });
    return events;
  }
  const orders = (): number =>
    double.ledger.calls.filter(({ method, path }) => method === "POST" && path.endsWith("/addons")).length;
  const url = (): Redacted => {
    const value = app().config.DATABASE_URL;
    if (value === undefined) throw new Error("no DATABASE_URL");
    return redact(value);
  };

  it("orders them once, waits until they are ready, and makes the extensions", async () => {
    await up([postgres, redis]);
    const made = double.state.addons.filter((one) => one.app === app().id);
    expect(made.map(({ name, plan: chosen, state }) => [name, chosen, state]).sort()).toEqual([
      [`${scope.app}-staging-db`, "heroku-postgresql:essential-0", "provisioned"],
      [`${scope.app}-staging-queue`, "heroku-redis:mini", "provisioned"],
    ]);
    expect(app().config.REDIS_URL).toMatch(/^redis:/);
    const rows = await withDatabase(context(), url(), (query) => query("SELECT extname FROM pg_extension"));
    expect(rows.map((row) => row.extname)).toEqual(expect.arrayContaining(["pgcrypto", "intarray"]));
    expect((await plan([postgres, redis])).plan.changes).toEqual([]);
    const status = await provider.addons.status(context(), scope);
    expect([...status].sort((one, other) => (one.name < other.name ? -1 : 1))).toMatchObject([
      {
        name: "db",
        kind: "postgres",
        state: "running",
        description: "heroku-postgresql:essential-0, 5 USD a month",
      },
      { name: "queue", kind: "redis", state: "running" },
    ]);
  });

  it("buys no second one when the answer to the order is lost", async () => {
    double.faults.set({ method: "POST", path: "/apps/{app}/addons", does: { kind: "lost" } });
    await up([redis]);
    expect(double.state.addons.filter((one) => one.app === app().id)).toHaveLength(1);
    expect(orders()).toBe(1);
  });

  it("sees an extension that was dropped by hand, and brings it back", async () => {
    await up([postgres]);
    await withDatabase(context(), url(), (query) => query("DROP EXTENSION pgcrypto"));
    const drift = await plan([postgres]);
    expect(drift.plan.changes.map(({ id }) => id)).toEqual([
      `heroku/addons/${scope.app}-staging/db/extensions`,
    ]);
    await up([postgres]);
    expect((await plan([postgres])).plan.changes).toEqual([]);
  });

  it("names the extension that Postgres does not have", async () => {
    await expect(up([{ ...postgres, extensions: ["pgcrypt"] }])).rejects.toMatchObject({
      code: "addons.unknown-extension",
      hint: expect.stringContaining("pgcrypto"),
    });
    const bad = await plan([{ ...postgres, name: "other", as: "OTHER_URL", extensions: ['x"; DROP'] }]).catch(
      (error: unknown) => error,
    );
    expect(JSON.stringify(bad)).toContain("addons.bad-extension");
  });

  it("resizes by a change of plan, and never writes what Heroku sets", async () => {
    await up([redis]);
    const before = app().config.REDIS_URL;
    await up([{ ...redis, plan: "premium-0" }]);
    expect(double.state.addons.find((one) => one.app === app().id)?.plan).toBe("heroku-redis:premium-0");
    expect(app().config.REDIS_URL).toBe(before);
    expect(orders()).toBe(1);
  });

  it("says why one could not be made, and which plans there are", async () => {
    double.scripts.addons.push({ plan: "heroku-redis", ends: "fails" });
    await expect(up([redis])).rejects.toMatchObject({ code: "addons.provisioning-failed" });
    scope = { ...scope, app: `${scope.app}b` };
    await expect(up([{ ...redis, plan: "tiny" }])).rejects.toMatchObject({
      code: "addons.unknown-plan",
      hint: expect.stringContaining("mini"),
    });
  });

  it("takes one of somebody else only by word, by renaming it", async () => {
    await up([]);
    const headers = {
      authorization: "Bearer token-of-owner",
      accept: "application/vnd.heroku+json; version=3",
      "content-type": "application/json",
    };
    const body = JSON.stringify({ plan: "heroku-redis:mini", name: `${scope.app}-by-hand` });
    await fetch(`${double.url}/apps/${app().name}/addons`, { method: "POST", headers, body });
    await expect.poll(() => app().config.REDIS_URL).toBeDefined();
    const blocked = await plan([redis]);
    expect(JSON.stringify(blocked.plan)).toContain(`${scope.app}-by-hand`);
    const id = `heroku/addons/${app().name}/queue`;
    await up([redis], { adopt: [id] });
    expect(double.state.addons.filter((one) => one.app === app().id).map(({ name }) => name)).toEqual([
      `${app().name}-queue`,
    ]);
    expect((await plan([redis])).plan.changes).toEqual([]);
  });

  it("refuses a variable which Heroku cannot give", async () => {
    const prepared = await plan([{ ...redis, as: "CACHE" }]).catch((error: unknown) => error);
    expect(JSON.stringify(prepared)).toContain("addons.bad-variable");
  });

  it("backs up, and brings back what there was", async () => {
    await up([postgres]);
    const sql = (text: string): Promise<readonly unknown[]> =>
      withDatabase(context(), url(), (query) => query(text));
    await sql("CREATE TABLE things (name text)");
    await sql("INSERT INTO things VALUES ('kept')");
    const backup = await provider.addons.backup!(context(), scope, "db");
    expect(await provider.addons.backups!(context(), scope, "db")).toEqual([backup]);
    await sql("DELETE FROM things");
    await provider.addons.restore!(context(), scope, "db", backup.id);
    expect(await sql("SELECT name FROM things")).toEqual([{ name: "kept" }]);
    await expect(provider.addons.restore!(context(), scope, "db", "b999")).rejects.toMatchObject({
      code: "addons.unknown-backup",
    });
    expect(await sql("SELECT name FROM things")).toEqual([{ name: "kept" }]);
  });

  it("keeps the password out of what connects", async () => {
    await up([postgres]);
    const { argv, env } = await provider.addons.connect!(context(), scope, "db");
    expect(argv).toEqual(["psql"]);
    expect(isRedacted(env.PGPASSWORD)).toBe(true);
    expect(String(reveal(url()))).toContain(String(reveal(env.PGPASSWORD as Redacted)));
  });

  it("keeps the data of one that is no longer declared, until its name is typed", async () => {
    await up([redis]);
    const id = `heroku/addons/${app().name}/queue`;
    const pruned = await plan([]);
    expect(pruned.plan.changes).toEqual([]);
    expect(pruned.plan.kept.map((one) => one.id)).toContain(id);
    const kept = app();
    const removal = await prepareRemoval({
      scope,
      providers: [provider],
      context: base(),
      options: { force: true, deleteData: [id] },
    });
    await applyPlan(removal);
    expect(double.state.addons.filter((one) => one.app === kept.id)).toEqual([]);
  });

  it("does not take what somebody else put into the app down with it, until its name is typed", async () => {
    await up([redis]);
    const name = `${scope.app}-logs`;
    const made = await fetch(`${double.url}/apps/${app().name}/addons`, {
      method: "POST",
      headers: {
        authorization: "Bearer token-of-owner",
        accept: "application/vnd.heroku+json; version=3",
        "content-type": "application/json",
      },
      body: JSON.stringify({ plan: "papertrail:fixa", name }),
    });
    expect(made.status).toBe(201);
    expect((await plan([redis])).plan.changes).toEqual([]);
    const down = async (...deleteData: string[]): Promise<readonly string[]> => {
      const removal = await prepareRemoval({
        scope,
        providers: [provider],
        context: base(),
        options: { force: true, deleteData },
      });
      await applyPlan(removal);
      return removal.plan.kept.map(({ label }) => label);
    };
    const { id, name: of } = app();
    expect(await down("queue")).toEqual([
      `add-on ${name} (papertrail:fixa), not made by Deploy`,
      expect.stringContaining(of),
    ]);
    expect(double.state.addons.filter((one) => one.app === id).map((one) => one.name)).toEqual([name]);
    expect(await down(name)).toEqual([]);
    expect(app()).toBeUndefined();
    expect(double.state.addons.filter((one) => one.app === id)).toEqual([]);
  });
});

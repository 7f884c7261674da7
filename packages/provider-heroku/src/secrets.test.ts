import { type AnyResource, redact, reveal } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, createBench } from "../test/bench.js";
import { readMarker } from "./ownership.js";
import { appResource } from "./servers.js";

let bench: Bench;

beforeEach(async () => {
  bench = await createBench();
});
afterEach(async () => {
  expect(bench.double.violations).toEqual([]);
  expect(bench.double.failures).toEqual([]);
  await bench.double.close();
});

const app = () => bench.double.state.apps.find(({ name }) => name === "shop-staging");
const patches = () =>
  bench.double.ledger.calls.filter(({ method, path }) => method === "PATCH" && path.endsWith("/config-vars"))
    .length;
const secret = (name: string, value?: string): AnyResource =>
  bench
    .provider()
    .secrets.secret(bench.scope, name, value === undefined ? undefined : redact(value)) as AnyResource;
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("secrets", () => {
  it("of one run are one PATCH: one release, one restart", async () => {
    const provider = bench.provider();
    const make = (name: string): AnyResource =>
      provider.secrets.secret(bench.scope, name, redact(`value of ${name}`)) as AnyResource;
    await bench.apply([appResource(bench.own(), bench.scope) as AnyResource]);
    const before = patches();
    await bench.apply(["ONE", "TWO", "THREE"].map(make));
    expect(patches() - before).toBe(1);
    expect(app()?.config).toMatchObject({
      ONE: "value of ONE",
      TWO: "value of TWO",
      THREE: "value of THREE",
    });
    expect((await bench.plan(["ONE", "TWO", "THREE"].map(make))).plan.changes).toEqual([]);
  });

  it("leave what others set alone", async () => {
    await bench.apply([secret("KEY", "one")]);
    if (app() !== undefined) app()!.config.BY_HAND = "stays";
    await bench.apply([secret("KEY", "two")]);
    await bench.provider().secrets.unset(bench.context(), bench.scope, "KEY");
    expect(app()?.config).toMatchObject({ BY_HAND: "stays" });
    expect(app()?.config.KEY).toBeUndefined();
  });

  it("stop at a var of the same name that somebody else set, until it is adopted by word", async () => {
    await bench.apply([appResource(bench.own(), bench.scope) as AnyResource]);
    app()!.config.KEY = "by hand";
    const { plan } = await bench.plan([secret("KEY", "ours")]);
    expect(plan.blocks).toMatchObject([{ code: "plan.foreign" }]);
    const set = bench.provider().secrets.set(bench.context(), bench.scope, "KEY", redact("ours"));
    expect(await failureOf(set)).toMatchObject({ code: "secrets.foreign" });
    expect(app()?.config.KEY).toBe("by hand");
    const node = secret("KEY", "ours");
    await bench.apply([node], { adopt: [node.id] });
    expect(app()?.config.KEY).toBe("ours");
  });

  it("never take over a var of an add-on", async () => {
    await bench.apply([appResource(bench.own(), bench.scope) as AnyResource]);
    await bench
      .own()
      .api.post(bench.context(), "/apps/shop-staging/addons", { plan: "heroku-postgresql:essential-0" });
    const before = app()?.config.DATABASE_URL;
    const node = secret("DATABASE_URL", "mine");
    const plan = await bench.plan([node]);
    expect(plan.plan.blocks[0]?.message).toContain("add-on");
    expect(await failureOf(bench.apply([node], { adopt: [node.id] }))).toMatchObject({
      code: "secrets.of-addon",
    });
    expect(app()?.config.DATABASE_URL).toBe(before);
  });

  it("that were masked by hand keep their version, are not written again, and are shown to nobody", async () => {
    await bench.apply([secret("KEY", "hidden-value")]);
    const [before] = await bench.provider().secrets.list(bench.context(), bench.scope);
    app()!.masked.add("KEY");
    const { plan } = await bench.plan([secret("KEY", "hidden-value")]);
    expect(plan.changes).toEqual([]);
    const [after] = await bench.provider().secrets.list(bench.context(), bench.scope);
    expect(after).toEqual(before);
    const error = await failureOf(bench.provider().secrets.reveal(bench.context(), bench.scope, "KEY"));
    expect(error).toMatchObject({ code: "secrets.masked" });
  });

  it("changed by hand are seen, and their version tells", async () => {
    await bench.apply([secret("KEY", "ours")]);
    app()!.config.KEY = "by hand";
    const { plan } = await bench.plan([secret("KEY", "ours")]);
    expect(plan.changes).toMatchObject([{ action: "update", fields: [{ path: "value" }] }]);
    expect((await bench.plan([secret("KEY")])).plan.changes).toEqual([]);
  });

  it("can be stored before the app was ever deployed", async () => {
    const store = bench.provider().secrets;
    await store.set(bench.context(), bench.scope, "KEY", redact("early"));
    expect(reveal(await store.reveal(bench.context(), bench.scope, "KEY"))).toBe("early");
    expect(readMarker(app()?.config)?.secrets).toHaveProperty("KEY");
    expect(JSON.stringify(readMarker(app()?.config))).not.toContain("early");
  });

  it("survive a lost answer, in one piece", async () => {
    await bench.apply([appResource(bench.own(), bench.scope) as AnyResource]);
    bench.double.faults.set({ method: "PATCH", path: "/apps/{app}/config-vars", does: { kind: "lost" } });
    const before = patches();
    await bench.apply([secret("KEY", "once")]);
    expect(app()?.config.KEY).toBe("once");
    expect(patches() - before).toBe(1);
  });

  it("named like our own records are refused", async () => {
    const { plan } = await bench.plan([secret("DEPLOY_OWNER", "mine")]);
    expect(plan.blocks.map(({ code }) => code)).toContain("secrets.reserved-name");
  });
});

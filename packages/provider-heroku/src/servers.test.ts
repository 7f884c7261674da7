import type { AnyResource, Plan } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, createBench } from "../test/bench.js";
import { type HerokuOptions, heroku } from "./index.js";
import { markerVariable, readMarker } from "./ownership.js";
import { appResource } from "./servers.js";

let bench: Bench;

beforeEach(async () => {
  bench = await createBench({
    accounts: [
      {
        email: "owner@example.com",
        tokens: ["token-of-owner"],
        teams: { acme: "admin", gang: "collaborator" },
      },
      { email: "stranger@example.com", tokens: ["token-of-stranger"] },
    ],
  });
});
afterEach(async () => {
  expect(bench.double.violations).toEqual([]);
  expect(bench.double.failures).toEqual([]);
  await bench.double.close();
});

const resources = (options?: HerokuOptions): readonly AnyResource[] => [
  appResource(bench.own(options), bench.scope) as AnyResource,
];
const blocks = ({ plan }: { readonly plan: Plan }): readonly string[] => plan.blocks.map(({ code }) => code);
const appNamed = (name = "shop-staging") => bench.double.state.apps.find((app) => app.name === name);
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

async function asStranger(method: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${bench.double.url}${path}`, {
    method,
    headers: {
      authorization: "Bearer token-of-stranger",
      "content-type": "application/json",
      accept: "application/vnd.heroku+json; version=3",
    },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}

async function asOwner(method: string, path: string, body: unknown): Promise<void> {
  const api = bench.own().api;
  await (method === "POST" ? api.post(bench.context(), path, body) : api.patch(bench.context(), path, body));
}

describe("the app", () => {
  it("is made with the container stack and marked, and a second plan is empty", async () => {
    await bench.apply(resources());
    const app = appNamed();
    expect(app?.stack).toBe("container");
    expect(readMarker(app?.config)).toMatchObject({ app: "shop", environment: "staging" });
    expect((await bench.plan(resources())).plan.changes).toEqual([]);
  });

  it("is made in a team", async () => {
    await bench.apply(resources({ team: "acme", locked: true }));
    expect(appNamed()?.owner.kind).toBe("team");
    expect(appNamed()?.locked).toBe(true);
    expect((await bench.plan(resources({ team: "acme", locked: true }))).plan.changes).toEqual([]);
    expect(blocks(await bench.plan(resources()))).toEqual(["servers.wrong-team"]);
  });

  it("is found drifted from the container stack, and put back", async () => {
    await bench.apply(resources());
    await asOwner("PATCH", "/apps/shop-staging", { build_stack: "heroku-24" });
    const { plan } = await bench.plan(resources());
    expect(plan.changes).toMatchObject([{ action: "update", fields: [{ path: "stack", to: "container" }] }]);
    await bench.apply(resources());
    expect((await bench.plan(resources())).plan.changes).toEqual([]);
  });

  it("is refused in a team that the account is not in, before anything is made", async () => {
    const error = await failureOf(bench.plan(resources({ team: "acmee" })));
    expect(error).toMatchObject({ code: "servers.wrong-team", hint: expect.stringContaining("acme") });
    expect(bench.double.state.apps).toEqual([]);
  });

  it("is refused in a space that is not there", async () => {
    const error = await failureOf(bench.plan(resources({ team: "acme", space: "nowhere" })));
    expect(error).toMatchObject({ code: "servers.unknown-space" });
  });

  it("of somebody else under our name is told apart, left alone, and another name is advised", async () => {
    await asStranger("POST", "/apps", { name: "shop-staging" });
    const error = await failureOf(bench.plan(resources()));
    expect(error).toMatchObject({ code: "servers.name-taken", retryable: false });
    expect(error).toMatchObject({ hint: expect.stringContaining('"app" of heroku()') });
    expect(String(error)).toContain("The name shop-staging belongs to another app at Heroku");
  });

  it("whose name is taken where nobody can look is refused by the creation", async () => {
    bench.double.scripts.takenNames.push("shop-staging");
    const error = await failureOf(bench.apply(resources()));
    expect(error).toMatchObject({ code: "servers.name-taken", hint: expect.stringContaining("app") });
  });

  it("of our own whose creation lost its answer is taken, not made twice", async () => {
    bench.double.faults.set({ method: "POST", path: "/apps", does: { kind: "lost" } });
    await bench.apply(resources());
    expect(bench.double.state.apps).toHaveLength(1);
    expect(appNamed()?.config[markerVariable]).toBeDefined();
  });

  it("that was made by hand is foreign until it is adopted by word, and what it holds stays", async () => {
    await asOwner("POST", "/apps", { name: "shop-staging", stack: "container" });
    await asOwner("PATCH", "/apps/shop-staging/config-vars", { BY_HAND: "stays" });
    await asOwner("POST", "/apps/shop-staging/domains", { hostname: "old.example.org", sni_endpoint: null });
    const nodes = resources();
    expect(blocks(await bench.plan(nodes))).toEqual(["plan.foreign"]);
    await bench.apply(nodes, { adopt: [nodes[0]!.id] });
    expect(appNamed()?.config.BY_HAND).toBe("stays");
    const owned = await bench.provider().owned?.(bench.context(), bench.scope);
    expect(owned?.map(({ label }) => label)).toEqual(["Heroku app shop-staging"]);
  });

  it("of another environment is not ours, and cannot be adopted", async () => {
    await bench.apply(resources());
    const scope = { app: "shop", environment: "staging2" };
    const node = appResource(bench.own({ app: "shop-staging" }), scope) as AnyResource;
    const { plan } = await bench.plan([node], { adopt: [node.id] });
    expect(plan.changes).toMatchObject([{ action: "adopt" }]);
    const error = await failureOf(bench.apply([node], { adopt: [node.id] }));
    expect(error).toMatchObject({ code: "servers.foreign" });
  });

  it("of the generation Fir is refused with the reason", async () => {
    await bench.apply(resources());
    Object.assign(appNamed() ?? {}, { generation: "fir" });
    const { plan } = await bench.plan(resources());
    expect(plan.blocks).toMatchObject([{ code: "servers.fir-unsupported" }]);
    expect(plan.blocks[0]?.message).toContain("Cloud Native Buildpacks only");
  });

  it("is removed by down and by nothing else", async () => {
    await bench.apply(resources());
    const { plan } = await bench.plan([], { prune: true });
    expect(plan.changes).toEqual([]);
    expect(await bench.down()).toEqual([]);
    expect(bench.double.state.apps).toEqual([]);
  });

  it("costs a plan two calls when there is nothing to do", async () => {
    await bench.apply(resources());
    const before = bench.double.ledger.calls.length;
    await bench.plan(resources());
    expect(bench.double.ledger.calls.length - before).toBe(2);
  });
});

describe("accounts that may not", () => {
  it.each([
    [{ email: "a@example.com", tokens: ["t"], suspended: true }, "heroku.suspended"],
    [{ email: "a@example.com", tokens: ["t"], delinquent: true }, "heroku.delinquent"],
    [{ email: "a@example.com", tokens: ["t"], twoFactorCode: "123456" }, "heroku.two-factor-needed"],
  ])("%j fail with %s, and nothing is made", async (account, code) => {
    bench.double.addAccount(account);
    const context = bench.context({ env: { HEROKU_API_KEY: "t" } });
    const node = appResource(bench.own(), bench.scope);
    const error = await failureOf(Promise.resolve(node.create?.(context, { stack: "container" })));
    expect(error).toMatchObject({ code });
    expect(bench.double.state.apps).toEqual([]);
  });

  it("with a bad token are told which one, and where to get another", async () => {
    const context = bench.context({ env: { HEROKU_API_KEY: "wrong-token" } });
    const error = await failureOf(Promise.resolve(bench.provider().identity?.(context)));
    expect(error).toMatchObject({
      code: "heroku.unauthenticated",
      hint: expect.stringContaining("HEROKU_API_KEY"),
    });
    expect(JSON.stringify(error)).not.toContain("wrong-token");
  });
});

describe("doctor", () => {
  it("says which token, whose account, which team and what about the app", async () => {
    const findings = await bench.provider({ team: "acme" }).doctor?.(bench.context(), bench.scope);
    expect(findings?.map(({ subject, state, message }) => `${subject} | ${state} | ${message}`)).toEqual([
      "token of heroku | ok | From HEROKU_API_KEY.",
      expect.stringContaining("host of heroku | warning"),
      "account of heroku | ok | owner@example.com in the Heroku team acme.",
      "team acme | ok | The account is in it, as admin.",
      "app shop-staging | ok | Not there yet: the first `up` makes it.",
    ]);
  });

  it("says what keeps it from deploying", async () => {
    bench.double.addAccount({
      email: "poor@example.com",
      tokens: ["poor"],
      delinquent: true,
      verified: false,
    });
    const context = bench.context({ env: { HEROKU_API_KEY: "poor" } });
    const findings = (await bench.provider().doctor?.(context, bench.scope)) ?? [];
    expect(findings.filter(({ state }) => state === "failed").length).toBeGreaterThan(0);
    const viewer = await bench.provider({ team: "gang" }).doctor?.(bench.context(), bench.scope);
    expect(viewer?.find(({ subject }) => subject === "team gang")).toMatchObject({ state: "failed" });
  });

  it("says that there is no token, and asks nobody", async () => {
    const before = bench.double.ledger.calls.length;
    const context = bench.context({ env: { HOME: "/nonexistent", PATH: "/nonexistent" } });
    const findings = await bench.provider().doctor?.(context, bench.scope);
    expect(findings).toMatchObject([{ subject: "token of heroku", state: "failed" }]);
    expect(bench.double.ledger.calls.length).toBe(before);
  });
});

describe("options", () => {
  it.each([
    [{ space: "s" }, /"space" needs "team"/],
    [{ locked: true }, /"locked" needs "team"/],
    [{ internalRouting: true }, /"internalRouting" needs "space"/],
    [{ autoscaling: { worker: { min: 1, max: 2, p95Ms: 500 } } }, /only "web"/],
    [{ autoscaling: { web: { min: 3, max: 2, p95Ms: 500 } } }, /min ≤ max/],
  ])("%j are refused at once", (options, message) => {
    expect(() => heroku(options)).toThrow(message);
  });
});

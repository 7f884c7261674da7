import { applyPlan, type Context, type Grant, preparePlan, type Role, systemClock } from "@deploy/core";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { heroku } from "./index.js";
import type { HerokuOptions } from "./options.js";

describe("access at Heroku", () => {
  let double: HerokuDouble;
  beforeAll(async () => {
    double = await createHerokuDouble({
      accounts: [
        { email: "owner@example.com", tokens: ["owner-token"], teams: { acme: "admin" } },
        { email: "maria@example.com", tokens: ["maria-token"] },
      ],
      databases: false,
      registry: false,
    });
  });
  afterAll(async () => {
    expect(double.violations).toEqual([]);
    await double.close();
  });

  const scope = (app: string) => ({ app, environment: "production" });
  const context = (token = "owner-token"): Context => ({
    signal: new AbortController().signal,
    env: { HEROKU_API_KEY: token, HEROKU_API_URL: double.url },
    fetch,
    clock: systemClock,
    log: () => undefined,
    output: () => undefined,
    directory: "/",
    shared: (_key, load) => load(),
  });

  async function grant(app: string, grants: readonly Grant[], options: HerokuOptions = {}): Promise<number> {
    const provider = heroku(options);
    const servers = provider.servers.resources(scope(app), { memory: 0, instances: 1 }).resources;
    const prepared = await preparePlan({
      operation: "access",
      scope: scope(app),
      providers: [provider],
      context: context(),
      resources: [...servers, ...provider.access.grants(scope(app), grants).resources],
      prune: false,
      options: {},
    });
    await applyPlan(prepared, { emit: () => undefined });
    return prepared.plan.changes.filter(({ element }) => element === "access").length;
  }

  it("maps our four roles to the four permissions of a team's app, and back", async () => {
    const team = { team: "acme" };
    const roles: readonly Role[] = ["viewer", "deployer", "operator", "manager"];
    const grants = roles.map((role) => ({ person: `${role}@example.com`, role }));
    expect(await grant("roles", grants, team)).toBe(4);
    expect(await grant("roles", grants, team)).toBe(0);
    const who = await heroku(team).access.who(context(), scope("roles"));
    expect(who).toEqual(expect.arrayContaining(grants));
    expect(await grant("roles", [{ person: "viewer@example.com", role: "operator" }], team)).toBe(1);
    const names = double.state.apps
      .find(({ name }) => name === "roles-production")
      ?.collaborators.find(({ email }) => email === "viewer@example.com")?.permissions;
    expect(names).toEqual(["view", "deploy", "operate"]);
  });

  it("knows one role on a personal app, whose owner is its manager", async () => {
    const { roles } = heroku().access.capabilities;
    expect(roles).toMatchObject({ operator: true, viewer: { no: expect.stringContaining("always deploy") } });
    expect(await grant("personal", [{ person: "kim@example.com", role: "operator" }])).toBe(1);
    const who = await heroku().access.who(context(), scope("personal"));
    expect(who).toEqual(
      expect.arrayContaining([
        { person: "kim@example.com", role: "operator" },
        { person: "owner@example.com", role: "manager" },
      ]),
    );
    await expect(
      heroku().access.revoke(context(), "owner@example.com", scope("personal")),
    ).rejects.toMatchObject({ code: "access.owner" });
  });

  it("takes a person off one app, or off all of them and out of the team", async () => {
    const team = { team: "acme" };
    const lee = [{ person: "lee@example.com", role: "deployer" }] as const;
    for (const app of ["one", "two", "three"]) await grant(app, lee, team);
    const { access } = heroku(team);
    expect(await access.revoke(context(), "LEE@example.com", scope("one"))).toEqual(["one-production"]);
    expect(await access.revoke(context(), "lee@example.com", scope("one"))).toEqual([]);
    double.state.teams[0]?.members.push({
      id: "01234567-89ab-4def-8123-456789abcdef",
      email: "lee@example.com",
      role: "member",
      createdAt: new Date().toISOString(),
    });
    expect(await access.revoke(context(), "lee@example.com")).toEqual([
      "team acme",
      "three-production",
      "two-production",
    ]);
    expect(await access.revoke(context(), "lee@example.com")).toEqual([]);
  });

  it("names what a person keeps, once everything else was done", async () => {
    await grant("shared", [{ person: "maria@example.com", role: "operator" }]);
    const response = await fetch(`${double.url}/apps`, {
      method: "POST",
      headers: {
        authorization: "Bearer maria-token",
        accept: "application/vnd.heroku+json; version=3",
        "content-type": "application/json",
      },
      body: JSON.stringify({ name: "marias-own" }),
    });
    expect(response.status).toBe(201);
    await fetch(`${double.url}/apps/marias-own/collaborators`, {
      method: "POST",
      headers: {
        authorization: "Bearer maria-token",
        accept: "application/vnd.heroku+json; version=3",
        "content-type": "application/json",
      },
      body: JSON.stringify({ user: "owner@example.com" }),
    });
    await expect(heroku().access.revoke(context(), "maria@example.com")).rejects.toMatchObject({
      code: "access.not-revoked",
      message: expect.stringContaining("marias-own, which they own"),
      details: { revoked: ["shared-production"] },
    });
  });
});

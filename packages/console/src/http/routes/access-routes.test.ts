import { createGitHubDouble, type GitHubDouble } from "@deploy/github-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { password } from "../../access/testing/rig.js";
import type {
  AppAccess,
  AuditPage,
  Granted,
  Invited,
  MadeToken,
  Me,
  PersonRights,
  Revoked,
  SessionList,
  TokenList,
} from "../../shared/access-types.js";
import { browseUntil } from "../../sign-in/testing/issuer.js";
import {
  type Answered,
  openTestConsole,
  type Refused,
  type SignedIn,
  type TestConsole,
} from "../testing/console.js";

let the: TestConsole;
let github: GitHubDouble;

beforeAll(async () => {
  github = await createGitHubDouble();
  the = await openTestConsole({
    github: {
      clientId: github.clientId,
      clientSecret: github.clientSecret,
      url: github.url,
      apiUrl: github.url,
    },
  });
  github.redirectUri = `${the.services.origin}/sign-in/github/return`;
});

afterAll(async () => {
  await the.end();
  await github.close();
});

const post = <Body>(path: string, json: unknown, as?: SignedIn) =>
  the.ask<Body>(path, { method: "POST", json, ...(as === undefined ? {} : { as }) });
const cookiesOf = ({ headers }: Pick<Answered, "headers">): readonly string[] =>
  [headers["set-cookie"] ?? []].flat();
const secretOf = (link: string): string => new URL(link).hash.replace(/^#\w+=/, "");

/** Somebody who has just been given the cookie. */
async function asSent(answer: Pick<Answered, "headers">): Promise<SignedIn> {
  const session = /^deploy=([^;]+)/.exec(cookiesOf(answer)[0] ?? "")?.[1] ?? "";
  const me = await the.ask<Me>("/api/me", { headers: { cookie: `deploy=${session}` } });
  return { session, personId: me.body.person.id, sessionId: me.body.sessionId };
}

describe("from an invitation to a revocation", () => {
  it("somebody with a viewer grant for one app sees that app and nothing else, until they are revoked", async () => {
    const invited = await post<Invited>(
      "/api/people",
      { email: "vera@example.org", grants: [{ app: "shop", role: "viewer" }] },
      the.owner,
    );
    expect(invited.status).toBe(201);
    expect(invited.headers["cache-control"]).toBe("no-store");
    const secret = secretOf(invited.body.link);
    expect((await post("/api/sign-in/invitation/check", { secret })).body).toMatchObject({
      email: "vera@example.org",
      invitedBy: "owner@example.org",
    });
    const vera = await asSent(await post("/api/sign-in/invitation", { secret, password, name: "Vera" }));
    expect((await post("/api/sign-in/invitation", { secret, password })).status).toBe(401);

    const me = await the.ask<Me>("/api/me", { as: vera });
    expect(me.body).toMatchObject({
      person: { email: "vera@example.org", name: "Vera", ways: ["password"] },
      apps: [{ app: "shop", role: "viewer" }],
    });
    expect(me.body.everywhere).toBeUndefined();
    expect((await the.ask("/api/apps/shop/environments/production/logs", { as: vera })).status).toBe(200);
    const foreign = await the.ask("/api/apps/blog/environments/production/logs", { as: vera });
    const unknown = await the.ask("/api/apps/glob/environments/production/logs", { as: vera });
    expect(foreign.status).toBe(404);
    expect(foreign.text.replaceAll("blog", "glob")).toBe(unknown.text);
    for (const path of ["/api/people", "/api/audit", `/api/people/${vera.personId}/rights`]) {
      expect((await the.ask(path, { as: vera })).status).toBe(403);
    }
    expect(
      (await post("/api/apps/shop/grants", { person: "x@example.org", role: "viewer" }, vera)).status,
    ).toBe(403);
    expect(
      (await post("/api/apps/blog/grants", { person: "x@example.org", role: "viewer" }, vera)).status,
    ).toBe(404);

    const revoked = await the.ask<Revoked>(`/api/people/${vera.personId}`, {
      method: "DELETE",
      as: the.owner,
    });
    expect(revoked.body.ended).toEqual({ grants: 1, sessions: 1, tokens: 0, invitations: 0 });
    expect((await the.ask("/api/me", { as: vera })).status).toBe(401);
    expect((await post("/api/sign-in/password", { email: "vera@example.org", password })).status).toBe(401);
  });

  it("a grant for who is not known invites them; it is listed, answered for, and taken away", async () => {
    const granted = await post<Granted>(
      "/api/apps/shop/grants",
      { person: "kim@example.org", role: "operator" },
      the.owner,
    );
    expect(granted.status).toBe(201);
    expect(granted.body).toMatchObject({
      changed: true,
      grant: { app: "shop", role: "operator", grantedBy: "owner@example.org" },
    });
    expect(secretOf(granted.body.invited?.link ?? "")).toMatch(/^[\w-]{43}$/);
    const again = await post<Granted>(
      "/api/apps/shop/grants",
      { person: "kim@example.org", role: "operator" },
      the.owner,
    );
    expect([again.status, again.body.changed, again.body.invited]).toEqual([200, false, undefined]);
    const access = await the.ask<AppAccess>("/api/apps/shop/access", { as: the.owner });
    const emails = access.body.people.map((one) => one.person.email);
    expect(emails).toEqual(["owner@example.org", "kim@example.org"]);
    const rights = await the.ask<PersonRights>(`/api/people/${granted.body.person.id}/rights`, {
      as: the.owner,
    });
    expect(rights.body.apps).toMatchObject([{ app: "shop", role: "operator" }]);
    const { id } = granted.body.grant;
    expect((await the.ask(`/api/apps/blog/grants/${id}`, { method: "DELETE", as: the.owner })).status).toBe(
      404,
    );
    expect((await the.ask(`/api/apps/shop/grants/${id}`, { method: "DELETE", as: the.owner })).status).toBe(
      200,
    );
    expect((await the.ask(`/api/apps/shop/grants/${id}`, { method: "DELETE", as: the.owner })).status).toBe(
      404,
    );
  });

  it("what is no use is refused with 400 and a reason, and changes nothing", async () => {
    const before = (await the.ask("/api/people", { as: the.owner })).text;
    for (const [path, body] of [
      ["/api/apps/shop/grants", { person: "no address", role: "viewer" }],
      ["/api/apps/shop/grants", { person: "lee@example.org", role: "admin" }],
      ["/api/apps/shop/grants", { person: "lee@example.org", role: "viewer", expiresAt: 1 }],
      ["/api/apps/shop/grants", { person: "lee@example.org", role: "viewer", admin: true }],
      ["/api/grants", { person: ["lee@example.org"], role: "viewer" }],
      [
        "/api/people",
        {
          email: "lee@example.org",
          grants: [
            { app: "shop", role: "viewer" },
            { app: "..", role: "viewer" },
          ],
        },
      ],
      ["/api/people", { email: "lee@example.org", grants: "all" }],
      ["/api/people", []],
      ["/api/account/tokens", { name: "x", app: "shop", role: "owner" }],
      ["/api/account/password", { password: "short" }],
      ["/api/sign-in/password", { email: { a: 1 }, password: "x" }],
    ] as const) {
      const answer = await post<Refused>(path, body, the.owner);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.body.error.hint).toBeTruthy();
    }
    expect((await the.ask("/api/people", { as: the.owner })).text).toBe(before);
    const last = await the.ask(`/api/people/${the.owner.personId}`, { method: "DELETE", as: the.owner });
    expect([last.status, last.body.error.code]).toEqual([409, "access.last-owner"]);
  });
});

describe("one's own account", () => {
  it("tokens are shown once, work in their place, and are ended", async () => {
    const max = await the.person("max@example.org", { shop: "manager" });
    const made = await post<MadeToken>(
      "/api/account/tokens",
      { name: "ci", app: "shop", role: "deployer" },
      max,
    );
    expect(made.status).toBe(201);
    const { secret, token } = made.body;
    const list = await the.ask<TokenList>("/api/account/tokens", { as: max });
    expect(list.body.tokens).toMatchObject([{ name: "ci", role: "deployer" }]);
    expect(list.text).not.toContain(secret);
    const logs = "/api/apps/shop/environments/production/logs";
    expect((await the.ask(logs, { token: secret })).status).toBe(200);
    expect((await the.ask("/api/account/tokens", { token: secret })).status).toBe(403);
    expect((await the.ask("/api/me", { token: secret })).status).toBe(403);
    expect(
      (await the.ask(`/api/account/tokens/${token.id}`, { method: "DELETE", as: the.owner })).status,
    ).toBe(404);
    expect((await the.ask(`/api/account/tokens/${token.id}`, { method: "DELETE", as: max })).status).toBe(
      200,
    );
    expect((await the.ask(logs, { token: secret })).status).toBe(401);
  });

  it("sessions are listed and ended; signing out ends this one and clears the cookie", async () => {
    const email = "sam@example.org";
    const first = await the.person(email, { shop: "viewer" });
    await post("/api/account/password", { password }, first).then((answer) =>
      expect(answer.status).toBe(401),
    );
    const invited = await post<Invited>("/api/people", { email: "pat@example.org" }, the.owner);
    const pat = await asSent(
      await post("/api/sign-in/invitation", { secret: secretOf(invited.body.link), password }),
    );
    const other = await asSent(await post("/api/sign-in/password", { email: "pat@example.org", password }));
    const list = await the.ask<SessionList>("/api/account/sessions", { as: pat });
    expect(list.body.sessions.map((one) => one.current).sort()).toEqual([false, true]);
    expect(
      (await the.ask(`/api/account/sessions/${other.sessionId}`, { method: "DELETE", as: first })).status,
    ).toBe(404);
    expect((await the.ask("/api/account/sessions", { method: "DELETE", as: pat })).body).toEqual({
      ended: 1,
    });
    expect((await the.ask("/api/me", { as: other })).status).toBe(401);
    const out = await post("/api/sign-out", {}, pat);
    expect(cookiesOf(out)[0]).toMatch(/^deploy=; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict$/);
    expect((await the.ask("/api/me", { as: pat })).status).toBe(401);
    expect((await post("/api/sign-out", {})).status).toBe(200);
  });
});

describe("sign-in by GitHub, through the routes", () => {
  const maria = { email: "maria@example.org", primary: true, verified: true };

  /** Goes from our start to the provider and back, as a browser. */
  async function roundTrip(start: string): Promise<Answered> {
    const started = await the.ask(start);
    expect(started.status).toBe(303);
    const [cookie = ""] = cookiesOf(started);
    expect(cookie).toMatch(/^deploy-return=.*; HttpOnly; SameSite=Lax$/);
    const { origin } = new URL(the.services.origin);
    const back = await browseUntil(String(started.headers.location), origin);
    return the.ask(`${back.pathname}${back.search}`, {
      headers: { cookie: cookie.split(";", 1)[0], "sec-fetch-site": "cross-site" },
    });
  }

  it("offers the way, signs in whom the address belongs to, and goes back to a path of ours", async () => {
    expect((await the.ask("/api/sign-in/ways")).body).toEqual({
      password: true,
      github: { name: "GitHub", start: "/sign-in/github" },
    });
    github.addUser({ login: "maria", emails: [maria] });
    github.signedInAs = "maria";
    await post("/api/people", { email: maria.email }, the.owner);
    const answer = await roundTrip("/sign-in/github?return=%2Fapps%2Fshop%2Fproduction%2Flogs");
    expect([answer.status, answer.headers.location]).toEqual([303, "/apps/shop/production/logs"]);
    const cookies = cookiesOf(answer);
    expect(cookies[0]).toMatch(/^deploy=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
    expect(cookies[1]).toMatch(/^deploy-return=; Path=\/; Max-Age=0/);
    const me = await asSent(answer);
    expect(me.personId).toBeTruthy();
    const evil = await roundTrip("/sign-in/github?return=%2F%2Fevil.example");
    expect(evil.headers.location).toBe("/");
  });

  it("what did not work out is told by a word of ours, without a cookie and without anything of the provider", async () => {
    github.addUser({ login: "eve", emails: [{ ...maria, email: "eve@evil.example" }] });
    github.signedInAs = "eve";
    const refused = await roundTrip("/sign-in/github");
    expect(refused.headers.location).toBe("/sign-in?problem=not-allowed");
    expect(cookiesOf(refused).some((one) => /^deploy=[\w-]/.test(one))).toBe(false);
    const forged = await the.ask("/sign-in/github/return?code=x&state=y");
    expect(forged.headers.location).toBe("/sign-in?problem=state");
    expect((await the.ask("/sign-in/oidc")).status).toBe(404);
  });
});

describe("the audit log", () => {
  it("is read in pages, by who manages; the chain is verified; a bad number is refused", async () => {
    const page = await the.ask<AuditPage>("/api/audit?limit=2", { as: the.owner });
    expect(page.body.entries).toHaveLength(2);
    expect(page.body.hasOlder).toBe(true);
    const [, second] = page.body.entries;
    const next = await the.ask<AuditPage>(`/api/audit?limit=1&before=${second?.id}`, { as: the.owner });
    expect(next.body.entries[0]?.id).toBe((second?.id ?? 0) - 1);
    const manager = await the.person("mia@example.org", { shop: "manager" });
    const own = await the.ask<AuditPage>("/api/apps/shop/audit", { as: manager });
    expect(own.body.entries.every((one) => one.app === "shop")).toBe(true);
    expect((await the.ask("/api/audit", { as: manager })).status).toBe(403);
    expect((await the.ask("/api/audit/verify", { as: the.owner })).body).toMatchObject({ intact: true });
    for (const query of ["limit=0", "limit=501", "before=-1", "before=x", "limit=1e3"]) {
      expect((await the.ask(`/api/audit?${query}`, { as: the.owner })).status).toBe(400);
    }
  });
});

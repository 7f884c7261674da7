import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { from } from "../access/testing/rig.js";
import { createProviderRig, type ProviderRig } from "./testing/provider-rig.js";

let the: ProviderRig;

beforeAll(async () => {
  the = await createProviderRig();
});
beforeEach(() => the.begin());
afterAll(() => the.end());

const code = (expected: string) => expect.objectContaining({ code: expected });

for (const name of ["github", "oidc"] as const) {
  describe(`rules that hold for ${name}`, () => {
    it("asks with PKCE (S256) and a state, and returns to where the person wanted to go", async () => {
      the.atBrowser(name, { subject: the.fresh() });
      await the.book.access.people.invite({ caller: "console" }, { email: "maria@example.org" });
      const { started, query, cookies } = await the.roundTrip(name, "/apps/shop/production/logs");
      expect(started.searchParams.get("code_challenge_method")).toBe("S256");
      expect(started.searchParams.get("state")).toBe(query.get("state"));
      if (name === "oidc") expect(started.searchParams.get("nonce")).toMatch(/.{40}/);
      const { returnTo } = await the.signIn.withProvider(the.wayOf(name), query, cookies, from);
      expect(returnTo).toBe("/apps/shop/production/logs");
    });

    it("an invitation is taken by a verified address that equals it, and its link is void then", async () => {
      const invited = await the.book.access.people.invite(
        { caller: "console" },
        { email: "maria@example.org" },
      );
      the.atBrowser(name, { email: "Maria@Example.org", subject: the.fresh() });
      const { person } = await the.enter(name);
      expect(person).toMatchObject({ id: invited.person.id, ways: [name] });
      expect(await the.book.access.people.invitation(invited.secret)).toBeUndefined();
    });

    it("accounts are linked by a verified address alone", async () => {
      const maria = await the.book.person("maria@example.org");
      the.atBrowser(name, { verified: false, subject: the.fresh() });
      await expect(the.enter(name)).rejects.toEqual(code("sign-in.unverified-email"));
      the.atBrowser(name, { subject: the.fresh() });
      const { person } = await the.enter(name);
      expect(person).toMatchObject({ id: maria.person.id, ways: ["password", name] });
    });

    it("another account with the same address is not let in as the first: addresses change hands", async () => {
      await the.book.person("maria@example.org");
      the.atBrowser(name, { subject: the.fresh() });
      await the.enter(name);
      the.atBrowser(name, { subject: the.fresh() });
      await expect(the.enter(name)).rejects.toEqual(code("sign-in.not-allowed"));
    });

    it("somebody nobody has invited is turned away, and it is written down", async () => {
      the.atBrowser(name, { email: "eve@evil.example", subject: the.fresh() });
      await expect(the.enter(name)).rejects.toEqual(code("sign-in.not-allowed"));
      expect(await the.book.access.people.byEmail("eve@evil.example")).toBeUndefined();
      expect(await the.book.access.auditLog({ limit: 1 })).toMatchObject([
        { action: "sign-in.failed", address: from.address },
      ]);
    });

    it("who was revoked stays out, although their account there is fine", async () => {
      const maria = await the.book.person("maria@example.org");
      the.atBrowser(name, { subject: the.fresh() });
      await the.enter(name);
      await the.book.access.people.revoke({ caller: "console" }, maria.person.id);
      await expect(the.enter(name)).rejects.toEqual(code("sign-in.revoked"));
    });

    it("an answer is good once, in the browser that started it", async () => {
      await the.book.person("maria@example.org");
      the.atBrowser(name, { subject: the.fresh() });
      const first = await the.roundTrip(name);
      const other = await the.roundTrip(name);
      const way = the.wayOf(name);
      const use = (query: URLSearchParams, cookies: string) =>
        the.signIn.withProvider(way, query, cookies, from);
      await expect(use(first.query, "")).rejects.toEqual(code("sign-in.state"));
      await expect(use(first.query, other.cookies)).rejects.toEqual(code("sign-in.state"));
      const forged = new URLSearchParams(first.query);
      forged.set("state", "made-up");
      await expect(use(forged, first.cookies)).rejects.toEqual(code("sign-in.state"));
      await use(first.query, first.cookies);
      await expect(use(first.query, first.cookies)).rejects.toEqual(code("sign-in.refused"));
    });

    it("a code that was made for another browser's challenge is no use", async () => {
      await the.book.person("maria@example.org");
      the.atBrowser(name, { subject: the.fresh() });
      const theirs = await the.roundTrip(name);
      const mine = await the.roundTrip(name);
      const mixed = new URLSearchParams(mine.query);
      mixed.set("code", theirs.query.get("code") ?? "");
      await expect(the.signIn.withProvider(the.wayOf(name), mixed, mine.cookies, from)).rejects.toEqual(
        code("sign-in.refused"),
      );
    });
  });
}

describe("allow rules", () => {
  it("OIDC: an address of an allowed domain comes in, without any grant; a domain that ends alike does not", async () => {
    the.allow({ emailDomains: ["example.org"] });
    the.atBrowser("oidc", { email: "kim@example.org", subject: the.fresh() });
    const { person, secret } = await the.enter("oidc");
    const caller = await the.book.access.callerOf({ session: secret });
    expect(await the.book.access.grants.ofPerson(person.id)).toEqual([]);
    expect(await the.book.access.may(caller, "app.read", "shop")).toBe(false);
    for (const email of ["kim@evil-example.org", "kim@example.org.evil.example", "kim@sub.example.org"]) {
      the.atBrowser("oidc", { email, subject: the.fresh() });
      await expect(the.enter("oidc")).rejects.toEqual(code("sign-in.not-allowed"));
    }
  });

  it("GitHub: members of an organization or a team come in, also from the second page of a hundred", async () => {
    const many = Array.from({ length: 150 }, (_, index) => `org-${index}`);
    const add = (login: string, organizations: string[], teams: string[] = []): void => {
      const emails = [{ email: `${login}@example.org`, primary: true, verified: true }];
      the.github.addUser({ login, emails, organizations, teams });
      the.github.signedInAs = login;
    };
    the.allow({ organizations: ["Acme", "globex/operators"] });
    add("kim", [...many, "acme"]);
    expect((await the.enter("github")).person.ways).toEqual(["github"]);
    expect(the.github.calls.filter((call) => call === "GET /user/orgs").length).toBeGreaterThanOrEqual(2);
    add("lee", ["globex"], ["globex/operators"]);
    await the.enter("github");
    add("eve", ["globex", "acme-evil"], ["globex/viewers", "evil/operators"]);
    await expect(the.enter("github")).rejects.toEqual(code("sign-in.not-allowed"));
  });

  it("who came by a rule goes when the rule holds no longer; who was invited stays", async () => {
    the.allow({ organizations: ["acme"] });
    const kim = the.github.addUser({
      login: "kim2",
      emails: [{ email: "kim2@example.org", primary: true, verified: true }],
      organizations: ["acme"],
    });
    the.github.signedInAs = "kim2";
    await the.enter("github");
    kim.organizations = [];
    await expect(the.enter("github")).rejects.toEqual(code("sign-in.not-allowed"));
    await the.book.person("maria@example.org");
    the.atBrowser("github", { subject: the.fresh() });
    await the.enter("github");
  });
});

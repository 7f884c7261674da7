import { createGitHubDouble, type GitHubDouble } from "@deploy/github-double";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AccessRig, createRig, from, password } from "../access/testing/rig.js";
import { createSignIn } from "./sign-in.js";
import { browseUntil, type Issuer, startIssuer } from "./testing/issuer.js";
import type { ProviderWay, SignIn } from "./types.js";

const origin = "http://127.0.0.1:4300";

let rig: AccessRig;
let issuer: Issuer;
let github: GitHubDouble;
let signIn: SignIn;

beforeAll(async () => {
  issuer = await startIssuer(`${origin}/sign-in/oidc/return`);
  github = await createGitHubDouble({ redirectUri: `${origin}/sign-in/github/return` });
});

afterAll(async () => {
  await issuer.close();
  await github.close();
});

beforeEach(async () => {
  rig = await createRig();
  await rig.owner();
  signIn = make();
});

afterEach(() => rig.close());

function make(
  rules: { readonly emailDomains?: readonly string[]; readonly organizations?: readonly string[] } = {},
) {
  const { clientId, clientSecret } = github;
  return createSignIn({
    access: rig.access,
    origin,
    now: () => rig.now(),
    options: {
      github: {
        clientId,
        clientSecret,
        url: github.url,
        apiUrl: github.url,
        ...(rules.organizations === undefined ? {} : { organizations: rules.organizations }),
      },
      oidc: {
        issuer: issuer.url,
        clientId: issuer.clientId,
        clientSecret: issuer.clientSecret,
        ...(rules.emailDomains === undefined ? {} : { emailDomains: rules.emailDomains }),
      },
    },
  });
}

function wayOf(name: "github" | "oidc"): ProviderWay {
  const way = signIn.provider(name);
  if (way === undefined) throw new Error(`${name} is not set up`);
  return way;
}

/** What a browser comes back with from a provider, and its cookie of the first half. */
async function roundTrip(name: "github" | "oidc", returnTo: string | null = null) {
  const { url, cookie } = await wayOf(name).start(returnTo);
  const back = await browseUntil(url, origin);
  expect(back.pathname).toBe(`/sign-in/${name}/return`);
  return { started: new URL(url), query: back.searchParams, cookies: cookie.split(";", 1)[0] ?? "" };
}

async function enter(name: "github" | "oidc", returnTo: string | null = null) {
  const { query, cookies } = await roundTrip(name, returnTo);
  return signIn.withProvider(wayOf(name), query, cookies, from);
}

const code = (expected: string) => expect.objectContaining({ code: expected });

interface Someone {
  readonly email?: string;
  readonly verified?: boolean;
  readonly subject?: string;
}

/** Somebody whom the provider knows, and who is at the browser. */
const providers = {
  github: ({ email = "maria@example.org", verified = true, subject = "maria" }: Someone): void => {
    github.addUser({ login: subject, name: "Maria", emails: [{ email, primary: true, verified }] });
    github.signedInAs = subject;
  },
  oidc: ({ email = "maria@example.org", verified = true, subject = "maria" }: Someone): void => {
    issuer.accounts[subject] = { email, email_verified: verified, name: "Maria" };
    issuer.signedInAs = subject;
  },
} as const;

let number = 0;
const fresh = (): string => {
  number += 1;
  return `subject-${number}`;
};

for (const name of ["github", "oidc"] as const) {
  describe(`rules that hold for ${name}`, () => {
    it("asks with PKCE (S256) and a state, and returns to where the person wanted to go", async () => {
      providers[name]({ subject: fresh() });
      await rig.access.people.invite({ caller: "console" }, { email: "maria@example.org" });
      const { started, query, cookies } = await roundTrip(name, "/apps/shop/production/logs");
      expect(started.searchParams.get("code_challenge_method")).toBe("S256");
      expect(started.searchParams.get("state")).toBe(query.get("state"));
      if (name === "oidc") expect(started.searchParams.get("nonce")).toMatch(/.{40}/);
      const { returnTo } = await signIn.withProvider(wayOf(name), query, cookies, from);
      expect(returnTo).toBe("/apps/shop/production/logs");
    });

    it("an invitation is taken by a verified address that equals it, and its link is void then", async () => {
      const invited = await rig.access.people.invite({ caller: "console" }, { email: "maria@example.org" });
      providers[name]({ email: "Maria@Example.org", subject: fresh() });
      const { person } = await enter(name);
      expect(person).toMatchObject({ id: invited.person.id, ways: [name] });
      expect(await rig.access.people.invitation(invited.secret)).toBeUndefined();
    });

    it("accounts are linked by a verified address alone", async () => {
      const maria = await rig.person("maria@example.org");
      providers[name]({ verified: false, subject: fresh() });
      await expect(enter(name)).rejects.toEqual(code("sign-in.unverified-email"));
      providers[name]({ subject: fresh() });
      const { person } = await enter(name);
      expect(person).toMatchObject({ id: maria.person.id, ways: ["password", name] });
    });

    it("another account with the same address is not let in as the first: addresses change hands", async () => {
      await rig.person("maria@example.org");
      providers[name]({ subject: fresh() });
      await enter(name);
      providers[name]({ subject: fresh() });
      await expect(enter(name)).rejects.toEqual(code("sign-in.not-allowed"));
    });

    it("somebody nobody has invited is turned away, and it is written down", async () => {
      providers[name]({ email: "eve@evil.example", subject: fresh() });
      await expect(enter(name)).rejects.toEqual(code("sign-in.not-allowed"));
      expect(await rig.access.people.byEmail("eve@evil.example")).toBeUndefined();
      expect(await rig.access.auditLog({ limit: 1 })).toMatchObject([
        { action: "sign-in.failed", address: from.address },
      ]);
    });

    it("who was revoked stays out, although their account there is fine", async () => {
      const maria = await rig.person("maria@example.org");
      providers[name]({ subject: fresh() });
      await enter(name);
      await rig.access.people.revoke({ caller: "console" }, maria.person.id);
      await expect(enter(name)).rejects.toEqual(code("sign-in.revoked"));
    });

    it("an answer is good once, in the browser that started it", async () => {
      await rig.person("maria@example.org");
      providers[name]({ subject: fresh() });
      const first = await roundTrip(name);
      const other = await roundTrip(name);
      const way = wayOf(name);
      const use = (query: URLSearchParams, cookies: string) => signIn.withProvider(way, query, cookies, from);
      await expect(use(first.query, "")).rejects.toEqual(code("sign-in.state"));
      await expect(use(first.query, other.cookies)).rejects.toEqual(code("sign-in.state"));
      const forged = new URLSearchParams(first.query);
      forged.set("state", "made-up");
      await expect(use(forged, first.cookies)).rejects.toEqual(code("sign-in.state"));
      await use(first.query, first.cookies);
      await expect(use(first.query, first.cookies)).rejects.toEqual(code("sign-in.refused"));
    });

    it("a code that was made for another browser's challenge is no use", async () => {
      await rig.person("maria@example.org");
      providers[name]({ subject: fresh() });
      const theirs = await roundTrip(name);
      const mine = await roundTrip(name);
      const mixed = new URLSearchParams(mine.query);
      mixed.set("code", theirs.query.get("code") ?? "");
      await expect(signIn.withProvider(wayOf(name), mixed, mine.cookies, from)).rejects.toEqual(
        code("sign-in.refused"),
      );
    });
  });
}

describe("allow rules", () => {
  it("OIDC: an address of an allowed domain comes in, without any grant; a domain that ends alike does not", async () => {
    signIn = make({ emailDomains: ["example.org"] });
    providers.oidc({ email: "kim@example.org", subject: fresh() });
    const { person, secret } = await enter("oidc");
    const caller = await rig.access.callerOf({ session: secret });
    expect(await rig.access.grants.ofPerson(person.id)).toEqual([]);
    expect(await rig.access.may(caller, "app.read", "shop")).toBe(false);
    for (const email of ["kim@evil-example.org", "kim@example.org.evil.example", "kim@sub.example.org"]) {
      providers.oidc({ email, subject: fresh() });
      await expect(enter("oidc")).rejects.toEqual(code("sign-in.not-allowed"));
    }
  });

  it("GitHub: members of an organization or a team come in, also from the second page of a hundred", async () => {
    const many = Array.from({ length: 150 }, (_, index) => `org-${index}`);
    const add = (login: string, organizations: string[], teams: string[] = []): void => {
      const emails = [{ email: `${login}@example.org`, primary: true, verified: true }];
      github.addUser({ login, emails, organizations, teams });
      github.signedInAs = login;
    };
    signIn = make({ organizations: ["Acme", "globex/operators"] });
    add("kim", [...many, "acme"]);
    expect((await enter("github")).person.ways).toEqual(["github"]);
    expect(github.calls.filter((call) => call === "GET /user/orgs").length).toBeGreaterThanOrEqual(2);
    add("lee", ["globex"], ["globex/operators"]);
    await enter("github");
    add("eve", ["globex", "acme-evil"], ["globex/viewers", "evil/operators"]);
    await expect(enter("github")).rejects.toEqual(code("sign-in.not-allowed"));
  });

  it("who came by a rule goes when the rule holds no longer; who was invited stays", async () => {
    signIn = make({ organizations: ["acme"] });
    const kim = github.addUser({
      login: "kim2",
      emails: [{ email: "kim2@example.org", primary: true, verified: true }],
      organizations: ["acme"],
    });
    github.signedInAs = "kim2";
    await enter("github");
    kim.organizations = [];
    await expect(enter("github")).rejects.toEqual(code("sign-in.not-allowed"));
    await rig.person("maria@example.org");
    providers.github({ subject: fresh() });
    await enter("github");
  });
});

describe("GitHub", () => {
  it("goes by the primary verified address, whatever else is there", async () => {
    await rig.person("maria@example.org");
    github.addUser({
      login: "mallory",
      emails: [
        { email: "maria@example.org", primary: false, verified: true },
        { email: "mallory@evil.example", primary: true, verified: true },
      ],
    });
    github.signedInAs = "mallory";
    await expect(enter("github")).rejects.toEqual(code("sign-in.not-allowed"));
  });

  it("a no, an answer of 5xx and a broken connection are three clear errors, and the password goes on", async () => {
    await rig.person("maria@example.org");
    providers.github({ subject: fresh() });
    github.denies = true;
    await expect(enter("github")).rejects.toEqual(code("sign-in.refused"));
    github.denies = false;
    github.next("/user", { kind: "reset" });
    await enter("github");
    github.next("/user", { kind: "status", status: 503 }, { kind: "status", status: 503 });
    await expect(enter("github")).rejects.toEqual(code("sign-in.unreachable"));
    github.next("/login/oauth/access_token", { kind: "reset" });
    await expect(enter("github")).rejects.toEqual(code("sign-in.unreachable"));
    await signIn.withPassword("maria@example.org", password, from);
  });

  it("no secret of the provider is in what is said of a failure, or in the audit log", async () => {
    providers.github({ email: "eve2@evil.example", subject: fresh() });
    const { query, cookies } = await roundTrip("github");
    const error = await signIn
      .withProvider(wayOf("github"), query, cookies, from)
      .catch((one: unknown) => one);
    const said = JSON.stringify([error, await rig.access.auditLog({ limit: 10 })]);
    for (const secret of [github.clientSecret, query.get("code") ?? "", query.get("state") ?? "", "gho_"]) {
      expect(said).not.toContain(secret);
    }
  });
});

describe("OpenID Connect", () => {
  it("an address that is verified in words only is not", async () => {
    await rig.person("maria@example.org");
    const subject = fresh();
    issuer.accounts[subject] = { email: "maria@example.org", email_verified: "true" };
    issuer.signedInAs = subject;
    await expect(enter("oidc")).rejects.toEqual(code("sign-in.unverified-email"));
    issuer.accounts[subject] = {};
    await expect(enter("oidc")).rejects.toEqual(code("sign-in.unverified-email"));
  });

  it("an answer of another issuer is refused", async () => {
    await rig.person("maria@example.org");
    providers.oidc({ subject: fresh() });
    const { query, cookies } = await roundTrip("oidc");
    expect(query.get("iss")).toBe(issuer.url);
    query.set("iss", "https://evil.example");
    await expect(signIn.withProvider(wayOf("oidc"), query, cookies, from)).rejects.toEqual(
      code("sign-in.refused"),
    );
  });

  it("an issuer that names itself otherwise is not believed", async () => {
    issuer.intercept = (request, response) => {
      if (request.url !== "/.well-known/openid-configuration") return false;
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({
          issuer: "https://evil.example",
          authorization_endpoint: "https://evil.example/a",
          token_endpoint: "https://evil.example/t",
          jwks_uri: "https://evil.example/j",
        }),
      );
      return true;
    };
    try {
      await expect(wayOf("oidc").start(null)).rejects.toEqual(code("sign-in.unreachable"));
    } finally {
      issuer.intercept = undefined;
    }
  });

  it("is asked for when somebody signs in; one that is away is a clear error, and is found once it is back", async () => {
    await rig.person("maria@example.org");
    providers.oidc({ subject: fresh() });
    let asked = 0;
    issuer.intercept = (_request, response) => {
      asked += 1;
      response.writeHead(503).end();
      return true;
    };
    try {
      signIn = make();
      expect(signIn.ways.oidc).toEqual({ name: new URL(issuer.url).host });
      expect(asked).toBe(0);
      await expect(wayOf("oidc").start(null)).rejects.toEqual(code("sign-in.unreachable"));
      await expect(wayOf("oidc").start(null)).rejects.toEqual(code("sign-in.unreachable"));
      expect(asked).toBe(1);
      await signIn.withPassword("maria@example.org", password, from);
    } finally {
      issuer.intercept = undefined;
    }
    rig.pass(5_000);
    await enter("oidc");
  });

  it("an issuer over plain HTTP is refused, except on this machine", () => {
    const oidc = { issuer: "http://accounts.example.org", clientId: "c", clientSecret: "s" };
    expect(() => createSignIn({ access: rig.access, origin, options: { oidc } })).toThrowError(
      code("console.bad-option"),
    );
  });
});

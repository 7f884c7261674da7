import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { from, password } from "../access/testing/rig.js";
import { createSignIn } from "./sign-in.js";
import { createProviderRig, origin, type ProviderRig } from "./testing/provider-rig.js";

let the: ProviderRig;

beforeAll(async () => {
  the = await createProviderRig();
});
beforeEach(() => the.begin());
afterAll(() => the.end());

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("OpenID Connect", () => {
  it("an address that is verified in words only is not", async () => {
    await the.book.person("maria@example.org");
    const subject = the.fresh();
    the.issuer.accounts[subject] = { email: "maria@example.org", email_verified: "true" };
    the.issuer.signedInAs = subject;
    await expect(the.enter("oidc")).rejects.toEqual(code("sign-in.unverified-email"));
    the.issuer.accounts[subject] = {};
    await expect(the.enter("oidc")).rejects.toEqual(code("sign-in.unverified-email"));
  });

  it("an answer of another issuer is refused", async () => {
    await the.book.person("maria@example.org");
    the.atBrowser("oidc", { subject: the.fresh() });
    const { query, cookies } = await the.roundTrip("oidc");
    expect(query.get("iss")).toBe(the.issuer.url);
    query.set("iss", "https://evil.example");
    await expect(the.signIn.withProvider(the.wayOf("oidc"), query, cookies, from)).rejects.toEqual(
      code("sign-in.refused"),
    );
  });

  it("an issuer that names itself otherwise is not believed", async () => {
    the.issuer.intercept = (request, response) => {
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
      await expect(the.wayOf("oidc").start(null)).rejects.toEqual(code("sign-in.unreachable"));
    } finally {
      the.issuer.intercept = undefined;
    }
  });

  it("is asked for when somebody signs in; one that is away is a clear error, and is found once it is back", async () => {
    await the.book.person("maria@example.org");
    the.atBrowser("oidc", { subject: the.fresh() });
    let asked = 0;
    the.issuer.intercept = (_request, response) => {
      asked += 1;
      response.writeHead(503).end();
      return true;
    };
    try {
      the.allow({});
      expect(the.signIn.ways.oidc).toEqual({ name: new URL(the.issuer.url).host });
      expect(asked).toBe(0);
      await expect(the.wayOf("oidc").start(null)).rejects.toEqual(code("sign-in.unreachable"));
      await expect(the.wayOf("oidc").start(null)).rejects.toEqual(code("sign-in.unreachable"));
      expect(asked).toBe(1);
      await the.signIn.withPassword("maria@example.org", password, from);
    } finally {
      the.issuer.intercept = undefined;
    }
    the.book.pass(5_000);
    await the.enter("oidc");
  });

  it("an issuer over plain HTTP is refused, except on this machine", () => {
    const oidc = { issuer: "http://accounts.example.org", clientId: "c", clientSecret: "s" };
    expect(() => createSignIn({ access: the.book.access, origin, options: { oidc } })).toThrowError(
      code("console.bad-option"),
    );
  });
});

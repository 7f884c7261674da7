import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGitHubDouble, type GitHubDouble } from "../src/index.js";

const redirectUri = "http://127.0.0.1:1/return";
const verifier = "v".repeat(43);
let time = 0;
let double: GitHubDouble;

beforeEach(async () => {
  time = 1_000;
  double = await createGitHubDouble({ redirectUri, now: () => time });
  double.addUser({
    login: "maria",
    emails: [{ email: "maria@example.org", primary: true, verified: true }],
    organizations: Array.from({ length: 70 }, (_, index) => `org-${index}`),
  });
  double.signedInAs = "maria";
});

afterEach(() => double.close());

async function authorize(change: Readonly<Record<string, string>> = {}): Promise<URL> {
  const query = new URLSearchParams({
    client_id: double.clientId,
    redirect_uri: redirectUri,
    state: "s",
    scope: "user:email read:org",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...change,
  });
  const answer = await fetch(`${double.url}/login/oauth/authorize?${query}`, { redirect: "manual" });
  return new URL(answer.headers.get("location") ?? "");
}

async function exchange(
  code: string,
  change: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const answer = await fetch(`${double.url}/login/oauth/access_token`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({
      client_id: double.clientId,
      client_secret: double.clientSecret,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...change,
    }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, string>;
}

const codeOf = async (change = {}): Promise<string> =>
  (await authorize(change)).searchParams.get("code") ?? "";

describe("codes", () => {
  it("are good once, for ten minutes, with their verifier, secret and address", async () => {
    const code = await codeOf();
    expect(await exchange(code)).toMatchObject({ token_type: "bearer", scope: "user:email,read:org" });
    expect(await exchange(code)).toMatchObject({ error: "bad_verification_code" });
    expect(await exchange(await codeOf(), { code_verifier: "wrong" })).toMatchObject({
      error: "bad_verification_code",
    });
    expect(await exchange(await codeOf(), { client_secret: "wrong" })).toMatchObject({
      error: "incorrect_client_credentials",
    });
    expect(await exchange(await codeOf(), { redirect_uri: "http://else.example" })).toMatchObject({
      error: "redirect_uri_mismatch",
    });
    const late = await codeOf();
    time += 10 * 60 * 1_000;
    expect(await exchange(late)).toMatchObject({ error: "bad_verification_code" });
  });

  it("come back with the state, or with an error in their place", async () => {
    expect((await authorize()).searchParams.get("state")).toBe("s");
    double.denies = true;
    expect((await authorize()).searchParams.get("error")).toBe("access_denied");
    double.denies = false;
    const other = await authorize({ redirect_uri: "http://else.example" });
    expect(other.origin).toBe("http://127.0.0.1:1");
    expect(other.searchParams.get("error")).toBe("redirect_uri_mismatch");
  });
});

describe("the API", () => {
  const get = (path: string, token: string) =>
    fetch(`${double.url}${path}`, { headers: { authorization: `Bearer ${token}` } });

  it("gives lists in pages, by the scopes of the token", async () => {
    const { access_token: token = "" } = await exchange(await codeOf());
    const first = await get("/user/orgs", token);
    expect(await first.json()).toHaveLength(30);
    expect(first.headers.get("link")).toContain('page=2>; rel="next"');
    const last = await get("/user/orgs?per_page=100", token);
    expect(await last.json()).toHaveLength(70);
    expect(last.headers.get("link")).toBeNull();
    const { access_token: weak = "" } = await exchange(await codeOf({ scope: "user:email" }));
    expect((await get("/user/emails", weak)).status).toBe(200);
    expect((await get("/user/orgs", weak)).status).toBe(403);
    expect((await get("/user", "gho_made-up")).status).toBe(401);
  });

  it("fails as it is told to, once", async () => {
    const { access_token: token = "" } = await exchange(await codeOf());
    double.next("/user", { kind: "status", status: 503 }, { kind: "reset" });
    expect((await get("/user", token)).status).toBe(503);
    await expect(get("/user", token)).rejects.toThrow();
    expect((await get("/user", token)).status).toBe(200);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { from, password } from "../access/testing/rig.js";
import { createProviderRig, type ProviderRig } from "./testing/provider-rig.js";

let the: ProviderRig;

beforeAll(async () => {
  the = await createProviderRig();
});
beforeEach(() => the.begin());
afterAll(() => the.end());

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("GitHub", () => {
  it("goes by the primary verified address, whatever else is there", async () => {
    await the.book.person("maria@example.org");
    the.github.addUser({
      login: "mallory",
      emails: [
        { email: "maria@example.org", primary: false, verified: true },
        { email: "mallory@evil.example", primary: true, verified: true },
      ],
    });
    the.github.signedInAs = "mallory";
    await expect(the.enter("github")).rejects.toEqual(code("sign-in.not-allowed"));
  });

  it("a no, an answer of 5xx and a broken connection are three clear errors, and the password goes on", async () => {
    await the.book.person("maria@example.org");
    the.atBrowser("github", { subject: the.fresh() });
    the.github.denies = true;
    await expect(the.enter("github")).rejects.toEqual(code("sign-in.refused"));
    the.github.denies = false;
    the.github.next("/user", { kind: "reset" });
    await the.enter("github");
    the.github.next("/user", { kind: "status", status: 503 }, { kind: "status", status: 503 });
    await expect(the.enter("github")).rejects.toEqual(code("sign-in.unreachable"));
    the.github.next("/login/oauth/access_token", { kind: "reset" });
    await expect(the.enter("github")).rejects.toEqual(code("sign-in.unreachable"));
    await the.signIn.withPassword("maria@example.org", password, from);
  });

  it("no secret of the provider is in what is said of a failure, or in the audit log", async () => {
    the.atBrowser("github", { email: "eve2@evil.example", subject: the.fresh() });
    const { query, cookies } = await the.roundTrip("github");
    const error = await the.signIn
      .withProvider(the.wayOf("github"), query, cookies, from)
      .catch((one: unknown) => one);
    const said = JSON.stringify([error, await the.book.access.auditLog({ limit: 10 })]);
    for (const secret of [
      the.github.clientSecret,
      query.get("code") ?? "",
      query.get("state") ?? "",
      "gho_",
    ]) {
      expect(said).not.toContain(secret);
    }
  });
});

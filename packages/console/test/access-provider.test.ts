import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformance } from "@deploy/conformance/vitest";
import { createDeployer, defineApp, redact, reveal, systemClock } from "@deploy/core";
import { local } from "@deploy/provider-local";
import { afterAll, describe, expect, it } from "vitest";
import { consoleAccess } from "../src/provider/index.js";
import { startConsole } from "../src/start.js";

const directory = mkdtempSync(join(tmpdir(), "console-provider-"));
const running = await startConsole({ directory, port: 0, load: async () => ({ apps: [], problems: [] }) });
afterAll(async () => {
  await running.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A page of the console, as far as a browser is needed to make a token. */
async function post(path: string, body: object, cookie = ""): Promise<Response> {
  return fetch(`${running.url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      origin: running.url,
      "x-deploy-console": "1",
      ...(cookie === "" ? {} : { cookie }),
    },
    body: JSON.stringify(body),
  });
}

const secret = new URL(running.ownerLink ?? "").hash.replace("#link=", "");
const signedIn = await post("/api/sign-in/link", { secret, email: "owner@example.org" });
const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
const makeToken = async (app: string): Promise<string> => {
  const made = await post("/api/account/tokens", { name: "kit", app, role: "manager" }, cookie);
  return ((await made.json()) as { secret: string }).secret;
};
const token = await makeToken("*");
const env = { DEPLOY_CONSOLE_URL: running.url, DEPLOY_CONSOLE_TOKEN: token };

describe("the kit", () => {
  conformance({
    provider: () => consoleAccess(),
    context: { env, fetch: globalThis.fetch },
    secrets: [token],
    fixtures: { person: "kit@deploy.example" },
    // A grant sets a state: the same person, the same role.
    isIdempotent: (url, init) => url.endsWith("/grants") || init.method === "DELETE",
    expectedFailures: {
      "access: revoked from one scope they keep the other, and revoking is safe to repeat":
        "a console's grant is for an app in all its environments",
    },
  });
});

describe("the console as a holder of grants", () => {
  const context = {
    env,
    fetch: globalThis.fetch,
    clock: systemClock,
    signal: new AbortController().signal,
    directory,
    log: () => undefined,
    output: () => undefined,
    shared: <T>(_key: string, load: () => Promise<T>) => load(),
  };

  it("says what is missing, without a request", async () => {
    const scope = { app: "shop", environment: "production" };
    const who = (change: object, options = {}) =>
      consoleAccess(options).access.who({ ...context, env: { ...env, ...change } }, scope);
    await expect(who({ DEPLOY_CONSOLE_URL: undefined })).rejects.toMatchObject({ code: "console.no-url" });
    await expect(who({}, { url: "http://console.example.org" })).rejects.toMatchObject({
      code: "console.bad-url",
    });
    await expect(who({ DEPLOY_CONSOLE_TOKEN: undefined })).rejects.toMatchObject({
      code: "console.no-token",
    });
    await expect(who({}, { token: redact("no-token-of-ours") })).rejects.toMatchObject({
      code: "console.no-token",
      message: expect.not.stringContaining("no-token-of-ours"),
    });
  });

  it("a token for one app reaches that app alone", async () => {
    const { access } = consoleAccess({ token: redact(await makeToken("shop")) });
    expect(await access.who(context, { app: "shop", environment: "production" })).toMatchObject([
      { role: "manager" },
    ]);
    await expect(access.who(context, { app: "billing", environment: "production" })).rejects.toMatchObject({
      code: "console.not-found",
    });
    await expect(access.revoke(context, "kim@example.org")).rejects.toMatchObject({
      code: "access.not-revoked",
    });
  });

  it("a person who is no address is refused before anything is touched", async () => {
    const app = defineApp({
      name: "shop",
      processes: { web: { command: "serve" } },
      environments: { production: { access: consoleAccess(), target: local() } },
    });
    const deployer = createDeployer(app, { environment: "production", directory, env });
    await expect(deployer.access.grant({ person: "kim", role: "viewer" }).result).rejects.toMatchObject({
      code: "access.bad-person",
    });
    const granting = deployer.access.grant({ person: "kim@example.org", role: "viewer" });
    const events: unknown[] = [];
    for await (const event of granting) events.push(event);
    const { heldBy, plan, handovers } = await granting;
    expect(heldBy).toEqual(["console"]);
    // Who is new has a link to be given: it is in the result, once, and in nothing that is shown or kept on the way.
    expect(handovers).toMatchObject([{ person: "kim@example.org", provider: "console" }]);
    const link = new URL(handovers.map(({ secret }) => reveal(secret)).join());
    expect(link.href).toMatch(new RegExp(`^${running.url}/invitation#invitation=[\\w-]{43}$`));
    const invitation = { secret: link.hash.replace("#invitation=", "") };
    expect(JSON.stringify([events, plan, handovers])).not.toContain(invitation.secret);
    const facts = await (await post("/api/sign-in/invitation/check", invitation)).json();
    expect(facts).toMatchObject({ email: "kim@example.org" });
    const again = await deployer.access.grant({ person: "kim@example.org", role: "deployer" });
    expect(again.handovers).toEqual([]);
    await deployer.access.grant({ person: "kim@example.org", role: "viewer" });
    expect(await deployer.access.who()).toContainEqual({
      person: "kim@example.org",
      role: "viewer",
      provider: "console",
    });
    expect(await deployer.access.revoke("kim@example.org")).toEqual(["shop (console)"]);
  });
});

import { createGitHubDouble, type GitHubDouble } from "@deploy/github-double";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Issuer, startIssuer } from "../../src/sign-in/testing/issuer.js";
import { freePort } from "../free-port.js";
import { noBrowser, picture, seriousViolations } from "./browser.js";
import { enterAsOwner, invite } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

/**
 * The console is `localhost` and the providers are `127.0.0.1`: another site to a browser, as they are in life, so that
 * cookies behave as they do there.
 */
describe.skipIf(noBrowser !== undefined)(
  `signing in with a provider${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let running: RealConsole;
    let owner: Page;
    let github: GitHubDouble;
    let issuer: Issuer;

    beforeAll(async () => {
      const port = await freePort();
      const url = `http://localhost:${port}`;
      github = await createGitHubDouble({ redirectUri: `${url}/sign-in/github/return` });
      issuer = await startIssuer(`${url}/sign-in/oidc/return`);
      const { clientId, clientSecret } = github;
      running = await startRealConsole({
        ...{ port, host: "localhost", publicUrl: url },
        github: {
          ...{ clientId, clientSecret, url: github.url, apiUrl: github.url },
          organizations: ["acme", "globex/operators"],
        },
        oidc: {
          issuer: issuer.url,
          clientId: issuer.clientId,
          clientSecret: issuer.clientSecret,
          name: "Example accounts",
          emailDomains: ["example.org"],
        },
      });
      owner = await running.page();
      await enterAsOwner(owner, running.ownerLink);
    }, 120_000);
    afterAll(async () => {
      await running?.end();
      await github?.close();
      await issuer?.close();
    });

    /** Somebody at GitHub, and at the browser. */
    const atGitHub = (
      login: string,
      options: { email?: string; verified?: boolean; organizations?: string[]; teams?: string[] } = {},
    ): void => {
      const { email = `${login}@example.org`, verified = true, organizations = [], teams = [] } = options;
      github.addUser({
        login,
        name: `${login} of GitHub`,
        emails: [{ email, primary: true, verified }],
        ...{ organizations, teams },
      });
      github.signedInAs = login;
    };
    const atIssuer = (subject: string, email: string, verified: boolean): void => {
      issuer.accounts[subject] = { email, email_verified: verified, name: `${subject} of the issuer` };
      issuer.signedInAs = subject;
    };
    /** A new browser that presses the button of a provider. */
    const press = async (provider: string, path = "/sign-in"): Promise<Page> => {
      const page = await running.page();
      await page.goto(path);
      await page.getByRole("link", { name: `Sign in with ${provider}` }).click();
      return page;
    };
    const refusedWith = async (page: Page, words: string, name: string): Promise<void> => {
      await page.getByText(words).waitFor();
      expect(new URL(page.url()).pathname).toBe("/sign-in");
      const cookies = await page.context().cookies(running.url);
      expect(cookies.filter((cookie) => cookie.name === "deploy")).toEqual([]);
      expect(await page.evaluate<number>(`fetch("/api/me").then((answer) => answer.status)`)).toBe(401);
      await picture(page, `sign-in-${name}`);
      await page.context().close();
    };

    it("offers both beside the password", async () => {
      const page = await running.page();
      await page.goto("/sign-in");
      await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
      await page.getByRole("link", { name: "Sign in with Example accounts" }).waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      await picture(page, "sign-in-providers");
      await page.context().close();
    });

    it("GitHub: a member of the organization is in, without any right until somebody grants one", async () => {
      atGitHub("kim", { organizations: ["acme"] });
      const page = await press("GitHub");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      expect(await page.getByText("shop").count()).toBe(0);
      await picture(page, "sign-in-github-no-role");
      const [session] = (await page.context().cookies(running.url)).filter(({ name }) => name === "deploy");
      expect(session).toMatchObject({ httpOnly: true, sameSite: "Strict", domain: "localhost" });
      expect(await page.evaluate("document.cookie")).toBe("");
      await owner.goto("/people");
      await owner.getByRole("row", { name: /kim@example\.org.*github/ }).waitFor();
      await page.context().close();
    });

    it("GitHub: a member of the team is in, and comes back to where they wanted to go", async () => {
      atGitHub("lee", { organizations: ["globex"], teams: ["globex/operators"] });
      const link = await invite(owner, "lee@example.org", "shop", "viewer");
      expect(link).toContain("/invitation#");
      const page = await running.page();
      await page.goto("/apps/shop/production/releases");
      await page.waitForURL("**/sign-in?back=*");
      await page.getByRole("link", { name: "Sign in with GitHub" }).click();
      await page.waitForURL("**/apps/shop/production/releases");
      await page.getByRole("heading", { level: 1, name: "Releases" }).waitFor();
      await page.context().close();
    });

    it("GitHub: who is in neither, and was not invited, is turned away", async () => {
      atGitHub("eve", { organizations: ["acme-evil"], teams: ["globex/viewers"] });
      await refusedWith(await press("GitHub"), "Nobody has invited this address.", "github-refused");
    });

    it("GitHub: an address that is not verified is nobody's", async () => {
      await invite(owner, "mona@example.org", "shop", "viewer");
      atGitHub("mallory", { email: "mona@example.org", verified: false, organizations: ["acme"] });
      await refusedWith(
        await press("GitHub"),
        "The provider has no verified e-mail address for you.",
        "github-unverified",
      );
    });

    it("GitHub: a sign-in that another browser began, or that was said no to, comes to nothing", async () => {
      atGitHub("nina", { organizations: ["acme"] });
      const stranger = await running.page();
      // The page of an attacker, who has begun a sign-in of their own, sends the browser to its end.
      const begun = await fetch(`${running.url}/sign-in/github`, { redirect: "manual" });
      const agreed = await fetch(begun.headers.get("location") ?? "", { redirect: "manual" });
      await stranger.goto(agreed.headers.get("location") ?? "");
      await refusedWith(
        stranger,
        "This sign-in was started in another window, or too long ago.",
        "state-mismatch",
      );
      github.denies = true;
      await refusedWith(await press("GitHub"), "The provider did not confirm who you are.", "github-denied");
      github.denies = false;
    });

    it("OpenID Connect: an address of an allowed domain is in, and the account page says by which way", async () => {
      atIssuer("sam", "sam@example.org", true);
      const page = await press("Example accounts");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.goto("/account");
      await page.getByRole("cell", { name: "oidc" }).waitFor();
      await picture(page, "sign-in-oidc-account");
      await page.context().close();
    });

    it("OpenID Connect: another domain, and an address that is not verified, are turned away", async () => {
      atIssuer("tom", "tom@evil-example.org", true);
      await refusedWith(await press("Example accounts"), "Nobody has invited this address.", "oidc-refused");
      atIssuer("uma", "uma@example.org", false);
      await refusedWith(
        await press("Example accounts"),
        "The provider has no verified e-mail address for you.",
        "oidc-unverified",
      );
    });

    it("all of it is in the audit log: who came in, by which way, and what failed", async () => {
      await owner.goto("/audit");
      const entries = await owner.evaluate<readonly string[]>(
        `fetch("/api/audit?limit=100").then((answer) => answer.json()).then(({ entries }) =>
          entries.map(({ actor, action, detail }) => [actor, action, detail].join(" ")))`,
      );
      for (const entry of [
        "kim@example.org sign-in github",
        "sam@example.org sign-in oidc",
        "nobody sign-in.failed GitHub: sign-in.not-allowed",
        "nobody sign-in.failed GitHub: sign-in.state",
        "nobody sign-in.failed GitHub: sign-in.refused",
        "nobody sign-in.failed Example accounts: sign-in.unverified-email",
      ]) {
        expect(entries).toContain(entry);
      }
    });
  },
);

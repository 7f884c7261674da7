import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser, picture, watchPage } from "./browser.js";
import { enterAsOwner, PASSWORD, signIn } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

describe.skipIf(noBrowser !== undefined)(
  `signing in${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let running: RealConsole;

    beforeAll(async () => {
      running = await startRealConsole();
    }, 120_000);
    afterAll(async () => {
      await running?.end();
    });

    it("the first owner enters by the link, which works once, and later by a password", async () => {
      const page = await running.page();
      const wrong = watchPage(page, running.url);
      const link = running.ownerLink;
      await page.goto(link);
      await page.getByRole("button", { name: "Sign in as owner" }).click();
      // Who the first owner is has to be said: the browser asks for it, and nothing is sent.
      await page.getByRole("textbox", { name: "E-mail" }).and(page.locator(":invalid")).waitFor();
      expect(page.url()).toBe(`${running.url}/sign-in`);
      await enterAsOwner(page, link);

      await page.goto("/account");
      const current = page.getByLabel("Present password");
      if ((await current.count()) > 0) await current.fill(PASSWORD);
      await page.getByLabel("New password").fill("too short");
      await page.getByRole("button", { name: "Set it" }).click();
      await page.getByText("Take at least 12 characters.").waitFor();
      await page.getByLabel("New password").fill(PASSWORD);
      await page.getByRole("button", { name: "Set it" }).click();
      await page.getByRole("heading", { name: "Change the password" }).waitFor();

      await page.getByRole("button", { name: /^Account of/ }).click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
      expect(wrong).toEqual([]);

      await page.goto(link);
      await page.getByText("This link has been used, has expired, or was replaced by a newer one.").waitFor();
      await picture(page, "sign-in-link-over");
      await page.getByRole("button", { name: "Sign in another way" }).click();
      await signIn(page, "owner@example.org", "not the password at all");
      await page.getByRole("alert").waitFor();
      await signIn(page, "owner@example.org");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.context().close();
    });

    it("a link that is made later signs in the owner that there is, without asking who they are", async () => {
      const page = await running.page();
      await page.goto(await running.services.signIn.ownerLink());
      await page.getByText("signs you in as Olga Owner (owner@example.org)").waitFor();
      expect(await page.getByLabel("E-mail").count()).toBe(0);
      await page.getByRole("button", { name: "Sign in as owner" }).click();
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.context().close();
    });

    it("whoever is not signed in is sent to sign in, and then to where they wanted to go, never elsewhere", async () => {
      const page = await running.page();
      await page.goto("/apps/shop/production/releases");
      await page.waitForURL("**/sign-in?back=*");
      await signIn(page, "owner@example.org");
      await page.waitForURL("**/apps/shop/production/releases");
      await page.getByRole("heading", { level: 1, name: "Releases" }).waitFor();
      await page.context().clearCookies();
      await page.goto("/sign-in?back=%2F%2Fevil.example%2F");
      await signIn(page, "owner@example.org");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      expect(new URL(page.url()).origin).toBe(running.url);
      await page.context().close();
    });

    it("a provider's problem is said in the console's own words, whatever the address holds", async () => {
      const page = await running.page();
      await page.goto("/sign-in?problem=not-allowed");
      await page.getByText("Nobody has invited this address.").waitFor();
      await page.goto("/sign-in?problem=Call%20this%20number");
      await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
      expect(await page.getByText("Call this number").count()).toBe(0);
      await page.context().close();
    });

    it("an invitation that is void says so, and leads to signing in", async () => {
      const page = await running.page();
      await page.goto("/invitation#invitation=unknown");
      await page.getByRole("alert").waitFor();
      await page.goto("/invitation");
      await page.getByText("This address holds no invitation").waitFor();
      await page.getByRole("link", { name: "To the sign-in page" }).click();
      await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
      await page.context().close();
    });
  },
);

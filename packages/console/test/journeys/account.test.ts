import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser } from "./browser.js";
import { acceptInvitation, enterAsOwner, invite, PASSWORD, signIn } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

describe.skipIf(noBrowser !== undefined)(
  `one's own account${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let running: RealConsole;
    let page: Page;

    beforeAll(async () => {
      running = await startRealConsole();
      const owner = await running.page();
      await enterAsOwner(owner, running.ownerLink);
      const link = await invite(owner, "dora@example.org", "shop", "deployer");
      page = await running.page();
      await acceptInvitation(page, link);
    }, 120_000);
    afterAll(async () => {
      await running?.end();
    });

    const statusOf = async (path: string, token: string): Promise<number> =>
      (await fetch(`${running.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

    it("a token is made for no more than one may, shown once, works, and does not after it was revoked", async () => {
      await page.goto("/account");
      const form = page.getByRole("form", { name: "Make a token" });
      await form.getByLabel("Name").fill("CI of shop");
      const field = form.getByLabel("For", { exact: true });
      expect(await field.locator("option").allInnerTexts()).toEqual(["shop"]);
      expect(await form.getByLabel("Role").locator("option").allInnerTexts()).toEqual(["viewer", "deployer"]);
      await form.getByLabel("Role").selectOption("deployer");
      await form.getByRole("button", { name: "Make a token" }).click();
      const token = await page.getByLabel("The token CI of shop is made").inputValue();
      expect(token).toMatch(/^dpl_/);
      const path = "/api/apps/shop/environments/production/runs";
      expect(await statusOf(path, token)).toBe(200);
      await page.reload();
      await page.getByRole("cell", { name: "CI of shop", exact: true }).waitFor();
      expect(await page.content()).not.toContain(token);
      await page.getByRole("button", { name: "Revoke the token CI of shop" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await page.getByText("You have no API token").waitFor();
      expect(await statusOf(path, token)).toBe(401);
    });

    it("another browser is seen, and ending its session signs it out", async () => {
      const other = await running.page();
      await other.goto("/sign-in");
      await signIn(other, "dora@example.org");
      await other.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.goto("/account");
      await page.getByRole("button", { name: /^End the session of/ }).click();
      await page.getByRole("dialog").getByRole("button", { name: "End it" }).click();
      await page.getByRole("button", { name: /^End the session of/ }).waitFor({ state: "detached" });
      await other.reload();
      await other.waitForURL("**/sign-in*");
      await other.context().close();
    });

    it("a new password wants the present one, and is the one from then on", async () => {
      await page.goto("/account");
      await page.getByLabel("Present password").fill("this is not the present one");
      await page.getByLabel("New password").fill("another long password");
      await page.getByRole("button", { name: "Change it" }).click();
      await page.getByRole("alert").waitFor();
      await page.getByLabel("Present password").fill(PASSWORD);
      await page.getByRole("button", { name: "Change it" }).click();
      await page.getByText("The password is set").waitFor();
      const other = await running.page();
      await other.goto("/sign-in");
      await signIn(other, "dora@example.org");
      await other.getByRole("alert").waitFor();
      await signIn(other, "dora@example.org", "another long password");
      await other.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await other.context().close();
    });
  },
);

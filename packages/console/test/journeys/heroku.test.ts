import type { BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHerokuShop, type HerokuShop } from "../heroku-shop.js";
import { contextOf, LOOKS, noBrowser, overflow, picture, seriousViolations, watchPage } from "./browser.js";
import { acceptInvitation, enterAsOwner, invite } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

/** A heading, or a text, by which a page shows that its figures are there. */
const PAGES: readonly (readonly [name: string, path: string, ready: string])[] = [
  ["overview", "/", "web 1/1"],
  ["logs", "/apps/shop/production/logs", "works"],
  ["releases", "/apps/shop/production/releases", "in service"],
  ["processes", "/apps/shop/production/processes", "Standard-1X"],
  ["config", "/apps/shop/production/config", "SECRET_KEY"],
  ["domains", "/apps/shop/production/domains", "To be entered by hand"],
  ["all-domains", "/domains", "www.shop.example"],
  ["runs", "/apps/shop/production/runs", "restart"],
  ["shell", "/apps/shop/production/shell", "No shell is open"],
  ["access", "/apps/shop/access", "only at the provider"],
  ["people", "/people", "vera@example.org"],
  ["audit", "/audit", "revealed a secret"],
  ["account", "/account", "Sessions"],
];

describe.skipIf(noBrowser !== undefined)(
  `an app at Heroku in the browser${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  { timeout: 60_000 },
  () => {
    let heroku: HerokuShop;
    let running: RealConsole;
    let page: Page;
    let wrong: readonly string[];
    /** By role: somebody who has it for the shop. */
    const signedIn = new Map<string, Page>();
    const shop = (name: string): string => `/apps/shop/production/${name}`;
    /** Whether all of it lies within the width of the window. */
    const isSeen = async (what: Locator): Promise<boolean> => {
      const box = await what.boundingBox();
      const width = what.page().viewportSize()?.width ?? 0;
      return box !== null && box.x >= 0 && box.x + box.width <= width + 1;
    };
    const dialog = (of: Page = page) => of.getByRole("dialog");

    beforeAll(async () => {
      heroku = await createHerokuShop(["dora@example.org", "lee@example.org"]);
      await heroku.up("second");
      running = await startRealConsole(heroku.options);
      page = await running.page();
      wrong = watchPage(page, running.url);
      await enterAsOwner(page, running.ownerLink);
      for (const [role, email] of [
        ["viewer", "vera@example.org"],
        ["deployer", "dora@example.org"],
        ["operator", "olga@example.org"],
      ] as const) {
        const link = await invite(page, email, "shop", role);
        const one = await running.page();
        await acceptInvitation(one, link);
        signedIn.set(role, one);
      }
    }, 180_000);
    afterAll(async () => {
      await running?.end();
      const found = await heroku?.end();
      expect(found).toEqual({ violations: [], failures: [] });
    });

    it("a line that a dyno prints is in the browser without a reload", async () => {
      await page.goto(shop("logs"));
      await page.getByText("greeting is second").first().waitFor({ timeout: 20_000 });
      await heroku.ask("/seen-in-the-browser");
      await page.getByText("asked for /seen-in-the-browser").first().waitFor({ timeout: 20_000 });
    });

    it("a protected environment is changed by its name alone, typed: by the page, and by the server behind it", async () => {
      const olga = signedIn.get("operator") as Page;
      await olga.goto(shop("processes"));
      await olga.getByRole("button", { name: "Restart web" }).click();
      const restart = dialog(olga).getByRole("button", { name: "Restart" });
      const field = olga.getByLabel("Type production to confirm");
      for (const typed of ["", "staging", "Production", "productio"]) {
        await field.fill(typed);
        expect(await restart.isDisabled()).toBe(true);
      }
      // Past the page: as a script in it would, with the cookie and every header of ours.
      for (const confirm of [undefined, "staging"]) {
        const answer = await olga.evaluate<{ status: number; code: string }>(`
          fetch("/api${shop("restart").replace("/production", "/environments/production")}", {
            method: "POST",
            headers: { "content-type": "application/json", "x-deploy-console": "1" },
            body: JSON.stringify(${JSON.stringify({ process: "web", ...(confirm === undefined ? {} : { confirm }) })}),
          }).then(async (answer) => ({ status: answer.status, code: (await answer.json()).error.code }))`);
        expect(answer).toEqual({ status: 409, code: "environment.confirmation-needed" });
      }
      await field.fill("production");
      await restart.click();
      await olga.waitForURL("**/runs?run=*");
      await olga.locator(".run-head").getByText("done", { exact: true }).waitFor({ timeout: 30_000 });
    });

    it.each([
      ["viewer", "releases", /^Roll back to release \d+/, "deployer"],
      ["deployer", "processes", /^Restart web/, "operator"],
      ["deployer", "processes", /^Scale worker/, "operator"],
      ["deployer", "config", /^Reveal SECRET_KEY/, "operator"],
      ["deployer", "shell", /^Open a shell/, "operator"],
    ] as const)(
      "a %s sees on %s which role it takes, and cannot press it: %s",
      async (role, name, button, needed) => {
        const one = signedIn.get(role) as Page;
        await one.goto(shop(name));
        const found = one.getByRole("button", { name: button });
        await found.waitFor();
        expect(await found.isDisabled()).toBe(true);
        expect(await found.innerText()).toContain(needed);
      },
    );

    it("an operator scales, a deployer rolls back, and both are seen to the end by name", async () => {
      const olga = signedIn.get("operator") as Page;
      await olga.goto(shop("processes"));
      await olga.getByRole("button", { name: "Scale worker" }).click();
      await olga.getByLabel("Instances").fill("2");
      await olga.getByLabel("Type production to confirm").fill("production");
      await dialog(olga).getByRole("button", { name: "Scale to 2" }).click();
      await olga.waitForURL("**/runs?run=*");
      await olga.locator(".run-head").getByText("done", { exact: true }).waitFor({ timeout: 30_000 });
      await olga.goto(shop("processes"));
      await olga.getByText("2 of 2 running").waitFor({ timeout: 20_000 });
      const dora = signedIn.get("deployer") as Page;
      await dora.goto(shop("releases"));
      const button = dora.getByRole("button", { name: /^Roll back to release \d+$/ });
      const to = /\d+$/.exec((await button.getAttribute("aria-label")) ?? "")?.[0] ?? "";
      await button.click();
      await dora.getByLabel("Type production to confirm").fill("production");
      await dialog(dora)
        .getByRole("button", { name: `Roll back to ${to}` })
        .click();
      await dora.waitForURL("**/runs?run=*");
      await dora.locator(".run-head").getByText("done", { exact: true }).waitFor({ timeout: 40_000 });
      await dora.locator(".run-head").getByText("dora@example.org").waitFor();
      await expect.poll(() => heroku.ask(), { timeout: 20_000 }).toBe("first");
    });

    it("a secret is revealed to an operator, on the record", async () => {
      const olga = signedIn.get("operator") as Page;
      await olga.goto(shop("config"));
      await olga.getByRole("button", { name: "Reveal SECRET_KEY" }).click();
      await dialog(olga).getByRole("button", { name: "Reveal" }).click();
      await olga.getByText("k3y-of-the-shop").waitFor();
      await olga.getByRole("button", { name: "Hide" }).click();
      await page.goto("/audit");
      await page
        .getByRole("row", { name: /olga@example.org.*revealed a secret.*SECRET_KEY/ })
        .first()
        .waitFor();
    });

    it("a shell opens in a dyno of its own, which its page says", async () => {
      const olga = signedIn.get("operator") as Page;
      await olga.goto(shop("shell"));
      await olga.getByRole("button", { name: "Open a shell" }).click();
      await olga.getByText(/^In a fresh copy; closes after/).waitFor({ timeout: 30_000 });
      await olga.keyboard.type("echo it-$((40+2))-works\n");
      await olga
        .locator(".xterm-rows, .xterm-accessibility")
        .getByText("it-42-works")
        .first()
        .waitFor({ timeout: 20_000 });
      await olga.keyboard.type("exit\n");
      await olga.getByText("The shell has ended.").waitFor({ timeout: 20_000 });
    });

    describe("permissions there", () => {
      const row = (person: string) =>
        page.getByRole("region", { name: "At heroku, production" }).getByRole("row", { name: person });

      it("what is here only is granted there with one button, and named the same from then on", async () => {
        await page.goto("/apps/shop/access");
        await page.getByRole("heading", { name: "At heroku, production" }).waitFor();
        // The invitations have granted what they could: one of them is taken there, behind our back.
        const held = heroku.atHeroku().collaborators;
        held.splice(
          held.findIndex(({ email }) => email === "dora@example.org"),
          1,
        );
        await page.reload();
        await row("dora@example.org").getByText("only here").waitFor();
        await row("dora@example.org").getByRole("button", { name: /Grant/ }).click();
        await dialog().getByRole("button", { name: "Grant there" }).click();
        await row("dora@example.org").getByText("the same").waitFor();
        const given = heroku.atHeroku().collaborators.find(({ email }) => email === "dora@example.org");
        expect(given?.permissions).toEqual(["view", "deploy"]);
      });

      it("whom somebody let in there by hand is shown, and taken off there with one button", async () => {
        const held = heroku.atHeroku().collaborators;
        const dora = held.find(({ email }) => email === "dora@example.org");
        if (dora === undefined) throw new Error("dora was not let in");
        held.push({ ...dora, id: "01234567-89ab-4def-8123-456789abcdef", email: "lee@example.org" });
        await page.goto("/apps/shop/access");
        await row("lee@example.org").getByText("only at the provider").waitFor();
        await picture(page, "heroku-drift-light", { whole: true });
        await row("lee@example.org")
          .getByRole("button", { name: /Revoke/ })
          .click();
        await dialog().getByRole("button", { name: "Revoke there" }).click();
        await row("lee@example.org").waitFor({ state: "detached" });
        expect(heroku.atHeroku().collaborators.map(({ email }) => email)).not.toContain("lee@example.org");
        await page.goto("/audit");
        await page
          .getByRole("row", { name: /owner@example.org.*lee@example.org/ })
          .first()
          .waitFor();
      });

      it("are no business of an operator: neither the page, nor what its buttons ask for", async () => {
        const olga = signedIn.get("operator") as Page;
        await olga.goto("/apps/shop/access");
        await olga.getByText("This page needs the role manager").waitFor();
      });
    });

    describe.each(LOOKS)("$name", (look) => {
      let context: BrowserContext;
      let one: Page;

      beforeAll(async () => {
        // Drift stays to be seen.
        const held = heroku.atHeroku().collaborators;
        const dora = held.find(({ email }) => email === "dora@example.org");
        if (dora !== undefined && !held.some(({ email }) => email === "lee@example.org"))
          held.push({ ...dora, id: "01234567-89ab-4def-8123-456789abcdef", email: "lee@example.org" });
        context = await contextOf(running.browser, running.url, look);
        await context.addCookies(await page.context().cookies());
        one = await context.newPage();
        one.setDefaultTimeout(15_000);
      });
      afterAll(() => context?.close());

      it.each(PAGES)(
        "%s has no serious fault, and is no wider than its window",
        async (name, path, ready) => {
          await one.goto(path);
          await one.getByText(ready).and(one.locator(":visible")).first().waitFor();
          await expect.poll(() => one.locator(".loading").count(), { timeout: 20_000 }).toBe(0);
          await picture(one, `heroku-${name}-${look.name}`, { whole: name !== "logs" });
          expect(await seriousViolations(one)).toEqual([]);
          expect(await overflow(one)).toBeLessThanOrEqual(0);
          const tab = one.locator('.tabs [aria-current="page"]');
          if ((await tab.count()) > 0) expect(await isSeen(tab)).toBe(true);
        },
      );
    });

    it("nothing of all this broke the policy, threw, or asked another host", () => {
      expect(wrong).toEqual([]);
    });
  },
);

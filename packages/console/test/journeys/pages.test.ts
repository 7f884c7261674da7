import { rmSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiData } from "../web-fixture/api-data.js";
import { buildPages } from "../web-fixture/build-apart.js";
import { type FakeConsole, startFakeConsole } from "../web-fixture/fake-console.js";
import {
  contextOf,
  LOOKS,
  launch,
  noBrowser,
  overflow,
  picture,
  seriousViolations,
  watchPage,
} from "./browser.js";

const PAGES: readonly (readonly [name: string, path: string, ready: string])[] = [
  ["overview", "/", "Needs attention"],
  ["sign-in", "/sign-in", "Sign in with GitHub"],
  ["sign-in-link", "/sign-in#link=secret", "Sign in as owner"],
  ["invitation", "/invitation#invitation=secret", "Accept and sign in"],
  ["releases", "/apps/shop/production/releases", "Change number 12"],
  ["release", "/apps/shop/production/releases?release=12", "Carts survive a restart"],
  ["runs", "/apps/shop/production/runs", "web: 1 of 3 instances healthy"],
  ["run-failed", "/apps/shop/production/runs?run=r2", "Repair the migration"],
  ["processes", "/apps/shop/production/processes", "old-import"],
  ["config", "/apps/shop/production/config", "STRIPE_KEY"],
  ["domains", "/apps/shop/production/domains", "To be entered by hand"],
  ["all-domains", "/domains", "Heroku does not answer"],
  ["access", "/apps/shop/access", "former@example.org"],
  ["people", "/people", "new@example.org"],
  ["audit", "/audit", "revealed a secret"],
  ["account", "/account", "CI of shop"],
  ["shell", "/apps/shop/production/shell", "No shell is open"],
  ["not-found", "/nowhere", "There is no such page"],
];

const shop = "/api/apps/shop/environments/production";

describe.skipIf(noBrowser !== undefined)(
  `pages${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let pages = "";
    let browser: Browser;
    let fake: FakeConsole;

    beforeAll(async () => {
      pages = await buildPages();
      [browser, fake] = await Promise.all([launch(), startFakeConsole(pages, apiData(Date.now()))]);
    }, 60_000);
    afterAll(async () => {
      await Promise.all([browser?.close(), fake?.close()]);
      rmSync(pages, { recursive: true, force: true });
    });

    const opened = async (
      path: string,
      look = LOOKS[0]!,
    ): Promise<{ page: Page; wrong: readonly string[] }> => {
      const page = await (await contextOf(browser, fake.url, look)).newPage();
      const wrong = watchPage(page, fake.url);
      await page.goto(path);
      return { page, wrong };
    };

    describe.each(LOOKS)("$name", (look) => {
      it.each(PAGES)(
        "%s is readable, obeys the policy and has no serious fault",
        async (name, path, ready) => {
          const { page, wrong } = await opened(path, look);
          await page.getByText(ready).first().waitFor();
          await picture(page, `${name}-${look.name}`, { whole: true });
          expect(await seriousViolations(page)).toEqual([]);
          expect(await overflow(page)).toBeLessThanOrEqual(0);
          expect(await page.locator("h1").count()).toBe(1);
          expect(await page.title()).not.toBe("owned");
          expect(await page.locator("img").count()).toBe(0);
          expect(await page.locator("body").innerText()).not.toMatch(/\u202e/);
          expect(wrong).toEqual([]);
          await page.context().close();
        },
      );
    });

    it("a secret behind the # leaves the address at once", async () => {
      for (const path of ["/sign-in#link=abc", "/invitation#invitation=abc"]) {
        const { page } = await opened(path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        expect(page.url()).not.toContain("#");
        await page.context().close();
      }
    });

    it("a viewer sees what they may not do, with the role it takes, and cannot press it", async () => {
      const viewer = await startFakeConsole(pages, apiData(Date.now(), "viewer"));
      try {
        const page = await (await contextOf(browser, viewer.url)).newPage();
        for (const [path, name, role] of [
          ["releases", "Roll back to release 11", "deployer"],
          ["processes", "Scale web", "operator"],
          ["processes", "Restart web", "operator"],
          ["config", "Reveal STRIPE_KEY", "operator"],
          ["shell", "Open a shell", "operator"],
        ] as const) {
          await page.goto(`/apps/shop/production/${path}`);
          const button = page.getByRole("button", { name: new RegExp(`^${name}.*${role}`) });
          await button.waitFor();
          expect(await button.isDisabled()).toBe(true);
        }
        for (const path of ["/people", "/audit", "/apps/shop/access"]) {
          await page.goto(path);
          await page.getByText("This page needs the role manager").waitFor();
        }
        await page.context().close();
      } finally {
        await viewer.close();
      }
    });

    it("a rollback of a protected environment wants its name typed, and then shows the run", async () => {
      fake.answers.set(`POST ${shop}/rollback`, { runId: "r3" });
      const { page } = await opened("/apps/shop/production/releases");
      await page.getByRole("button", { name: "Roll back to release 11" }).click();
      const confirm = page.getByRole("button", { name: "Roll back to 11", exact: true });
      expect(await confirm.isDisabled()).toBe(true);
      await page.getByLabel("Type production to confirm").fill("staging");
      expect(await confirm.isDisabled()).toBe(true);
      await page.getByLabel("Type production to confirm").fill("production");
      await confirm.click();
      await page.waitForURL("**/runs?run=r3");
      expect(fake.sent.at(-1)).toEqual({
        what: `POST ${shop}/rollback`,
        body: { to: 11, confirm: "production" },
      });
      await page.context().close();
    });

    it("a run goes on before one's eyes, each event once, and its end is seen", async () => {
      const data = apiData(Date.now());
      const { run } = data[`${shop}/runs/r3`] as { run: object };
      const { page } = await opened("/apps/shop/production/runs?run=r3");
      await page.getByText("web: 1 of 3 instances healthy").first().waitFor();
      const event = (number: number, text: string): object => ({
        number,
        event: {
          type: "output",
          time: "",
          message: "",
          id: "late",
          label: "Late step",
          stream: "stdout",
          text,
        },
      });
      const live = `${shop}/runs/live`;
      fake.tell(live, { type: "run", run, events: [event(900, "first"), event(901, "second")] });
      fake.tell(live, { type: "run", run, events: [event(901, "second"), event(902, "third")] });
      await page.getByText("third").waitFor();
      expect(await page.locator(".output-lines", { hasText: "first" }).innerText()).toBe(
        "first\nsecond\nthird",
      );
      fake.tell(live, {
        type: "run",
        run: { ...run, state: "failed", endedAt: Date.now() },
        events: [
          {
            number: 903,
            event: {
              type: "failed",
              time: "",
              message: "It failed",
              id: "late",
              label: "Late step",
              error: { code: "x.y", message: "It broke.", retryable: false, hint: "Mend it." },
            },
          },
        ],
      });
      await page.getByText("Mend it.").waitFor();
      await page.context().close();
    });

    it("a value is revealed on the record, and hides again by itself", async () => {
      fake.answers.set(`POST ${shop}/secrets/STRIPE_KEY/reveal`, {
        name: "STRIPE_KEY",
        value: "sk_live_value",
      });
      const { page } = await opened("/apps/shop/production/config");
      await page.clock.install();
      await page.getByRole("button", { name: "Reveal STRIPE_KEY" }).click();
      await page.getByText("written to the audit log").waitFor();
      await page.getByRole("button", { name: "Reveal", exact: true }).last().click();
      await page.getByText("sk_live_value").waitFor();
      await page.clock.fastForward(31_000);
      await page.getByText("sk_live_value").waitFor({ state: "detached" });
      await page.context().close();
    });

    it("what the server refuses is said with its hint, in the dialog that asked", async () => {
      fake.answers.set(`POST ${shop}/restart`, {
        status: 409,
        error: { code: "run.locked", message: "maria deploys right now.", hint: "Wait until it is over." },
      });
      const { page } = await opened("/apps/shop/production/processes");
      await page.getByRole("button", { name: "Restart web" }).click();
      await page.getByLabel("Type production to confirm").fill("production");
      await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click();
      await page.getByRole("dialog").getByText("maria deploys right now.").waitFor();
      expect(await page.getByRole("dialog").getByText("Wait until it is over.").count()).toBe(1);
      await page.context().close();
    });

    it("an invitation's link is shown once, to be copied", async () => {
      fake.answers.set("POST /api/people", {
        person: { id: "p9", email: "zoe@example.org", name: "", createdAt: 0, ways: [] },
        link: `${fake.url}/invitation#invitation=once`,
        expiresAt: Date.now() + 86_400_000,
      });
      const { page } = await opened("/people");
      await page.getByRole("button", { name: "Invite", exact: true }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("E-mail").fill("zoe@example.org");
      await dialog.getByLabel("For", { exact: true }).selectOption("shop");
      await dialog.getByRole("button", { name: "Invite", exact: true }).click();
      await page.getByRole("button", { name: "Copy" }).click();
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
        `${fake.url}/invitation#invitation=once`,
      );
      expect(fake.sent.at(-1)?.body).toEqual({
        email: "zoe@example.org",
        grants: [{ app: "shop", role: "viewer" }],
      });
      await page.reload();
      await page.getByText("new@example.org").first().waitFor();
      expect(await page.getByText("invitation=once").count()).toBe(0);
      await page.context().close();
    });
  },
);

import { join } from "node:path";
import { defineApp, redact } from "@deploy/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import { noBrowser, picture, seriousViolations, watchPage } from "./browser.js";
import { enterAsOwner } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

const server = `
import { createServer } from "node:http";
createServer((request, response) => response.end(process.env.GREETING)).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
console.log("serves");
`;

const shop = (greeting: string) =>
  defineApp({
    name: "shop",
    processes: { web: { command: ["node", "server.mjs"], health: "/", drain: "1 s" } },
    jobs: { tick: { command: ["node", "tick.mjs"], schedule: "0 3 * * *" } },
    secrets: ["SECRET_KEY"],
    config: { GREETING: greeting },
    environments: { local: { domains: { "shop.localhost": "web" } } },
  });

describe.skipIf(noBrowser !== undefined)(
  `an app that really runs${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let space: Workspace;
    let running: RealConsole;
    let page: Page;
    let wrong: readonly string[];

    beforeAll(async () => {
      await ensureBuilt();
      space = await createWorkspace();
      const directory = space.files("shop", { "server.mjs": server, "tick.mjs": "console.log(1);" });
      await space.deployer(shop("first")).up({ secrets: { SECRET_KEY: redact("k3y-of-the-shop") } });
      await space.deployer(shop("second")).up();
      const app = shop("second");
      running = await startRealConsole({
        load: async () => ({
          apps: [{ app, directory, file: join(directory, "deploy.config.ts") }],
          problems: [],
        }),
        defaultTarget: space.target,
        env: space.env,
        shellApps: ["shop"],
      });
      page = await running.page();
      wrong = watchPage(page, running.url);
      await enterAsOwner(page, running.ownerLink);
    }, 180_000);
    afterAll(async () => {
      await running?.end();
      await space?.remove();
    });

    const open = (name: string): Promise<unknown> => page.goto(`/apps/shop/local/${name}`);
    const done = async (): Promise<void> => {
      await page.waitForURL("**/runs?run=*");
      await page.locator(".run-head").getByText("done", { exact: true }).waitFor({ timeout: 25_000 });
    };

    it("the overview shows its release, its processes and where it answers", async () => {
      await page.goto("/");
      await page.getByText("healthy").waitFor();
      await page.getByText("web 1/1").waitFor();
      await page.getByText("shop.localhost").first().waitFor();
    });

    it("a release is compared with the one before it, by names", async () => {
      await open("releases");
      await page.getByRole("button", { name: "Details of release 2" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("heading", { name: "Changes since release 1" }).waitFor();
      expect(await dialog.innerText()).not.toContain("second");
      await dialog.getByText("GREETING").first().waitFor();
    });

    it("a restart and a scaling are confirmed, and their steps are seen to the end", async () => {
      await open("processes");
      await page.getByRole("button", { name: "Restart web" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click();
      await done();
      await open("processes");
      await page.getByRole("button", { name: "Scale web" }).click();
      await page.getByLabel("Instances").fill("2");
      await page.getByRole("dialog").getByRole("button", { name: "Scale to 2" }).click();
      await done();
      await open("processes");
      await page.getByText("2 of 2 running").waitFor({ timeout: 20_000 });
    }, 90_000);

    it("a rollback puts the earlier release back, as a new one", async () => {
      await open("releases");
      await page.getByRole("button", { name: "Roll back to release 1" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Roll back to 1" }).click();
      await done();
      await open("releases");
      await page.getByRole("button", { name: "Details of release 3" }).waitFor({ timeout: 20_000 });
    }, 60_000);

    it("a secret is shown to who may, and that is in the audit log", async () => {
      await open("config");
      await page.getByRole("button", { name: "Reveal SECRET_KEY" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Reveal" }).click();
      await page.getByText("k3y-of-the-shop").waitFor();
      await page.getByRole("button", { name: "Hide" }).click();
      expect(await page.content()).not.toContain("k3y-of-the-shop");
      await page.goto("/audit");
      await page
        .getByRole("row", { name: /revealed a secret.*SECRET_KEY/ })
        .first()
        .waitFor();
    });

    it("a shell opens in its instance, in the browser, and says how it ended", async () => {
      await open("shell");
      await page.getByRole("button", { name: "Open a shell" }).click();
      await page.getByText(/^In web\.\d+/).waitFor();
      await page.keyboard.type("echo it-$((40+2))-works\n");
      await page.locator(".xterm-rows, .xterm-accessibility").getByText("it-42-works").first().waitFor();
      await picture(page, "shell-open-light");
      await page.keyboard.type("exit\n");
      await page.getByText("The shell has ended.").waitFor();
    });

    it("no page of it breaks the policy, throws, or has a serious fault", async () => {
      for (const name of ["releases", "processes", "config", "domains", "runs"]) {
        await open(name);
        await page.getByRole("heading", { level: 1 }).waitFor();
        // One for each part of the page that is asked for by itself.
        await expect.poll(() => page.locator(".loading").count(), { timeout: 15_000 }).toBe(0);
        await picture(page, `real-${name}-light`, { whole: true });
        expect(await seriousViolations(page)).toEqual([]);
      }
      expect(wrong).toEqual([]);
    });
  },
);

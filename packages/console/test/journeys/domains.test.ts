import { defineApp } from "@deploy/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import { noBrowser, seriousViolations } from "./browser.js";
import { enterAsOwner } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

const server = `
import { createServer } from "node:http";
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

const shop = (more: Readonly<Record<string, "web">> = {}) =>
  defineApp({
    name: "shop",
    processes: { web: { command: ["node", "server.mjs"], health: "/", drain: "1 s" } },
    environments: { local: { domains: { "shop.localhost": "web", ...more } } },
  });

describe.skipIf(noBrowser !== undefined)(
  `domains that really answer${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let space: Workspace;
    let running: RealConsole;
    let page: Page;

    beforeAll(async () => {
      await ensureBuilt();
      space = await createWorkspace();
      const directory = space.files("shop", { "server.mjs": server });
      await space.deployer(shop()).up();
      // One more is declared than was deployed.
      const app = shop({ "www.shop.localhost": "web" });
      running = await startRealConsole({
        load: async () => ({ apps: [{ app, directory }], problems: [] }),
        defaultTarget: space.target,
        env: space.env,
      });
      page = await running.page();
      await enterAsOwner(page, running.ownerLink);
    }, 180_000);
    afterAll(async () => {
      await running?.end();
      await space?.remove();
    });

    it("each is shown with what it leads to, and looked at from outside on demand", async () => {
      await page.goto("/apps/shop/local/domains");
      await page.getByRole("heading", { name: "shop.localhost", exact: true }).waitFor();
      await page.getByRole("heading", { name: "www.shop.localhost", exact: true }).waitFor();
      await page.getByText("leads to web").first().waitFor();
      await page.getByRole("button", { name: "Check from outside" }).click();
      await page.getByText("From outside").first().waitFor();
      expect(await seriousViolations(page)).toEqual([]);
    });

    it("those of all apps stand on one page, each leading to its own", async () => {
      await page.goto("/domains");
      await page.getByRole("cell", { name: "shop.localhost", exact: true }).waitFor();
      await page.getByRole("link", { name: "shop / local" }).click();
      await page.waitForURL("**/apps/shop/local/domains");
      // Whoever cannot see the page is told where they are.
      await expect.poll(() => page.evaluate<string>("document.activeElement.tagName")).toBe("H1");
    });
  },
);

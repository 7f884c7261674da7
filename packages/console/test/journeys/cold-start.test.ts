import type { Page, Response } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser } from "./browser.js";
import { enterAsOwner } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

describe.skipIf(noBrowser !== undefined)(
  `a browser that has nothing yet${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let running: RealConsole;
    let page: Page;

    beforeAll(async () => {
      running = await startRealConsole();
      const first = await running.page();
      await enterAsOwner(first, running.ownerLink);
      const context = await running.browser.newContext({
        baseURL: running.url,
        storageState: await first.context().storageState(),
      });
      page = await context.newPage();
    }, 120_000);
    afterAll(() => running?.end());

    it("loads the page while the server is asked who is signed in, compressed and for good, each file once", async () => {
      const answers: Response[] = [];
      page.on("response", (answer) => answers.push(answer));
      let goOn: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await page.route("**/api/me", async (route) => {
        await held;
        await route.continue();
      });
      await page.goto("/apps/shop/production/logs");
      const files = (): string[] => answers.map((answer) => new URL(answer.url()).pathname);
      await expect.poll(() => files().some((path) => /\/assets\/logs-.*\.js$/.test(path))).toBe(true);
      goOn();
      await page.getByText("Live", { exact: true }).waitFor();
      const assets = answers.filter((answer) => /\/assets\/.*\.(?:js|css)$/.test(answer.url()));
      expect(new Set(assets.map((answer) => answer.url())).size).toBe(assets.length);
      for (const answer of assets) {
        const headers = answer.headers();
        expect(headers["cache-control"], answer.url()).toContain("immutable");
        if (Number(headers["content-length"]) > 1_024) expect(headers["content-encoding"]).toMatch(/br|gzip/);
      }
    });
  },
);

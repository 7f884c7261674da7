import { rmSync } from "node:fs";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { buildPages } from "../web-fixture/build-apart.js";
import { type Fixture, startFixture } from "../web-fixture/server.js";
import { contextOf, LOOKS, type Look, launch, noBrowser, watchPage } from "./browser.js";

/** Where the fixture has its logs. */
export const PATH = "/apps/shop/production/logs";

/** The page of logs as a test finds it: before a fixture of its own. */
export interface LogPage {
  readonly fixture: Fixture;
  readonly page: Page;
  /** What the page did that it must not. */
  readonly wrong: readonly string[];
  /** Opens the page with a query, and waits until it is drawn. */
  open(query?: string, look?: Look): Promise<void>;
  /** Once the socket is there: what is written now is sent live. */
  live(): Promise<void>;
  /** How many elements the document has. */
  elements(): Promise<number>;
  /** Numbers of the lines that are elements, in their order. */
  seqs(): Promise<number[]>;
  /** The last of them. */
  bottom(): Promise<number>;
  /** The first line that is chosen, as the page says it. */
  chosen(): Promise<number>;
  shows(text: string): Locator;
  /** Scrolls as a script does, and as a wheel does. */
  scroll(by: number): Promise<void>;
  wheel(by: number): Promise<void>;
}

/** `line 3`, `line 4` … */
export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);
}

/** Tests of the page of logs; skipped where there is no browser. */
export function describeLogPage(name: string, tests: (at: LogPage) => void): void {
  describe.skipIf(noBrowser !== undefined)(
    `${name}${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
    () => {
      let pages: string;
      let browser: Browser;
      let fixture: Fixture;
      let page: Page;
      let wrong: readonly string[];

      beforeAll(async () => {
        [pages, browser] = await Promise.all([buildPages(), launch()]);
      }, 60_000);
      afterAll(async () => {
        await browser?.close();
        if (pages !== undefined) rmSync(pages, { recursive: true, force: true });
      });
      beforeEach(async () => {
        fixture = await startFixture(pages);
      });
      afterEach(async () => {
        await page?.context().close();
        await fixture.close();
      });

      const seqs = (): Promise<number[]> =>
        page.evaluate<number[]>(
          "[...document.querySelectorAll('.line')].map((line) => Number(line.dataset.line))",
        );
      tests({
        get fixture() {
          return fixture;
        },
        get page() {
          return page;
        },
        get wrong() {
          return wrong;
        },
        open: async (query = "", look = LOOKS[0]!) => {
          page = await (await contextOf(browser, fixture.url, look)).newPage();
          page.setDefaultTimeout(10_000);
          wrong = watchPage(page, fixture.url);
          await page.goto(PATH + query);
          await page.locator(".log-frame").waitFor();
        },
        live: async () => {
          await expect.poll(() => fixture.viewers).toBe(1);
          await page.getByText("Live", { exact: true }).waitFor();
        },
        elements: () => page.evaluate<number>("document.querySelectorAll('*').length"),
        seqs,
        bottom: async () => (await seqs()).at(-1) ?? 0,
        chosen: async () => {
          const text = await page.locator(".chosen-bar span").textContent();
          return Number(/\d+/.exec(text ?? "")?.[0] ?? 0);
        },
        shows: (text) => page.locator(".line", { hasText: text }),
        scroll: (by) => page.locator(".log-list").evaluate((list, y) => list.scrollBy(0, y), by),
        wheel: async (by) => {
          await page.locator(".log-list").hover();
          await page.mouse.wheel(0, by);
        },
      });
    },
  );
}

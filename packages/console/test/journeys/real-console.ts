import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { testApp } from "../../src/http/testing/console.js";
import type { ConsoleOptions } from "../../src/options.js";
import { type OpenConsole, openConsole } from "../../src/start.js";
import { contextOf, launch } from "./browser.js";
import { ensurePages } from "./built-pages.js";

/** The real server on a free port, just started for the first time, and a real browser. */
export interface RealConsole extends OpenConsole {
  readonly browser: Browser;
  readonly ownerLink: string;
  /** A page in a browser of its own. */
  page(): Promise<Page>;
  /** Lines as a provider would bring them. */
  ingest(texts: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

/** Starts both; by default with the apps `shop` and `blog` in front of a vendor in memory. */
export async function startRealConsole(options: Partial<ConsoleOptions> = {}): Promise<RealConsole> {
  await ensurePages();
  const directory = mkdtempSync(join(tmpdir(), "deploy-console-journey-"));
  const apps = [testApp("shop"), testApp("blog")];
  const [opened, browser] = await Promise.all([
    openConsole({
      load: async () => ({ apps: apps.map((app) => ({ app, directory: "/" })), problems: [] }),
      directory,
      port: 0,
      env: { MEMORY_TOKEN: "t", PATH: process.env.PATH },
      ...options,
    }),
    launch(),
  ]);
  return {
    ...opened,
    browser,
    ownerLink: opened.ownerLink ?? "",
    page: async () => {
      const page = await (await contextOf(browser, opened.url)).newPage();
      // Less than a test has, so that what is waited for in vain is named.
      page.setDefaultTimeout(15_000);
      return page;
    },
    ingest: (texts) =>
      opened.services.feed.ingest(
        { app: "shop", environment: "production" },
        texts.map((text) => ({
          ...{ time: Date.now(), process: "web", instance: "web.1", stream: "stdout" as const },
          text,
        })),
      ),
    end: async () => {
      await browser.close();
      await opened.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

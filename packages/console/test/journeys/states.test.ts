import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, defineApp, redact } from "@deploy/core";
import { heroku } from "@deploy/provider-heroku";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryCloud } from "../../../core/src/deployer/testing/memory-cloud.js";
import { memoryVendor } from "../../../core/src/deployer/testing/memory-vendor.js";
import type { LoadedApp, LoadedApps } from "../../src/options.js";
import { contextOf, LOOKS, noBrowser, overflow, picture, seriousViolations } from "./browser.js";
import { enterAsOwner } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

/** As long as names may be. */
const longName = "an-app-with-the-longest-of-all";

/** What a page looks like when there is nothing, too much, or nobody who answers: by the real server. */
describe.skipIf(noBrowser !== undefined)(
  `pages in trouble${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  { timeout: 60_000 },
  () => {
    let directory: string;
    let file: string;
    let running: RealConsole;
    let page: Page;

    const memory = memoryVendor(memoryCloud(), {});
    // Nothing listens there.
    const away = heroku({ transport: "fetch", endpoints: { api: "http://127.0.0.1:9" } });
    const apps: readonly App[] = [
      defineApp({
        name: "away",
        processes: { web: { command: "serve" } },
        secrets: ["SECRET_KEY"],
        config: { GREETING: "hello" },
        environments: { production: { target: away, domains: { "www.away.example": "web" } } },
      }),
      defineApp({
        name: longName,
        build: { command: "make" },
        processes: { web: { command: "serve" } },
        secrets: ["A_SECRET_WITH_A_NAME_THAT_GOES_ON_AND_ON_AND_ON_UNTIL_NOBODY_CAN_READ_IT"],
        environments: { "review/a-long-branch": { target: memory } },
      }),
      defineApp({
        name: "fresh",
        build: { command: "make" },
        processes: { web: { command: "serve" } },
        environments: { production: { target: memory } },
      }),
    ];

    /** As the command loads them: a file that is gone, or is no program, is a problem with its place. */
    const load = async (): Promise<LoadedApps> => {
      const loaded: LoadedApp[] = apps.map((app) => ({ app, directory: join(directory, app.name) }));
      const declared = { app: defineApp({ ...(apps[2] as App), name: "declared" }), directory, file };
      if (!existsSync(file)) return { apps: loaded, problems: [] };
      if (readFileSync(file, "utf8") === "broken")
        return {
          apps: loaded,
          problems: [{ place: file, message: "Unexpected end of input.", hint: "Mend the file." }],
        };
      return { apps: [...loaded, declared], problems: [] };
    };

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), "deploy-console-trouble-"));
      file = join(directory, "deploy.config.ts");
      writeFileSync(file, "sound");
      running = await startRealConsole({
        load,
        env: { MEMORY_TOKEN: "t", HEROKU_API_KEY: "no-token-of-anybody", PATH: process.env.PATH },
      });
      const long = running.services.apps.list().find(({ app }) => app === longName);
      await long?.deployer.up({
        secrets: { A_SECRET_WITH_A_NAME_THAT_GOES_ON_AND_ON_AND_ON_UNTIL_NOBODY_CAN_READ_IT: redact("x") },
      });
      page = await running.page();
      await enterAsOwner(page, running.ownerLink);
    }, 120_000);
    afterAll(async () => {
      await running?.end();
      rmSync(directory, { recursive: true, force: true });
    });

    /** The part of the overview that is about one app. */
    const section = (app: string) =>
      page
        .locator("section", { has: page.getByRole("heading", { level: 2, name: app, exact: true }) })
        .last();

    /** On the overview, which asks again after a while: a reload is quicker. */
    const shown = async (text: string): Promise<void> => {
      await expect
        .poll(
          async () => {
            await page.reload();
            await section("declared").waitFor();
            return page.getByText(text).count();
          },
          { timeout: 20_000, interval: 500 },
        )
        .toBeGreaterThan(0);
    };

    it("a provider that does not answer is named beside its app, and every other one is shown", async () => {
      await page.goto("/");
      await page.getByRole("button", { name: "Look again" }).click();
      await section(longName).getByText("web 1/1").waitFor({ timeout: 20_000 });
      await section("fresh").getByText("nothing deployed").waitFor({ timeout: 20_000 });
      await page.locator(".attention li", { hasText: "Cannot be read" }).first().waitFor({ timeout: 30_000 });
      // For one reason, one sentence.
      expect(await page.locator(".attention li", { hasText: "away / production" }).count()).toBe(1);
      expect(await section("away").innerText()).not.toContain("web 1/1");
    });

    it.each(["releases", "processes", "config", "domains"])(
      "its page of %s says so, with what to do, and goes on by itself",
      async (name) => {
        await page.goto(`/apps/away/production/${name}`);
        await page
          .getByText(/Heroku|cannot be reached|does not answer/i)
          .first()
          .waitFor({ timeout: 30_000 });
        // What the file says is known without anybody.
        if (name === "config") await page.getByText("GREETING").waitFor();
      },
    );

    it("where nothing was deployed, each page says what to do, and none is a blank", async () => {
      for (const [name, words] of [
        ["releases", "Nothing was released here yet"],
        ["processes", /nothing/i],
        ["runs", "No run was told to this console yet"],
        ["domains", /no domain/i],
      ] as const) {
        await page.goto(`/apps/fresh/production/${name}`);
        await page.getByText(words).first().waitFor();
      }
    });

    it("a configuration file that breaks, and one that is gone, is said, and its app stays as it was", async () => {
      await page.goto("/");
      await section("declared").waitFor();
      writeFileSync(file, "broken");
      await shown("Unexpected end of input.");
      await page.getByText("declared is shown as it was before").waitFor();
      expect(await section("declared").count()).toBe(1);
      await picture(page, "trouble-config-broken-light", { whole: true });
      renameSync(file, `${file}.away`);
      await shown("It is no longer found.");
      expect(await section("declared").count()).toBe(1);
      writeFileSync(file, "sound");
      await expect
        .poll(async () => {
          await page.reload();
          await section("declared").waitFor();
          return page.getByText("It is no longer found.").count();
        })
        .toBe(0);
    });

    describe.each(LOOKS)("$name", (look) => {
      const PAGES = [
        ["overview", "/"],
        ["away-releases", "/apps/away/production/releases"],
        ["away-processes", "/apps/away/production/processes"],
        ["away-config", "/apps/away/production/config"],
        ["away-domains", "/apps/away/production/domains"],
        ["empty-releases", "/apps/fresh/production/releases"],
        ["empty-processes", "/apps/fresh/production/processes"],
        ["empty-config", "/apps/fresh/production/config"],
        ["empty-runs", "/apps/fresh/production/runs"],
        ["long-releases", `/apps/${longName}/review%2Fa-long-branch/releases`],
        ["long-config", `/apps/${longName}/review%2Fa-long-branch/config`],
        ["long-processes", `/apps/${longName}/review%2Fa-long-branch/processes`],
        ["long-access", `/apps/${longName}/access`],
      ] as const;

      it("has no serious fault, and no page is wider than its window", async () => {
        const context = await contextOf(running.browser, running.url, look);
        await context.addCookies(await page.context().cookies());
        const one = await context.newPage();
        const wide: string[] = [];
        for (const [name, path] of PAGES) {
          await one.goto(path);
          await one.getByRole("heading", { level: 1 }).waitFor();
          await expect.poll(() => one.locator(".loading").count(), { timeout: 30_000 }).toBe(0);
          await picture(one, `trouble-${name}-${look.name}`, { whole: true });
          expect(await seriousViolations(one), name).toEqual([]);
          if ((await overflow(one)) > 0) wide.push(name);
        }
        expect(wide).toEqual([]);
        await context.close();
      }, 120_000);
    });
  },
);

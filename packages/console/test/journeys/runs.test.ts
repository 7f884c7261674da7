import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppInput, defineApp } from "@deploy/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, ensureBuilt } from "../../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import type { ConsoleOptions } from "../../src/options.js";
import { noBrowser, picture, seriousViolations, watchPage } from "./browser.js";
import { enterAsOwner } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

const apps = ["shop", "blog", "wiki"];

const server = `
import { createServer } from "node:http";
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

/** Runs of the built command, each a process of its own, as another terminal or CI starts them. */
describe.skipIf(noBrowser !== undefined)(
  `runs from another terminal${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let space: Workspace;
    let data: string;
    let options: Partial<ConsoleOptions>;
    let running: RealConsole;
    let page: Page;
    let wrong: readonly string[];
    let token = "";
    const children: ChildProcess[] = [];

    /** Says something, and waits for the test to let it go on; not for ever, should the test be gone. */
    const says = (text: string, gate: string): string =>
      `echo ${text}; for _ in $(seq 600); do test -e ${join(space.root, gate)} && break; sleep 0.1; done; echo ${text}-ended`;
    const open = (gate: string): void => writeFileSync(join(space.root, gate), "");

    const input = (name: string, more: Partial<AppInput> = {}): AppInput => ({
      name,
      processes: { web: { command: ["node", "server.mjs"], health: "/", drain: "1 s" } },
      ...more,
    });
    /** Writes what `up` deploys from now on. */
    const declare = (declared: AppInput): void => {
      const text = `import { defineApp } from "@deploy/core";\nexport default defineApp(${JSON.stringify(declared)});\n`;
      space.files(declared.name, { "deploy.config.mjs": text });
    };

    interface Ended {
      readonly code: number | null;
      readonly stderr: string;
    }
    /** As a terminal would: with the address and the token of the console, and nothing else of it. */
    const up = (app: string): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
      const { CI: _ci, ...env } = space.env;
      const child = spawn(process.execPath, [command, "up"], {
        cwd: join(space.root, "apps", app),
        env: {
          ...env,
          DEPLOY_PORT: String(space.port),
          XDG_DATA_HOME: join(data, "elsewhere"),
          DEPLOY_CONSOLE_URL: running.url,
          DEPLOY_CONSOLE_TOKEN: token,
          GITHUB_ACTIONS: "true",
          GITHUB_ACTOR: "maria",
        },
        stdio: ["ignore", "ignore", "pipe"],
      });
      children.push(child);
      let stderr = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      return {
        child,
        ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr }))),
      };
    };

    beforeAll(async () => {
      await ensureBuilt("cli");
      space = await createWorkspace();
      data = mkdtempSync(join(tmpdir(), "deploy-console-runs-"));
      for (const name of apps) {
        space.files(name, { "server.mjs": server });
        declare(input(name));
      }
      options = {
        load: async () => ({
          apps: apps.map((name) => ({
            app: defineApp(input(name)),
            directory: join(space.root, "apps", name),
          })),
          problems: [],
        }),
        directory: join(data, "console"),
        defaultTarget: space.target,
        env: space.env,
      };
      running = await startRealConsole(options);
      page = await running.page();
      wrong = watchPage(page, running.url);
      await enterAsOwner(page, running.ownerLink);
      await page.goto("/account");
      const form = page.getByRole("form", { name: "Make a token" });
      await form.getByLabel("Name").fill("CI of everything");
      await form.getByLabel("For", { exact: true }).selectOption("*");
      await form.getByLabel("Role").selectOption("deployer");
      await form.getByRole("button", { name: "Make a token" }).click();
      token = await page.getByLabel("The token CI of everything is made").inputValue();
      expect(token).toMatch(/^dpl_/);
    }, 240_000);
    afterAll(async () => {
      for (const child of children) child.kill("SIGKILL");
      await running?.end();
      await space?.remove();
      rmSync(data, { recursive: true, force: true });
    });

    const look = (app: string): Promise<unknown> => page.goto(`/apps/${app}/local/runs`);
    const head = (of: Page = page) => of.locator(".run-head");
    const printed = (text: string) => page.locator(".output-lines").getByText(text, { exact: true });
    const stepThatPrinted = (text: string) => page.locator(".step").filter({ hasText: text });
    const atAGlance = (app: string) =>
      page.locator(".under-way p", { hasText: `${app} / local` }).getByRole("link", { name: "Watch" });
    const byRole = "maria on GitHub Actions (CI of everything)";

    it("a run that was killed is seen up to where it came", async () => {
      declare(input("blog", { release: says("half-done", "never") }));
      const watcher = await running.page();
      await watcher.context().addCookies(await page.context().cookies());
      await watcher.goto("/apps/blog/local/runs");
      const { child, ended } = up("blog");
      await watcher.locator(".output-lines", { hasText: "half-done" }).waitFor({ timeout: 30_000 });
      await head(watcher).getByText("running", { exact: true }).waitFor();
      child.kill("SIGKILL");
      expect((await ended).code).toBe(null);
    }, 60_000);

    it("its steps appear one by one while it goes on, with what build and release command print", async () => {
      declare(
        input("shop", {
          build: { command: says("building", "build") },
          release: says("migrating", "release"),
        }),
      );
      // Open before it begins: nobody has to look for it.
      await look("shop");
      await page.getByText("No run was told to this console yet").waitFor();
      const { ended } = up("shop");
      await printed("building").waitFor({ timeout: 30_000 });
      await head().getByText("running", { exact: true }).waitFor();
      await head().getByText(byRole).waitFor();
      expect(await page.locator(".output-lines").allInnerTexts()).toEqual(["building"]);
      expect(await printed("migrating").count()).toBe(0);
      await page.goto("/");
      await atAGlance("shop").click();
      await printed("building").waitFor();
      open("build");
      await printed("migrating").waitFor({ timeout: 20_000 });
      await stepThatPrinted("building-ended")
        .getByText(/^done in/)
        .waitFor();
      await picture(page, "real-run-live-light", { whole: true });
      expect(await seriousViolations(page)).toEqual([]);
      open("release");
      await head().getByText("done", { exact: true }).waitFor({ timeout: 30_000 });
      await head().getByText("release 1").waitFor();
      await page.waitForFunction("document.title.startsWith('up done')");
      expect(await ended).toMatchObject({ code: 0 });
    }, 120_000);

    it("one that fails says why, at the step that failed", async () => {
      declare(input("shop", { release: "echo no such table >&2; exit 7" }));
      space.files("shop", { "version.txt": "2" });
      const { ended } = up("shop");
      await look("shop");
      await head().getByText("failed", { exact: true }).waitFor({ timeout: 30_000 });
      await page.locator(".step-failed .output-lines").getByText("no such table").waitFor();
      await page.locator(".step-error").getByText(/7/).first().waitFor();
      await picture(page, "real-run-failed-light", { whole: true });
      expect((await ended).code).not.toBe(0);
    }, 60_000);

    it("two at once are told apart, each on its page, and both at a glance", async () => {
      declare(input("shop", { release: says("first-of-two", "both") }));
      declare(input("wiki", { release: says("second-of-two", "both") }));
      const both = [up("shop"), up("wiki")];
      for (const [app, own, other] of [
        ["shop", "first-of-two", "second-of-two"],
        ["wiki", "second-of-two", "first-of-two"],
      ] as const) {
        await look(app);
        await printed(own).waitFor({ timeout: 30_000 });
        expect(await printed(other).count()).toBe(0);
      }
      await page.goto("/");
      for (const app of ["shop", "wiki"]) await atAGlance(app).waitFor();
      open("both");
      await look("wiki");
      await head().getByText("done", { exact: true }).waitFor({ timeout: 30_000 });
      expect(await Promise.all(both.map(async ({ ended }) => (await ended).code))).toEqual([0, 0]);
    }, 90_000);

    it("what a release printed is read later from its row, and after the console was started anew", async () => {
      const readable = async (): Promise<void> => {
        await page.goto("/apps/shop/local/releases");
        await page
          .locator("tr", { has: page.getByRole("button", { name: "Details of release 1" }) })
          .getByRole("link", { name: "Logs" })
          .click();
        await page.waitForURL("**/logs?release=1*");
        await page.getByText("building", { exact: true }).first().waitFor();
        await page.getByText("migrating-ended", { exact: true }).first().waitFor();
      };
      await readable();
      await picture(page, "real-release-output-light");
      expect(wrong).toEqual([]);
      const cookies = await page.context().cookies();
      await running.end();
      running = await startRealConsole(options);
      page = await running.page();
      const { port } = new URL(running.url);
      await page.context().addCookies(cookies.map((one) => ({ ...one, port: Number(port) })));
      await readable();
      await look("shop");
      await page.locator(".run-link").nth(2).click();
      await printed("building-ended").waitFor({ state: "attached" });
      await head().getByText("done", { exact: true }).waitFor();
    }, 60_000);

    it("the killed one does not run for ever: it is not heard of, here and at a glance", async () => {
      await page.goto("/apps/blog/local/runs");
      await head().getByText("not heard of", { exact: true }).waitFor({ timeout: 75_000 });
      await page.getByText("Nothing has been heard of this run for a minute.").waitFor();
      await page.locator(".step", { hasText: "cut off" }).first().waitFor();
      await picture(page, "real-run-lost-light", { whole: true });
      await page.goto("/");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.getByRole("heading", { level: 2, name: "blog" }).waitFor();
      expect(await atAGlance("blog").count()).toBe(0);
    }, 90_000);
  },
);

import { defineApp } from "@deploy/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../../provider-local/test/support/built.js";
import { createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import { noBrowser, picture, seriousViolations, watchPage } from "./browser.js";
import { acceptInvitation, enterAsOwner, invite } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

const server = `
const { createServer } = require("node:http");
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

const app = (name: string) =>
  defineApp({
    name,
    // No .bashrc of this machine.
    config: { HOME: "/nonexistent" },
    processes: { web: { command: ["node", "server.cjs"], health: "/", drain: "1 s" } },
  });

describe.skipIf(noBrowser !== undefined)(
  `a shell in the browser${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let space: Workspace;
    let running: RealConsole;
    let page: Page;
    let wrong: readonly string[];

    beforeAll(async () => {
      await ensureBuilt();
      space = await createWorkspace();
      const directory = space.files("shop", { "server.cjs": server });
      await space.deployer(app("shop")).up();
      running = await startRealConsole({
        load: async () => ({
          apps: ["shop", "blog"].map((name) => ({ app: app(name), directory })),
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

    const open = async (on: Page): Promise<void> => {
      await on.goto("/apps/shop/local/shell");
      await on.getByRole("button", { name: "Open a shell" }).click();
      await on.getByText(/^In web\.\d+/).waitFor();
    };
    const screen = (on: Page = page) => on.locator(".xterm-accessibility");
    const shows = (text: string | RegExp, on: Page = page): Promise<void> =>
      screen(on).getByText(text).first().waitFor();

    it("its program is loaded once one is opened, and not before", async () => {
      const scripts: number[] = [];
      const addresses: string[] = [];
      page.on("response", (answer) => {
        addresses.push(answer.url());
        if (answer.request().resourceType() === "script")
          scripts.push(Number(answer.headers()["content-length"] ?? 0));
      });
      page.on("websocket", (socket) => addresses.push(socket.url()));
      await page.goto("/apps/shop/local/shell");
      await page.getByText("No shell is open").waitFor();
      await page.waitForLoadState("networkidle");
      expect(Math.max(...scripts)).toBeLessThan(45_000);
      await page.getByRole("button", { name: "Open a shell" }).click();
      await page.getByText(/^In web\.\d+/).waitFor();
      await expect.poll(() => Math.max(...scripts)).toBeGreaterThan(60_000);
      expect(addresses.filter((address) => /\/shell$/.test(address)).length).toBeGreaterThan(0);
      expect(addresses.join(" ")).not.toMatch(/ticket\.|[?#]/);
    });

    it("has a terminal: what is typed, Control-C, the size of the window", async () => {
      await page.keyboard.type("echo it-$((40+2))-works\n");
      await shows("it-42-works");
      await page.keyboard.type("sleep 1000\n");
      await shows("sleep 1000");
      await page.keyboard.press("Control+c");
      await page.keyboard.type("echo goes-$((40+3))-on\n");
      await shows("goes-43-on");
      const columns = async (): Promise<number> => {
        await page.keyboard.type("clear; stty size\n");
        const line = screen()
          .getByText(/^\d+ \d+$/)
          .last();
        await line.waitFor();
        return Number((await line.innerText()).split(" ")[1]);
      };
      const before = await columns();
      await page.setViewportSize({ width: 700, height: 800 });
      await expect.poll(columns, { timeout: 10_000, interval: 500 }).toBeLessThan(before);
      await page.setViewportSize({ width: 1280, height: 800 });
    });

    it("what is printed changes nothing but the screen: no title, no clipboard, no address", async () => {
      const title = await page.title();
      await page.evaluate(`navigator.clipboard.writeText("mine")`);
      await page.keyboard.type(
        String.raw`printf '\033]0;owned\007\033]2;owned\007\033]52;c;b3duZWQ=\007\033]8;;https://evil.example/\007a-link\033]8;;\007 <img src=x onerror=alert(1)> the-%s\n' end`,
      );
      await page.keyboard.press("Enter");
      await shows(/a-link <img src=x onerror=alert\(1\)> the-end/);
      const pages = page.context().pages().length;
      const rows = page.locator(".xterm-rows").getByText("a-link").last();
      await rows.click({ modifiers: ["ControlOrMeta"], force: true, position: { x: 10, y: 5 } });
      expect(page.context().pages().length).toBe(pages);
      expect(new URL(page.url()).origin).toBe(running.url);
      expect(await page.title()).toBe(title);
      expect(await page.evaluate(`navigator.clipboard.readText()`)).toBe("mine");
      // Nothing that is asked of the terminal is answered with what somebody else has put there.
      await page.keyboard.type(String.raw`printf '\033]0;echo leaked\007\033[21t'; echo title-$((40+4))`);
      await page.keyboard.press("Enter");
      await shows("title-44");
      expect(await screen().innerText()).not.toMatch(/^.*leaked.*leaked/m);
      await picture(page, "shell-hostile");
      expect(await seriousViolations(page)).toEqual([]);
    });

    it("10 MB of output: the page goes on, and keeps no more than a terminal does", async () => {
      const devtools = await page.context().newCDPSession(page);
      const heap = async (): Promise<number> => {
        await devtools.send("HeapProfiler.collectGarbage");
        return (await devtools.send("Runtime.getHeapUsage")).usedSize;
      };
      // What a full scrollback takes is taken before.
      await page.keyboard.type("seq 10000; echo full-$((40+5))\n");
      await shows("full-45");
      const before = await heap();
      await page.evaluate(`(() => {
        window.turns = 0;
        window.turning = setInterval(() => { window.turns += 1; }, 10);
      })()`);
      await page.keyboard.type("head -c 10000000 /dev/zero | tr '\\0' x | fold -w 99; echo all-$((40+6))\n");
      await screen().getByText("all-46").first().waitFor({ timeout: 60_000 });
      expect(await page.evaluate<number>("clearInterval(window.turning), window.turns")).toBeGreaterThan(10);
      expect((await heap()) - before).toBeLessThan(20_000_000);
    }, 90_000);

    it("is closed when its page is left, and the record says how each ended", async () => {
      await page.goto("/");
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await open(page);
      await page.keyboard.type("exit 3\n");
      await page.getByText("The shell has ended. Exit code 3.").waitFor();
      await page.goto("/apps/shop/local/access");
      await page.goto("/audit");
      await page
        .getByText(/left after \d+ s/)
        .first()
        .waitFor();
      await page
        .getByText(/exited with code 3 after \d+ s/)
        .first()
        .waitFor();
    });

    it("is off for an app that it was not turned on for, and says who turns it on", async () => {
      await page.goto("/apps/blog/local/shell");
      await page.getByRole("button", { name: "Open a shell" }).click();
      await page.getByText("Shells in the browser are off for blog.").waitFor();
      await page.getByText(/--shell blog/).waitFor();
    });

    it("is closed within a second when the right to it is taken away, and its page says why", async () => {
      const kim = await running.page();
      await acceptInvitation(kim, await invite(page, "kim@example.org", "shop", "operator"));
      await open(kim);
      await kim.keyboard.type("echo kim-$((40+7))\n");
      await shows("kim-47", kim);
      const { access } = running.services;
      const people = await access.people.list();
      const id = people.find(({ person }) => person.email === "kim@example.org")?.person.id ?? "";
      const answer = await page.evaluate<number>(
        `fetch("/api/people/${id}", { method: "DELETE", headers: { "x-deploy-console": "1" } }).then((one) => one.status)`,
      );
      expect(answer).toBe(200);
      await kim
        .getByText(/Your right to this shell was taken away|You were signed out|taken away/)
        .first()
        .waitFor({ timeout: 5_000 });
      await kim.context().close();
      await page.goto("/audit");
      await page
        .getByRole("row", { name: /kim@example\.org.*(?:revoked|signed-out) after \d+ s/ })
        .first()
        .waitFor();
      expect(wrong).toEqual([]);
    });
  },
);

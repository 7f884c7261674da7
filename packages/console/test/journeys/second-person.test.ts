import { spawn } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineApp } from "@deploy/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, ensureBuilt } from "../../../provider-local/test/support/built.js";
import { ask, createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import { noBrowser, picture, watchPage } from "./browser.js";
import { acceptInvitation, enterAsOwner, invite, signIn } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

/** Prints what it is asked for: `/say?text=…`. */
const server = `
import { createServer } from "node:http";
createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/say") console.log(url.searchParams.get("text"));
  response.end("ok");
}).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

const app = (name: string) =>
  defineApp({ name, processes: { web: { command: ["node", "server.mjs"], health: "/", drain: "1 s" } } });

/** The configuration of an app whose grants are the console's. */
const config = `
import { defineApp } from "@deploy/core";
import { consoleAccess } from ${JSON.stringify(fileURLToPath(new URL("../../src/provider/index.ts", import.meta.url)))};
export default defineApp({
  name: "shop",
  processes: { web: { command: ["node", "server.mjs"], health: "/" } },
  environments: { local: { access: consoleAccess() } },
});
`;

/** Addresses of another app and of the whole console, as somebody types them. */
const foreignPages = [
  ...["logs", "releases", "processes", "config", "domains", "runs", "shell"].map(
    (page) => `/apps/blog/local/${page}`,
  ),
  ...["/apps/blog/access", "/people", "/audit", "/apps/shop/access"],
];
const foreignApi = [
  "/api/apps/blog/environments/local/logs",
  "/api/apps/blog/environments/local/logs/download",
  "/api/apps/blog/environments/local/releases",
  "/api/apps/blog/environments/local/processes",
  "/api/apps/blog/environments/local/config",
  "/api/apps/blog/environments/local/domains",
  "/api/apps/blog/environments/local/runs",
  "/api/apps/blog/access",
  "/api/apps/blog/audit",
];
const forbiddenApi = ["/api/people", "/api/audit", "/api/apps/shop/access", "/api/apps/shop/audit"];

/**
 * What the console was asked for, from end to end: two apps that really run, an owner, and a second person with a role
 * for one of them, each in a browser of their own.
 */
describe.skipIf(noBrowser !== undefined)(
  `a second person${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let space: Workspace;
    let running: RealConsole;
    let owner: Page;
    let directory: string;
    let token: string;
    let wrong: readonly string[] = [];

    beforeAll(async () => {
      await ensureBuilt("cli");
      space = await createWorkspace();
      const files = { "server.mjs": server };
      directory = space.files("shop", files);
      const other = space.files("blog", files);
      for (const name of ["shop", "blog"]) await space.deployer(app(name)).up();
      running = await startRealConsole({
        load: async () => ({
          apps: [
            { app: app("shop"), directory },
            { app: app("blog"), directory: other },
          ],
          problems: [],
        }),
        defaultTarget: space.target,
        env: space.env,
      });
      owner = await running.page();
      await enterAsOwner(owner, running.ownerLink);
      token = await makeToken();
      symlinkSync(
        fileURLToPath(new URL("../../../../node_modules", import.meta.url)),
        join(space.root, "node_modules"),
      );
      writeFileSync(join(directory, "deploy.config.ts"), config);
    }, 240_000);
    afterAll(async () => {
      await running?.end();
      await space?.remove();
    });

    const say = (name: string, text: string) =>
      ask(space, `${name}.localhost`, `/say?text=${encodeURIComponent(text)}`);

    /** On the page of the account, as a person does it. */
    const makeToken = async (): Promise<string> => {
      await owner.goto("/account");
      const form = owner.getByRole("form", { name: "Make a token" });
      await form.getByLabel("Name").fill("terminal of Olga");
      await form.getByLabel("Role").selectOption("manager");
      await form.getByRole("button", { name: "Make a token" }).click();
      return await owner.getByLabel("The token terminal of Olga is made").inputValue();
    };

    /** `deploy …`, as somebody types it beside the configuration. */
    const deploy = (...words: readonly string[]) =>
      new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
        const child = spawn(process.execPath, [command, ...words], {
          cwd: directory,
          env: { ...space.env, CI: "1", DEPLOY_CONSOLE_URL: running.url, DEPLOY_CONSOLE_TOKEN: token },
          stdio: ["ignore", "pipe", "pipe"],
        });
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (chunk: Buffer) => {
          stdout += chunk.toString();
        });
        child.stderr.on("data", (chunk: Buffer) => {
          stderr += chunk.toString();
        });
        child.on("close", (code) => resolve({ code, stdout, stderr }));
      });

    /** A browser of her own, in front of the live logs of her app. */
    const atTheLogs = async (page: Page) => {
      const opened = page.waitForEvent("websocket", (one) => one.url().includes("/apps/shop/"));
      await page.goto("/apps/shop/local/logs");
      const socket = await opened;
      await page.getByText("Live", { exact: true }).waitFor();
      return socket;
    };

    let lee: Page;

    it("signs in by the invitation, and sees the live logs of her app", async () => {
      const link = await invite(owner, "lee@example.org", "shop", "viewer");
      lee = await running.page();
      wrong = watchPage(lee, running.url);
      await acceptInvitation(lee, link);
      await atTheLogs(lee);
      await say("shop", "a visitor has signed the guestbook");
      await lee.locator(".line", { hasText: "a visitor has signed the guestbook" }).waitFor();
      await picture(lee, "second-person-live");
    });

    it("sees nothing else: on the overview, by addresses typed by hand, by the API, by sockets", async () => {
      await say("blog", "a line of the other app");
      await lee.goto("/");
      await lee.getByRole("heading", { level: 2, name: "shop" }).waitFor();
      expect(await lee.content()).not.toContain("blog");
      for (const name of ["People", "Audit"]) expect(await lee.getByRole("link", { name }).count()).toBe(0);
      await picture(lee, "second-person-overview");

      for (const path of foreignPages) {
        await lee.goto(path);
        await lee.getByRole("heading", { level: 1 }).first().waitFor();
        await lee
          .getByText(/no app|not see|no role|not there|no such|needs|manage|There is no/i)
          .first()
          .waitFor();
        expect(await lee.content(), path).not.toContain("a line of the other app");
      }
      await picture(lee, "second-person-refused");

      const statuses = (paths: readonly string[]) =>
        lee.evaluate<readonly number[]>(
          `Promise.all(${JSON.stringify(paths)}.map((path) => fetch(path).then((answer) => answer.status)))`,
        );
      expect(await statuses(foreignApi)).toEqual(foreignApi.map(() => 404));
      expect(await statuses(forbiddenApi)).toEqual(forbiddenApi.map(() => 403));
      const overview = await lee.evaluate<string>(`fetch("/api/overview").then((answer) => answer.text())`);
      expect(overview).not.toContain("blog");

      const sockets = ["logs/live", "runs/live", "shell"].map(
        (name) => `/api/apps/blog/environments/local/${name}`,
      );
      const heard = await lee.evaluate<
        readonly string[]
      >(`Promise.all(${JSON.stringify(sockets)}.map((path) =>
        new Promise((resolve) => {
          const socket = new WebSocket(path.replace(/^/, location.origin.replace("http", "ws")));
          socket.onopen = () => resolve("open");
          socket.onmessage = (event) => resolve(String(event.data));
          socket.onerror = () => resolve("refused");
        })))`);
      expect(heard).toEqual(sockets.map(() => "refused"));
    });

    it("loses the role for the app: her stream closes, and the page itself says so", async () => {
      await atTheLogs(lee);
      await owner.goto("/apps/shop/access");
      await owner.getByRole("button", { name: "Revoke lee@example.org" }).click();
      await owner.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await lee.getByText("Your access to these logs has ended.").waitFor();
      expect(await lee.locator(".line").count()).toBe(0);
      await picture(lee, "second-person-role-taken");
      await lee.goto("/");
      await lee.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      expect(await lee.getByRole("heading", { level: 2, name: "shop" }).count()).toBe(0);
      await owner.getByLabel("E-mail").fill("lee@example.org");
      await owner.getByRole("button", { name: "Grant", exact: true }).click();
      await owner.getByText("lee@example.org is viewer now").waitFor();
    });

    it("is revoked by the owner with one click: her stream closes within a second, and her page says why", async () => {
      const socket = await atTheLogs(lee);
      await owner.goto("/people");
      await owner.getByRole("button", { name: "Revoke everywhere: lee@example.org" }).click();
      await picture(owner, "second-person-revoke");
      const closed = socket.waitForEvent("close", { timeout: 10_000 }).then(() => Date.now());
      const answered = owner
        .waitForResponse((response) => response.request().method() === "DELETE")
        .then(() => Date.now());
      await owner.getByRole("dialog").getByRole("button", { name: "Revoke everywhere" }).click();
      // The one time that is promised: "revoking closes their open stream within a second".
      expect((await closed) - (await answered)).toBeLessThan(1_000);
      await lee.getByText("your access to this console has been taken away").waitFor();
      expect(await lee.locator(".line").count()).toBe(0);
      await picture(lee, "second-person-revoked");
      await owner.getByText("lee@example.org has no access to this console any longer.").waitFor();
      await signIn(lee, "lee@example.org");
      await lee.getByRole("alert").waitFor();
      await lee.context().close();
    });

    it("is let in by one command, which shows the link once, and is seen by another", async () => {
      const granted = await deploy("access", "grant", "mia@example.org", "viewer");
      expect(granted, granted.stderr).toMatchObject({ code: 0 });
      expect(granted.stdout.trim()).toMatch(new RegExp(`^${running.url}/invitation#invitation=[\\w-]{43}$`));
      expect(granted.stderr).toContain("mia@example.org is now viewer of shop");
      expect(granted.stderr).toContain("it is shown only now");
      expect(granted.stderr).not.toContain("#invitation=");
      lee = await running.page();
      await acceptInvitation(lee, granted.stdout.trim());
      await atTheLogs(lee);
      await say("shop", "mia is here");
      await lee.locator(".line", { hasText: "mia is here" }).waitFor();
      const who = await deploy("access", "who", "--json");
      expect(JSON.parse(who.stdout)).toContainEqual({
        person: "mia@example.org",
        role: "viewer",
        provider: "console",
      });
    });

    it("is revoked by one command: her stream closes, and her page says why", async () => {
      const socket = await atTheLogs(lee);
      const closed = socket.waitForEvent("close", { timeout: 30_000 }).then(() => Date.now());
      const revoked = await deploy("access", "revoke", "mia@example.org", "--everywhere");
      const answered = Date.now();
      expect(revoked, revoked.stderr).toMatchObject({ code: 0 });
      expect((await closed) - answered).toBeLessThan(1_000);
      await lee.getByText("your access to this console has been taken away").waitFor();
      expect(await lee.locator(".line").count()).toBe(0);
      await lee.context().close();
      const who = await deploy("access", "who");
      expect(who.stdout).not.toContain("mia@example.org");
      await owner.goto("/audit");
      await owner.getByText(/chain of \d+ entries intact/).waitFor();
      const entries = await owner.evaluate<readonly string[]>(
        `fetch("/api/audit?limit=50").then((answer) => answer.json()).then(({ entries }) =>
          entries.map(({ actor, action, subject }) => [actor, action, subject].join(" ")))`,
      );
      expect(entries).toContain("owner@example.org people.revoke lee@example.org");
      expect(entries).toContain("token:terminal of Olga of owner@example.org access.grant mia@example.org");
      expect(entries).toContain("token:terminal of Olga of owner@example.org people.revoke mia@example.org");
    });

    it("her pages did nothing that they must not", () => {
      // Sockets that are refused are what was asked for.
      expect(wrong.filter((one) => !one.includes("WebSocket connection to"))).toEqual([]);
    });
  },
);

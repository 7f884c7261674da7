import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { defineApp } from "@deploy/core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../../provider-local/test/support/built.js";
import { ask, createWorkspace, type Workspace } from "../../../provider-local/test/support/workspace.js";
import type { LogEntry } from "../../src/shared/log-types.js";
import { noBrowser, picture, seriousViolations, watchPage } from "./browser.js";
import { acceptInvitation, enterAsOwner, invite } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

/** Prints what it is asked for: `/say?text=…`, `/count?to=…`, `/hostile`. */
const server = `
import { createServer } from "node:http";
createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/say") console.log(url.searchParams.get("text"));
  if (url.pathname === "/count") {
    let text = "";
    for (let n = 1; n <= Number(url.searchParams.get("to")); n++) text += "counted " + n + "\\n";
    process.stdout.write(text);
  }
  if (url.pathname === "/hostile") {
    process.stdout.write("\\u001b]0;title\\u0007\\u001b[2J\\u001b[31mred\\u001b[0m\\n<script>document.title = 'owned'</script>\\nbidi \\u202e evil\\nnul \\0 here\\n");
    process.stdout.write(Buffer.from([0x69, 0x6e, 0xff, 0xfe, 0xc3, 0x28, 0x0a]));
    process.stdout.write("m".repeat(1024 * 1024) + "\\n");
    process.stdout.write("Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in f\\n    boom()\\nValueError: broken\\n");
    process.stdout.write("the end\\n");
  }
  response.end("ok");
}).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

const shop = defineApp({
  name: "shop",
  processes: { web: { command: ["node", "server.mjs"], health: "/", drain: "1 s" } },
});

describe.skipIf(noBrowser !== undefined)(
  `logs of a process that really runs${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let space: Workspace;
    let running: RealConsole;
    let page: Page;
    let wrong: readonly string[];

    beforeAll(async () => {
      await ensureBuilt();
      space = await createWorkspace();
      const directory = space.files("shop", { "server.mjs": server });
      await space.deployer(shop).up();
      running = await startRealConsole({
        load: async () => ({
          apps: [{ app: shop, directory, file: join(directory, "deploy.config.ts") }],
          problems: [],
        }),
        defaultTarget: space.target,
        env: space.env,
      });
      page = await running.page();
      wrong = watchPage(page, running.url);
      await enterAsOwner(page, running.ownerLink);
      await page.goto("/apps/shop/local/logs");
      await page.getByText("Live", { exact: true }).waitFor();
    }, 180_000);
    afterAll(async () => {
      await running?.end();
      await space?.remove();
    });

    const print = (path: string) => ask(space, "shop.localhost", path);
    const line = (text: string) => page.locator(".line", { hasText: text });

    it("what it prints is there at once", async () => {
      await print("/say?text=hello%20from%20a%20process");
      await line("hello from a process").waitFor();
    });

    it("hostile bytes are text, a traceback is one row", async () => {
      await print("/hostile");
      await line("the end").waitFor();
      // One row a line, or the line of a megabyte would push the others out of sight.
      await page.keyboard.press("w");
      expect(await page.title()).toBe("Logs of shop local · Deploy");
      expect(await page.locator(".message script").count()).toBe(0);
      await line("bidi ⟨U+202E⟩ evil").waitFor();
      // The provider may have taken the NUL for something else already; it is never one here.
      await page.locator(".line", { hasText: /nul .{0,5} here/ }).waitFor();
      await page.getByText("more characters").first().waitFor();
      await page.locator(".fold-head", { hasText: "ValueError: broken" }).waitFor();
      await picture(page, "logs-real");
      expect(await seriousViolations(page)).toEqual([]);
      await page.keyboard.press("w");
    });

    it("20,000 lines at once are all there: none missing, none twice", async () => {
      await print("/count?to=20000");
      await line("counted 20000").waitFor({ timeout: 15_000 });
      const answer = await page.evaluate<readonly string[]>(`(async () => {
        const texts = [];
        const response = await fetch("/api/apps/shop/environments/local/logs/download?text=counted");
        for (const line of (await response.text()).split("\\n")) if (line !== "") texts.push(line.split(" ").slice(2).join(" "));
        return texts;
      })()`);
      expect(answer).toEqual(Array.from({ length: 20_000 }, (_, index) => `counted ${index + 1}`));
    });

    it("downloads are the lines of the store, byte for byte: text and NDJSON, zipped or not, as the filter has them", async () => {
      const visitor = await running.page();
      await visitor.context().addCookies(await page.context().cookies());
      await visitor.goto("/apps/shop/local/logs?mode=filter&text=counted%20199");
      await visitor.locator(".line").first().waitFor();
      const stored = await visitor.evaluate<readonly LogEntry[]>(
        `fetch("/api/apps/shop/environments/local/logs?text=counted%20199&limit=5000").then((answer) => answer.json()).then((page) => page.lines)`,
      );
      expect(stored).toHaveLength(111);
      const text = stored
        .map((one) => `${new Date(one.time).toISOString()} ${one.instance} ${one.text}\n`)
        .join("");
      const data = stored.map((one) => `${JSON.stringify(one)}\n`).join("");
      for (const [name, expected] of [
        ["Text", text],
        ["Text, gzip", text],
        ["NDJSON", data],
        ["NDJSON, gzip", data],
      ] as const) {
        await visitor.locator("summary", { hasText: "Download" }).click();
        const coming = visitor.waitForEvent("download");
        await visitor.getByRole("link", { name, exact: true }).click();
        const download = await coming;
        const bytes = readFileSync(await download.path());
        const zipped = name.endsWith("gzip");
        expect(download.suggestedFilename()).toMatch(zipped ? /\.gz$/ : /\.(?:log|txt|ndjson)$/);
        expect((zipped ? gunzipSync(bytes) : bytes).toString("utf8")).toBe(expected);
        await visitor.keyboard.press("Escape");
      }
      await visitor.context().close();
    });

    it("a search finds what was printed before, and a permalink leads to it after a reload", async () => {
      await page.keyboard.press("/");
      await page.keyboard.type("hello from a process");
      await page.keyboard.press("Enter");
      await page.getByText("1 match", { exact: true }).waitFor();
      await page.getByText(/back to the beginning/).waitFor();
      await page.locator(".hit").first().click();
      await page.locator(".line.chosen", { hasText: "hello from a process" }).waitFor();
      await expect.poll(() => page.url()).toMatch(/line=\d+/);
      await page.reload();
      await page.locator(".line.chosen", { hasText: "hello from a process" }).waitFor();
    });

    it("a permalink of somebody without a role shows nothing; a right that ends closes the stream within a second", async () => {
      const link = page.url();
      const invitation = await invite(page, "kim@example.org", "shop", "viewer");
      const kim = await running.page();
      await acceptInvitation(kim, invitation);
      await kim.goto(link);
      await kim.locator(".line.chosen", { hasText: "hello from a process" }).waitFor();
      await kim.goto("/apps/shop/local/logs");
      await kim.getByText("Live", { exact: true }).waitFor();
      const people = await page.evaluate<{ people: { person: { id: string; email: string } }[] }>(
        `fetch("/api/people").then((answer) => answer.json())`,
      );
      const { id } = people.people.find((one) => one.person.email === "kim@example.org")!.person;
      await page.evaluate(
        `fetch("/api/people/${id}", { method: "DELETE", headers: { "x-deploy-console": "1" } })`,
      );
      await expect.poll(() => kim.locator(".line").count(), { timeout: 5000 }).toBe(0);
      await kim.goto(link);
      await kim.getByRole("heading", { level: 1 }).first().waitFor();
      expect(await kim.locator(".line").count()).toBe(0);
      await kim.context().close();
    });

    it("the pages did nothing that they must not", () => {
      expect(wrong).toEqual([]);
    });
  },
);

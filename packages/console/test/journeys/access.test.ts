import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noBrowser } from "./browser.js";
import { acceptInvitation, enterAsOwner, invite, signIn } from "./people.js";
import { type RealConsole, startRealConsole } from "./real-console.js";

describe.skipIf(noBrowser !== undefined)(
  `access${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
  () => {
    let running: RealConsole;
    let owner: Page;

    beforeAll(async () => {
      running = await startRealConsole();
      owner = await running.page();
      await enterAsOwner(owner, running.ownerLink);
    }, 120_000);
    afterAll(async () => {
      await running?.end();
    });

    const invited = async (email: string, role: string): Promise<Page> => {
      const link = await invite(owner, email, "shop", role);
      const page = await running.page();
      await acceptInvitation(page, link);
      return page;
    };

    it("a second person with a role for one app sees that app and nothing else", async () => {
      const page = await invited("lee@example.org", "viewer");
      await page.getByRole("heading", { level: 2, name: "shop" }).waitFor();
      expect(await page.getByText("blog").count()).toBe(0);
      expect(await page.getByRole("link", { name: "People" }).count()).toBe(0);
      expect(await page.getByRole("link", { name: "Audit" }).count()).toBe(0);
      await page.goto("/apps/shop/production/releases");
      await page.getByRole("heading", { level: 1, name: "Releases" }).waitFor();
      for (const path of ["releases", "processes", "config", "domains", "runs"]) {
        await page.goto(`/apps/blog/production/${path}`);
        await page.getByRole("alert").first().waitFor();
        await page.goto(`/apps/none/production/${path}`);
        await page.getByRole("alert").first().waitFor();
      }
      const seen = await page.evaluate<readonly number[]>(`Promise.all([
      "/api/apps/blog/environments/production/logs", "/api/apps/none/environments/production/logs",
      "/api/people", "/api/audit", "/api/apps/shop/access",
    ].map((path) => fetch(path).then((answer) => answer.status)))`);
      expect(seen).toEqual([404, 404, 403, 403, 403]);
      await page.context().close();
    });

    it("an invitation is used up by the first who takes it", async () => {
      const link = await invite(owner, "once@example.org", "shop", "viewer");
      const first = await running.page();
      await acceptInvitation(first, link);
      const second = await running.page();
      await second.goto(link);
      await second.getByRole("alert").waitFor();
      await Promise.all([first.context().close(), second.context().close()]);
    });

    it("revoking somebody everywhere closes the log stream they have open, and signs them out", async () => {
      const page = await invited("gone@example.org", "viewer");
      const live = page.waitForEvent("websocket", (socket) => socket.url().includes("/logs/live"));
      await page.goto("/apps/shop/production/logs");
      const socket = await live;
      await running.ingest(["line 0", "line 1", "line 2"]);
      await page.getByText("line 2").first().waitFor();

      await owner.goto("/people");
      await owner.getByRole("button", { name: "Revoke everywhere: gone@example.org" }).click();
      const closed = socket.waitForEvent("close", { timeout: 10_000 }).then(() => Date.now());
      const answered = owner
        .waitForResponse((response) => response.request().method() === "DELETE")
        .then(() => Date.now());
      await owner.getByRole("dialog").getByRole("button", { name: "Revoke everywhere" }).click();
      // The one time that is promised: "revoking closes their open stream within a second".
      expect((await closed) - (await answered)).toBeLessThan(1000);
      await owner.getByText("gone@example.org has no access to this console any longer.").waitFor();
      await page.waitForURL("**/sign-in*");
      await signIn(page, "gone@example.org");
      await page.getByRole("alert").waitFor();
      await page.context().close();
    });

    it("a role for a while is given on the app's page, seen in what somebody can do, and taken away again", async () => {
      await owner.goto("/apps/shop/access");
      await owner.getByLabel("E-mail").fill("mona@example.org");
      await owner.getByLabel("Role").selectOption("operator");
      await owner.getByLabel("For how long").selectOption({ label: "7 days" });
      await owner.getByRole("button", { name: "Grant", exact: true }).click();
      await owner.getByLabel("mona@example.org is invited").waitFor();
      const row = owner.getByRole("row", { name: /mona@example.org/ });
      await row.first().waitFor();
      expect(await row.first().innerText()).toMatch(/operator of shop, expires in [67] days/);

      await owner.goto("/people");
      await owner.getByRole("button", { name: "What can they do: mona@example.org" }).click();
      await owner.getByRole("heading", { name: "shop: operator" }).waitFor();
      await owner.getByRole("dialog").getByText("open a shell").waitFor();

      await owner.goto("/apps/shop/access");
      await owner.getByRole("button", { name: "Revoke mona@example.org" }).click();
      await owner.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await owner.getByRole("button", { name: "Revoke mona@example.org" }).waitFor({ state: "detached" });
    });

    it("all of it is in the audit log, whose chain holds", async () => {
      await owner.goto("/audit");
      await owner.getByText(/chain of \d+ entries intact/).waitFor();
      for (const words of ["gave a role mona", "gone@example.org revoke"]) {
        await owner.getByLabel("Contains").fill(words);
        await owner.getByRole("row").nth(1).waitFor();
      }
      await owner.getByLabel("Contains").fill("nobody has ever done this");
      await owner.getByText("No loaded entry contains that").waitFor();
    });
  },
);

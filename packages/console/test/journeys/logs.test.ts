import { rmSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildPages } from "../web-fixture/build-apart.js";
import { PYTHON } from "../web-fixture/hostile.js";
import { type Fixture, fill, startFixture } from "../web-fixture/server.js";
import {
  contextOf,
  LOOKS,
  type Look,
  launch,
  noBrowser,
  overflow,
  picture,
  seriousViolations,
  watchPage,
} from "./browser.js";

const PATH = "/apps/shop/production/logs";

describe.skipIf(noBrowser !== undefined)(
  `the page of logs${noBrowser === undefined ? "" : ` (skipped: ${noBrowser})`}`,
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

    const open = async (query = "", look: Look = LOOKS[0]!): Promise<void> => {
      page = await (await contextOf(browser, fixture.url, look)).newPage();
      page.setDefaultTimeout(6000);
      wrong = watchPage(page, fixture.url);
      await page.goto(PATH + query);
      await page.locator(".log-frame").waitFor();
    };
    /** Once the socket is there: what is written now is sent live. */
    const live = async (): Promise<void> => {
      await expect.poll(() => fixture.viewers, { timeout: 5000 }).toBe(1);
      await page.getByText("Live", { exact: true }).waitFor();
    };
    const elements = (): Promise<number> => page.evaluate<number>("document.querySelectorAll('*').length");
    const seqs = (): Promise<number[]> =>
      page.evaluate<number[]>(
        "[...document.querySelectorAll('.line')].map((line) => Number(line.dataset.line))",
      );
    const shows = (text: string) => page.locator(".line", { hasText: text });
    /** Numbers that are held of the window, in order, with what stands for those that are not. */
    const bottom = (): Promise<number> => seqs().then((all) => all.at(-1) ?? 0);
    const scroll = (by: number): Promise<void> =>
      page.locator(".log-list").evaluate((list, y) => list.scrollBy(0, y), by);
    const wheel = async (by: number): Promise<void> => {
      await page.locator(".log-list").hover();
      await page.mouse.wheel(0, by);
    };
    const numbered = (from: number, to: number): string[] =>
      Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

    describe.each(LOOKS)("$name", (look) => {
      it("is readable, obeys the policy, has no serious fault and no wider page than the window", async () => {
        fill(fixture, 3000);
        await open("", look);
        await page.locator(".line").first().waitFor();
        await live();
        await page.waitForTimeout(300);
        await picture(page, `logs-${look.name}`);
        expect(await seriousViolations(page)).toEqual([]);
        expect(await overflow(page)).toBeLessThanOrEqual(0);
        expect(await page.title()).toBe("Logs of shop production · Deploy");
        await page.keyboard.press("?");
        await page.getByRole("dialog").waitFor();
        await picture(page, `logs-help-${look.name}`);
        expect(await seriousViolations(page)).toEqual([]);
        expect(wrong).toEqual([]);
      });
    });

    it("1. shows a line within a second of its being written", async () => {
      fill(fixture, 50);
      await open();
      await live();
      fixture.write(["a new line"]);
      await shows("a new line").waitFor({ timeout: 1000 });
    });

    it("2. lines that came too fast are one row that says how many, and loads them", async () => {
      fill(fixture, 50);
      await open();
      await live();
      fixture.skip(numbered(1, 700));
      fixture.write(["after the gap"]);
      await page.getByText("700 lines skipped").waitFor();
      await page.getByRole("button", { name: "Load", exact: true }).click();
      await page.getByText("700 lines skipped").waitFor({ state: "detached" });
      await wheel(-400);
      await expect.poll(() => seqs()).toContain(740);
    });

    it("3. after a cut goes on behind the last line: no gap, none twice", async () => {
      await open();
      await live();
      fixture.write(numbered(1, 5));
      await shows("line 5").waitFor();
      fixture.cut(numbered(6, 8));
      await shows("line 8").waitFor({ timeout: 5000 });
      await live();
      fixture.write(numbered(9, 10));
      await shows("line 10").waitFor();
      expect(await seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it("4. pauses when scrolled up, counts what comes, and one key goes on", async () => {
      fill(fixture, 300);
      await open();
      await live();
      await wheel(-600);
      await page.getByText("Paused", { exact: true }).waitFor();
      const before = await seqs();
      fixture.write(numbered(1, 7));
      await page.getByRole("button", { name: "7 new lines" }).waitFor();
      expect(await seqs()).toEqual(before);
      await page.keyboard.press(" ");
      await shows("line 7").waitFor();
      await page.getByText("Live", { exact: true }).waitFor();
    });

    it("5. holds 100,000 lines with as few elements as 1,000", async () => {
      fill(fixture, 1000);
      await open();
      await live();
      await page.locator(".line").first().waitFor();
      const few = await elements();
      for (let batch = 0; batch < 20; batch++) {
        fixture.write(numbered(batch * 5000 + 1, (batch + 1) * 5000));
        await page.waitForTimeout(100);
      }
      await shows("line 100000").waitFor({ timeout: 20_000 });
      expect(await elements()).toBeLessThan(few * 1.6);
      await page.locator(".log-list").evaluate((list) => {
        list.scrollTop = list.scrollHeight / 2;
      });
      await expect.poll(async () => (await seqs()).some((seq) => seq > 30_000 && seq < 80_000)).toBe(true);
      expect(await elements()).toBeLessThan(few * 1.6);
      expect(wrong).toEqual([]);
    });

    it("6. draws where a release begins, and goes back through all that is kept", async () => {
      fill(fixture, 4000);
      await open();
      await live();
      const first = fixture.lines.find((line) => line.release === 12)!.seq;
      await page.goto(`${PATH}?line=${first}`);
      await page.getByText("Release 12", { exact: true }).waitFor();
      await page.keyboard.press("g");
      await expect.poll(async () => (await seqs())[0]).toBe(1);
    });

    it("6. scrolls back page by page, and what is in sight stays where it is", async () => {
      for (let at = 0; at < 3; at++) fixture.write(numbered(at * 1000 + 1, at * 1000 + 1000));
      await open();
      await live();
      await wheel(-50);
      for (let step = 0; step < 40 && !(await seqs()).includes(1); step++) {
        await scroll(-4000);
        await page.waitForTimeout(80);
        const all = await seqs();
        expect(all).toEqual([...all].sort((a, b) => a - b));
        expect(new Set(all).size).toBe(all.length);
      }
      expect(await seqs()).toContain(1);
    });

    it("7. jumps to a moment: absolute, relative, pasted", async () => {
      fill(fixture, 3000);
      await open();
      await live();
      const wanted = fixture.lines[1500]!;
      for (const text of [
        new Date(wanted.time).toISOString(),
        `${Math.round((Date.now() - wanted.time) / 1000)}s ago`,
      ]) {
        await page.locator("summary", { hasText: "Time" }).click();
        await page.getByLabel("Jump to").fill(text);
        await page.getByRole("button", { name: "Jump", exact: true }).click();
        await expect
          .poll(async () => (await seqs()).some((seq) => Math.abs(seq - wanted.seq) < 30))
          .toBe(true);
      }
      await page.locator("summary", { hasText: "Time" }).click();
      await page.getByLabel("Jump to").fill("whenever");
      await page.getByRole("button", { name: "Jump", exact: true }).click();
      await page.getByText("That is no time").waitFor();
    });

    it("8. narrows by process, instance, release and stream, in the address", async () => {
      fill(fixture, 500);
      await open();
      await page.locator("summary", { hasText: "Instance" }).click();
      await page.getByLabel("web.2").check();
      await expect
        .poll(() =>
          page.locator(".instance").evaluateAll((all) => [...new Set(all.map((one) => one.textContent))]),
        )
        .toEqual(["web.2"]);
      expect(page.url()).toContain("instance=web.2");
      await page.reload();
      await page.locator(".line").first().waitFor();
      expect(await page.locator(".instance").first().textContent()).toBe("web.2");
      await page.goBack();
      await expect.poll(() => page.url()).not.toContain("instance");
    });

    it("9. chips of levels carry counts and narrow", async () => {
      fill(fixture, 500);
      await open();
      const chip = page.getByRole("button", { name: /^error \d/ });
      const expected = fixture.lines.filter((line) => line.level === "error").length;
      await expect.poll(() => chip.textContent()).toBe(`error${expected}`);
      await chip.click();
      await expect.poll(() => page.locator(".line:not(.level-error)").count()).toBe(0);
      expect(await page.locator(".line.level-error").count()).toBeGreaterThan(0);
      expect(await chip.getAttribute("aria-pressed")).toBe("true");
    });

    it("10. 11. folds a traceback to its exception and last line, counts those alike, unfolds", async () => {
      fixture.write(PYTHON);
      fixture.write(["between"]);
      fixture.write(PYTHON, { instance: "web.2" });
      await open();
      const folds = page.locator(".fold-head");
      await expect.poll(() => folds.count()).toBe(2);
      expect(await folds.first().textContent()).toContain("PaymentUnavailable");
      expect(await folds.first().textContent()).toContain("the payment service cannot be reached");
      expect(await folds.first().textContent()).toContain("13 lines");
      expect(await folds.first().textContent()).toContain("×2 alike");
      expect(await page.getByText("charge(order, card)").count()).toBe(0);
      await page.getByRole("button", { name: "Unfold" }).first().click();
      await page.getByText("charge(order, card)").waitFor();
    });

    it("12. opens JSON and logfmt as a tree, exact numbers, and a click on a field filters by it", async () => {
      fixture.write([
        '{"msg":"paid","id":12345678901234567890,"user":{"name":"maria"}}',
        "other",
        'level=info user=kim msg="hello there"',
      ]);
      await open();
      await shows("paid").getByRole("button", { name: "Unfold" }).click();
      await page.getByText("12345678901234567890").first().waitFor();
      await picture(page, "logs-json");
      await shows("hello there").getByRole("button", { name: "Unfold" }).click();
      await page.getByRole("button", { name: "kim", exact: true }).click();
      await expect.poll(() => seqs()).toEqual([3]);
      expect(page.url()).toContain("text=user%3Dkim");
    });

    it("13. 14. 15. finds backwards, marks, says how far it looked, continues, steps with n and N, shows what is around", async () => {
      fill(fixture, 6000);
      await open();
      await live();
      await page.keyboard.press("/");
      await page.keyboard.type("payment refused");
      await page.keyboard.press("Enter");
      await page.getByText("200+ matches").waitFor();
      await page.getByText(/lines looked at, back to \d{4}-/).waitFor();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText(/lines looked at, back to the beginning/).waitFor();
      expect(await page.locator("mark").count()).toBeGreaterThan(0);
      await page.keyboard.press("Escape");
      await page.locator(".log-list").focus();
      await page.keyboard.press("n");
      const first = Number(new URL(page.url()).searchParams.get("line") ?? (await chosen()));
      await page.keyboard.press("n");
      await expect.poll(() => chosen()).toBeLessThan(first || Number.POSITIVE_INFINITY);
      const second = await chosen();
      expect(await seqs()).toContain(second - 1);
      await page.keyboard.press("N");
      await expect.poll(() => chosen()).toBeGreaterThan(second);
      await picture(page, "logs-search");
    });
    const chosen = async (): Promise<number> => {
      const text = await page.locator(".chosen-bar span").textContent();
      return Number(/\d+/.exec(text ?? "")?.[0] ?? 0);
    };

    it("13. a regular expression that never ends does not freeze the page", async () => {
      fixture.write([`${"a".repeat(40)}!`, "fine"]);
      await open("?text=(a%2B)%2B%24&regex=1");
      await page.getByText("takes the browser too long").waitFor({ timeout: 5000 });
      await shows("fine").click();
    });

    it("13. 15. hides what does not match, inverts, and shows a line among its neighbours", async () => {
      fill(fixture, 800);
      await open("?mode=filter&text=refused");
      await expect.poll(() => page.locator(".line").count()).toBeGreaterThan(5);
      expect(await page.locator(".line", { hasNotText: "refused" }).count()).toBe(0);
      const seq = (await seqs()).at(-5)!;
      const line = page.locator(`.line[data-line="${seq}"]`);
      await line.hover();
      await line.getByRole("button", { name: "Context" }).click();
      await expect.poll(() => seqs()).toContain(seq - 1);
      expect(await chosen()).toBe(seq);
      await open("?mode=filter&text=refused&invert=1");
      await page.locator(".line").first().waitFor();
      expect(await page.locator(".line", { hasText: "refused" }).count()).toBe(0);
    });

    it("16. 17. a permalink survives a reload, a range by shift-click, and is asked of the server as anybody", async () => {
      fill(fixture, 3000);
      await open("?line=700&to=702");
      await expect.poll(() => seqs()).toContain(701);
      const time = (seq: number) => page.locator(`.line[data-line="${seq}"] .time`);
      const visible = (await seqs()).filter((seq) => seq > 703);
      await time(visible[0]!).click();
      await time(visible[2]!).click({ modifiers: ["Shift"] });
      await page.getByText(`Lines ${visible[0]} to ${visible[2]}`).waitFor();
      await expect.poll(() => page.url()).toContain(`line=${visible[0]}&to=${visible[2]}`);
      await page.reload();
      await expect.poll(() => page.locator(".line.chosen").count()).toBeGreaterThan(1);
      await page.getByRole("button", { name: "Copy link" }).click();
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
        `${fixture.url}${PATH}?line=${visible[0]}&to=${visible[2]}`,
      );
    });

    it("18. downloads what is filtered, as text or NDJSON, zipped or not", async () => {
      fill(fixture, 50);
      await open("?level=error");
      await page.locator("summary", { hasText: "Download" }).click();
      const links = await page
        .locator(".status-bar a[download]")
        .evaluateAll((all) => all.map((one) => one.getAttribute("href")));
      expect(links).toHaveLength(4);
      for (const link of links) expect(link).toContain("level=error");
      expect(links[3]).toContain("format=ndjson&gzip=1");
    });

    it("19. copies texts without time and instance, and nothing that a terminal would obey", async () => {
      fixture.write(["first", "sec\u001b[2Jond\u202e", "third"]);
      await open("?line=1&to=2");
      await page.getByRole("button", { name: "Copy", exact: true }).click();
      expect(await page.evaluate("navigator.clipboard.readText()")).toBe("first\nsec⟨ESC⟩[2Jond⟨U+202E⟩");
      const selected = await page.evaluate<string>(
        "getSelection().selectAllChildren(document.querySelector('.log-space')), getSelection().toString()",
      );
      expect(selected).toContain("first");
      expect(selected).not.toMatch(/web\.1|\d\d:\d\d:\d\d/);
    });

    it("20. local time or UTC by a key, ISO on hover", async () => {
      fixture.write(["x"], { time: Date.UTC(2026, 6, 1, 10, 0, 0, 5) });
      await open();
      const time = page.locator(".time").first();
      await expect.poll(() => time.textContent()).toBe("12:00:00.005");
      expect(await time.getAttribute("title")).toContain("2026-07-01T10:00:00.005Z");
      await page.locator(".log-list").focus();
      await page.keyboard.press("t");
      await expect.poll(() => time.textContent()).toBe("10:00:00.005");
    });

    it("21. hostile lines stay text: no element, no title, no escape, no turned direction", async () => {
      fill(fixture, 60);
      await open();
      await page.locator(".line").first().waitFor();
      expect(await page.locator(".message script, .message img, .message a").count()).toBe(0);
      expect(await page.title()).not.toContain("pwned");
      const text = await page.locator(".log-space").innerText();
      expect(text).toContain("<script>document.title='pwned'</script>");
      expect(text).toContain("⟨U+202E⟩gnp.exe");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left.
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/);
      expect(wrong).toEqual([]);
    });

    it("21. a line of a megabyte is cut, and says so", async () => {
      fixture.write([`${"x".repeat(1_000_000)}`, "next"]);
      await open();
      await page.getByText("996,000 more characters").waitFor();
      await page.getByRole("button", { name: "Unfold" }).click();
      await page.getByText("940,000 more characters").waitFor();
    });

    it("22. moves by j and k, opens by Enter, wraps by w, and keys stay out of fields", async () => {
      fill(fixture, 100);
      await open();
      await live();
      await page.locator(".log-list").focus();
      await page.keyboard.press("k");
      const last = await chosen();
      await page.keyboard.press("k");
      await expect.poll(() => chosen()).toBeLessThan(last);
      await page.keyboard.press("j");
      await expect.poll(() => chosen()).toBe(last);
      await page.keyboard.press("w");
      await page.locator(".log-nowrap").waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("jkgGtw?");
      expect(await page.getByLabel("Search the history").inputValue()).toBe("jkgGtw?");
      await page.locator(".log-nowrap").waitFor();
    });

    it("23. tells screen readers of single lines, and of none while flooding", async () => {
      await open();
      await live();
      const region = page.locator(".logs > [aria-live]");
      fixture.write(["one line"]);
      await expect.poll(() => region.textContent()).toBe("one line");
      expect(await region.getAttribute("aria-live")).toBe("polite");
      fixture.write(numbered(1, 500));
      await expect.poll(() => region.getAttribute("aria-live")).toBe("off");
      expect(await page.getByRole("log").getAttribute("aria-label")).toBe("Log lines");
    });

    it("24. keeps theme, density and wrapping in the browser", async () => {
      fill(fixture, 50);
      await open();
      await page.getByRole("button", { name: "Compact" }).click();
      await page.getByRole("button", { name: /^Account of/ }).click();
      await page.getByText("Dark", { exact: true }).click();
      await page.reload();
      await page.locator(".line").first().waitFor();
      expect(await page.evaluate("document.documentElement.dataset")).toMatchObject({
        theme: "dark",
        density: "compact",
      });
    });

    it("25. the histogram leads to a moment by click and by keyboard, and narrows by a drag", async () => {
      fill(fixture, 3000);
      await open();
      await live();
      const canvas = page.getByRole("slider");
      await expect.poll(() => canvas.getAttribute("aria-valuetext")).toMatch(/3,0\d\d lines in all/);
      const box = (await canvas.boundingBox())!;
      await page.mouse.click(box.x + box.width / 4, box.y + 10);
      await expect.poll(async () => (await seqs()).some((seq) => seq > 600 && seq < 900)).toBe(true);
      await canvas.focus();
      await page.keyboard.press("ArrowLeft");
      expect(await canvas.getAttribute("aria-valuetext")).toMatch(/to \d\d:\d\d:\d\d: /);
      await page.mouse.move(box.x + box.width * 0.5, box.y + 10);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 10);
      await page.mouse.up();
      await expect.poll(() => page.url()).toMatch(/since=\d+&until=\d+/);
    });

    it("states what is kept, why lines do not come, and that nothing new is stored", async () => {
      fill(fixture, 20);
      fixture.facts = {
        store: { state: "read-only", reason: "the disk is full", hint: "Make room, then restart." },
      };
      await open();
      await live();
      await page.getByText("Kept 14 days / 256 MB; the provider keeps 1,500 lines, for a week").waitFor();
      await page.getByText("Nothing new is stored: the disk is full").waitFor();
      fixture.send({
        type: "feed",
        feed: { state: "retrying", problem: "connection refused", nextTry: Date.now() + 5000 },
      });
      await page.getByText(/retrying in [45] s: connection refused/).waitFor();
    });

    it("a right that ends takes the lines away at once", async () => {
      fill(fixture, 20);
      await open();
      await live();
      fixture.send({ type: "ended", reason: "revoked" });
      await page.getByText("Your access to these logs has ended").waitFor();
      await expect.poll(() => page.locator(".line").count()).toBe(0);
    });

    it("follows to the end with lines of many heights", async () => {
      fill(fixture, 200);
      await open("", LOOKS[2]);
      await live();
      for (let at = 0; at < 10; at++) {
        fixture.write([`${at} ${"long ".repeat(1 + ((at * 37) % 60))}`]);
        await page.waitForTimeout(30);
      }
      await expect.poll(() => bottom()).toBe(fixture.lines.length);
      const gap = await page
        .locator(".log-list")
        .evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
      expect(gap).toBeLessThan(3);
    });
  },
);

import { describe, expect, it } from "vitest";
import { fill } from "../web-fixture/server.js";
import { LOOKS, overflow, picture, seriousViolations } from "./browser.js";
import { describeLogPage, numbered, PATH } from "./log-page.js";

describeLogPage("the page of logs: live, and back through all that is kept", (at) => {
  describe.each(LOOKS)("$name", (look) => {
    it("is readable, obeys the policy, has no serious fault and no wider page than the window", async () => {
      fill(at.fixture, 3000);
      await at.open("", look);
      await at.page.locator(".line").first().waitFor();
      await at.live();
      await at.page.waitForTimeout(300);
      await picture(at.page, `logs-${look.name}`);
      expect(await seriousViolations(at.page)).toEqual([]);
      expect(await overflow(at.page)).toBeLessThanOrEqual(0);
      expect(await at.page.title()).toBe("Logs of shop production · Deploy");
      await at.page.keyboard.press("?");
      await at.page.getByRole("dialog").waitFor();
      await picture(at.page, `logs-help-${look.name}`);
      expect(await seriousViolations(at.page)).toEqual([]);
      expect(at.wrong).toEqual([]);
    });
  });

  it("1. shows a line within a second of its being written", async () => {
    fill(at.fixture, 50);
    await at.open();
    await at.live();
    at.fixture.write(["a new line"]);
    await at.shows("a new line").waitFor({ timeout: 3000 });
  });

  it("2. lines that came too fast are one row that says how many, and loads them", async () => {
    fill(at.fixture, 50);
    await at.open();
    await at.live();
    at.fixture.skip(numbered(1, 700));
    at.fixture.write(["after the gap"]);
    await at.page.getByText("700 lines skipped").waitFor();
    await at.page.getByRole("button", { name: "Load", exact: true }).click();
    await at.page.getByText("700 lines skipped").waitFor({ state: "detached" });
    await at.wheel(-400);
    await expect.poll(() => at.seqs()).toContain(740);
  });

  it("3. after a cut goes on behind the last line: no gap, none twice", async () => {
    await at.open();
    await at.live();
    at.fixture.write(numbered(1, 5));
    await at.shows("line 5").waitFor();
    at.fixture.cut(numbered(6, 8));
    await at.shows("line 8").waitFor();
    await at.live();
    at.fixture.write(numbered(9, 10));
    await at.shows("line 10").waitFor();
    expect(await at.seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("4. pauses when scrolled up, counts what comes, and one key goes on", async () => {
    fill(at.fixture, 300);
    await at.open();
    await at.live();
    await at.wheel(-600);
    await at.page.getByText("Paused", { exact: true }).waitFor();
    const before = await at.seqs();
    at.fixture.write(numbered(1, 7));
    await at.page.getByRole("button", { name: "7 new lines" }).waitFor();
    expect(await at.seqs()).toEqual(before);
    await at.page.keyboard.press(" ");
    await at.shows("line 7").waitFor();
    await at.page.getByText("Live", { exact: true }).waitFor();
  });

  it("4. pauses in the middle of a flood, for a finger and for the scrollbar", async () => {
    fill(at.fixture, 300);
    await at.open();
    await at.live();
    const box = (await at.page.locator(".log-list").boundingBox())!;
    const devtools = await at.page.context().newCDPSession(at.page);
    await devtools.send("Emulation.setTouchEmulationEnabled", { enabled: true });
    const pauses = async (gesture: () => Promise<unknown>): Promise<void> => {
      let next = 1;
      const flood = setInterval(() => {
        at.fixture.write(numbered(next, next + 199));
        next += 200;
      }, 30);
      try {
        await at.page.waitForTimeout(300);
        await gesture();
        await at.page.getByText("Paused", { exact: true }).waitFor();
      } finally {
        clearInterval(flood);
      }
      await at.page.keyboard.press(" ");
      await at.page.getByText("Live", { exact: true }).waitFor();
    };
    const finger = (type: "touchStart" | "touchMove" | "touchEnd", y?: number): Promise<unknown> =>
      devtools.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: y === undefined ? [] : [{ x: box.x + box.width / 2, y: box.y + y }],
      });
    await pauses(async () => {
      await finger("touchStart", 100);
      for (let y = 110; y <= 250; y += 10) await finger("touchMove", y);
      await finger("touchEnd");
    });
    await pauses(async () => {
      const bar = at.page.locator(".log-list");
      const inner = await bar.evaluate((list) => list.clientWidth);
      expect(inner).toBeLessThan(box.width);
      await at.page.mouse.move(box.x + box.width - 4, box.y + box.height - 6);
      await at.page.mouse.down();
      await at.page.mouse.move(box.x + box.width - 4, box.y + box.height - 60, { steps: 5 });
      await at.page.mouse.up();
    });
  });

  it("5. holds 100,000 lines with as few elements as 1,000", async () => {
    fill(at.fixture, 1000);
    await at.open();
    await at.live();
    await at.page.locator(".line").first().waitFor();
    const few = await at.elements();
    for (let batch = 0; batch < 20; batch++) {
      at.fixture.write(numbered(batch * 5000 + 1, (batch + 1) * 5000));
      await at.page.waitForTimeout(100);
    }
    await at.shows("line 100000").waitFor({ timeout: 20_000 });
    expect(await at.elements()).toBeLessThan(few * 1.6);
    await at.wheel(-600);
    await at.page.getByText("Paused", { exact: true }).waitFor();
    await at.page.locator(".log-list").evaluate((list) => {
      list.scrollTop = list.scrollHeight / 2;
    });
    await expect.poll(async () => (await at.seqs()).some((seq) => seq > 30_000 && seq < 80_000)).toBe(true);
    expect(await at.elements()).toBeLessThan(few * 1.6);
    expect(at.wrong).toEqual([]);
  });

  it("6. draws where a release begins, and goes back through all that is kept", async () => {
    fill(at.fixture, 4000);
    await at.open();
    await at.live();
    const first = at.fixture.lines.find((line) => line.release === 12)!.seq;
    await at.page.goto(`${PATH}?line=${first}`);
    await at.page.getByText("Release 12", { exact: true }).waitFor();
    await at.page.keyboard.press("g");
    await expect.poll(async () => (await at.seqs())[0]).toBe(1);
  });

  it("6. scrolls back page by page, and what is in sight stays where it is", async () => {
    for (let round = 0; round < 3; round++) at.fixture.write(numbered(round * 1000 + 1, round * 1000 + 1000));
    await at.open();
    await at.live();
    await at.wheel(-50);
    for (let step = 0; step < 40 && !(await at.seqs()).includes(1); step++) {
      await at.scroll(-4000);
      await at.page.waitForTimeout(80);
      const all = await at.seqs();
      expect(all).toEqual([...all].sort((a, b) => a - b));
      expect(new Set(all).size).toBe(all.length);
    }
    expect(await at.seqs()).toContain(1);
  });

  it("states what is kept, why lines do not come, and that nothing new is stored", async () => {
    fill(at.fixture, 20);
    at.fixture.facts = {
      store: { state: "read-only", reason: "the disk is full", hint: "Make room, then restart." },
    };
    await at.open();
    await at.live();
    await at.page.getByText("Kept 14 days / 256 MB; the provider keeps 1,500 lines, for a week").waitFor();
    await at.page.getByText("Nothing new is stored: the disk is full").waitFor();
    at.fixture.send({
      type: "feed",
      feed: { state: "retrying", problem: "connection refused", nextTry: Date.now() + 5000 },
    });
    await at.page.getByText(/retrying in [45] s: connection refused/).waitFor();
    at.fixture.send({
      type: "feed",
      feed: { state: "following", problem: "lines of web.2 come late" },
    });
    await at.page.getByText("Live; the provider's logs: lines of web.2 come late").waitFor();
  });

  it("a right that ends takes the lines away at once", async () => {
    fill(at.fixture, 20);
    await at.open();
    await at.live();
    at.fixture.send({ type: "ended", reason: "revoked" });
    await at.page.getByText("Your access to these logs has ended").waitFor();
    await expect.poll(() => at.page.locator(".line").count()).toBe(0);
  });

  it("follows to the end with lines of many heights", async () => {
    fill(at.fixture, 200);
    await at.open("", LOOKS[2]);
    await at.live();
    for (let round = 0; round < 10; round++) {
      at.fixture.write([`${round} ${"long ".repeat(1 + ((round * 37) % 60))}`]);
      await at.page.waitForTimeout(30);
    }
    await expect.poll(() => at.bottom()).toBe(at.fixture.lines.length);
    const gap = await at.page
      .locator(".log-list")
      .evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
    expect(gap).toBeLessThan(3);
  });
});

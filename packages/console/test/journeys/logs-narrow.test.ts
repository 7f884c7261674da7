import { expect, it } from "vitest";
import { PYTHON } from "../web-fixture/hostile.js";
import { fill } from "../web-fixture/server.js";
import { overflow, picture, seriousViolations } from "./browser.js";
import { describeLogPage } from "./log-page.js";

describeLogPage("the page of logs: narrowed, searched, by time", (at) => {
  it("7. jumps to a moment: absolute, relative, pasted", async () => {
    fill(at.fixture, 3000);
    await at.open();
    await at.live();
    const wanted = at.fixture.lines[1500]!;
    for (const text of [
      new Date(wanted.time).toISOString(),
      `${Math.round((Date.now() - wanted.time) / 1000)}s ago`,
    ]) {
      await at.page.locator("summary", { hasText: "Time" }).click();
      await at.page.getByLabel("Jump to").fill(text);
      await at.page.getByRole("button", { name: "Jump", exact: true }).click();
      await expect
        .poll(async () => (await at.seqs()).some((seq) => Math.abs(seq - wanted.seq) < 30))
        .toBe(true);
    }
    await at.page.locator("summary", { hasText: "Time" }).click();
    await at.page.getByLabel("Jump to").fill("whenever");
    await at.page.getByRole("button", { name: "Jump", exact: true }).click();
    await at.page.getByText("That is no time").waitFor();
  });

  it("8. narrows by process, instance, release and stream, in the address", async () => {
    fill(at.fixture, 500);
    await at.open();
    await at.page.locator("summary", { hasText: "Instance" }).click();
    await at.page.getByLabel("web.2").check();
    await expect
      .poll(() =>
        at.page.locator(".instance").evaluateAll((all) => [...new Set(all.map((one) => one.textContent))]),
      )
      .toEqual(["web.2"]);
    expect(at.page.url()).toContain("instance=web.2");
    await at.page.reload();
    await at.page.locator(".line").first().waitFor();
    expect(await at.page.locator(".instance").first().textContent()).toBe("web.2");
    await at.page.goBack();
    await expect.poll(() => at.page.url()).not.toContain("instance");
  });

  it("9. chips of levels carry counts and narrow", async () => {
    fill(at.fixture, 500);
    await at.open();
    const chip = at.page.getByRole("button", { name: /^error \d/ });
    const expected = at.fixture.lines.filter((line) => line.level === "error").length;
    await expect.poll(() => chip.textContent()).toBe(`error${expected}`);
    await chip.click();
    await expect.poll(() => at.page.locator(".line:not(.level-error)").count()).toBe(0);
    expect(await at.page.locator(".line.level-error").count()).toBeGreaterThan(0);
    expect(await chip.getAttribute("aria-pressed")).toBe("true");
  });

  it("9. what counts as which level can be said, of a process: shown, filtered and counted so, and kept", async () => {
    for (let line = 1; line <= 20; line++) {
      const process = line % 4 === 0 ? "worker" : "web";
      at.fixture.write([`line ${line}`], { process, instance: `${process}.1` });
    }
    await at.open();
    await at.live();
    await at.page.locator("summary", { hasText: "Levels" }).click();
    const selects = at.page.locator("details[open] select");
    for (const [place, value] of ["worker", "none", "warn"].entries()) {
      await selects.nth(place).selectOption(value);
    }
    await at.page.getByRole("button", { name: "Say so" }).click();
    await at.page.getByText("worker: no level counts as warn").waitFor();
    expect(await seriousViolations(at.page)).toEqual([]);
    expect(await overflow(at.page)).toBeLessThanOrEqual(0);
    await picture(at.page, "logs-levels");
    await at.page.keyboard.press("Escape");
    const chip = (name: RegExp) => at.page.getByRole("button", { name });
    await expect.poll(() => chip(/^warn \d/).textContent()).toBe("warn5");
    await expect.poll(() => chip(/^no level \d/).textContent()).toBe("no level15");
    await expect.poll(() => at.page.locator(".line.level-warn").count()).toBe(5);
    await at.page.reload();
    await chip(/^warn \d/).click();
    await expect.poll(() => at.seqs()).toEqual([4, 8, 12, 16, 20]);
    // What comes live counts as it was said, too.
    await at.live();
    at.fixture.write(["one more"], { process: "worker", instance: "worker.1" });
    await at.shows("one more").waitFor();
    expect(await at.page.locator(".line:not(.level-warn)").count()).toBe(0);
    // An address tells nobody else's browser what to show.
    expect(at.page.url()).not.toContain("relabel");
    await at.page.locator("summary", { hasText: "Levels" }).click();
    await at.page.getByRole("button", { name: "Remove" }).click();
    await at.page.keyboard.press("Escape");
    await expect.poll(() => at.seqs()).toEqual([]);
  });

  it("9. 10. a filter for errors shows a traceback whole, as one row", async () => {
    at.fixture.write(["INFO ready", ...PYTHON, "INFO again"]);
    await at.open("?level=error");
    const fold = at.page.locator(".fold-head");
    await expect.poll(() => fold.textContent()).toContain("13 lines");
    expect(await at.page.locator(".line").count()).toBe(1);
  });

  it("13. 14. 15. finds backwards, marks, says how far it looked, continues, steps with n and N, shows what is around", async () => {
    fill(at.fixture, 6000);
    await at.open();
    await at.live();
    await at.page.keyboard.press("/");
    await at.page.keyboard.type("payment refused");
    await at.page.keyboard.press("Enter");
    await at.page.getByText("200+ matches").waitFor();
    await at.page.getByText(/lines looked at, back to \d{4}-/).waitFor();
    await at.page.getByRole("button", { name: "Continue" }).click();
    await at.page.getByText(/lines looked at, back to the beginning/).waitFor();
    expect(await at.page.locator("mark").count()).toBeGreaterThan(0);
    await at.page.keyboard.press("Escape");
    await at.page.locator(".log-list").focus();
    await at.page.keyboard.press("n");
    const first = Number(new URL(at.page.url()).searchParams.get("line") ?? (await at.chosen()));
    await at.page.keyboard.press("n");
    await expect.poll(() => at.chosen()).toBeLessThan(first || Number.POSITIVE_INFINITY);
    const second = await at.chosen();
    expect(await at.seqs()).toContain(second - 1);
    await at.page.keyboard.press("N");
    await expect.poll(() => at.chosen()).toBeGreaterThan(second);
    await picture(at.page, "logs-search");
  });

  it("13. a regular expression that never ends does not freeze the page", async () => {
    at.fixture.write([`${"a".repeat(40)}!`, "fine"]);
    await at.open("?text=(a%2B)%2B%24&regex=1");
    await at.page.getByText("takes the browser too long").waitFor();
    await at.shows("fine").click();
  });

  it("13. 15. hides what does not match, inverts, and shows a line among its neighbours", async () => {
    fill(at.fixture, 800);
    await at.open("?mode=filter&text=refused");
    await expect.poll(() => at.page.locator(".line").count()).toBeGreaterThan(5);
    expect(await at.page.locator(".line", { hasNotText: "refused" }).count()).toBe(0);
    const seq = (await at.seqs()).at(-5)!;
    const line = at.page.locator(`.line[data-line="${seq}"]`);
    await line.hover();
    await line.getByRole("button", { name: "Context" }).click();
    await expect.poll(() => at.seqs()).toContain(seq - 1);
    expect(await at.chosen()).toBe(seq);
    await at.open("?mode=filter&text=refused&invert=1");
    await at.page.locator(".line").first().waitFor();
    expect(await at.page.locator(".line", { hasText: "refused" }).count()).toBe(0);
  });

  it("15. what is around a line is of the same process, and of every level and time", async () => {
    for (let line = 1; line <= 60; line++) {
      const process = line % 2 === 0 ? "worker" : "web";
      at.fixture.write([line === 31 ? "ERROR payment refused" : `INFO line ${line}`], {
        process,
        instance: `${process}.1`,
      });
    }
    await at.open("?mode=filter&process=web&level=error&text=refused");
    const line = at.page.locator('.line[data-line="31"]');
    await line.hover();
    await line.getByRole("button", { name: "Context" }).click();
    await expect.poll(() => at.seqs()).toEqual(expect.arrayContaining([29, 31, 33]));
    expect((await at.seqs()).filter((seq) => seq % 2 === 0)).toEqual([]);
    const { searchParams } = new URL(at.page.url());
    expect(searchParams.getAll("process")).toEqual(["web"]);
    expect(searchParams.get("level")).toBeNull();
    expect(searchParams.get("line")).toBe("31");
    // The text is marked now, and what still narrows is said above.
    expect(await line.locator("mark").textContent()).toBe("refused");
    await at.page.locator("summary", { hasText: "Process: web" }).waitFor();
  });

  it("25. the histogram leads to a moment by click and by keyboard, and narrows by a drag", async () => {
    fill(at.fixture, 3000);
    await at.open();
    await at.live();
    const canvas = at.page.getByRole("slider");
    await expect.poll(() => canvas.getAttribute("aria-valuetext")).toMatch(/3,0\d\d lines in all/);
    const box = (await canvas.boundingBox())!;
    await at.page.mouse.click(box.x + box.width / 4, box.y + 10);
    await expect.poll(async () => (await at.seqs()).some((seq) => seq > 600 && seq < 900)).toBe(true);
    await canvas.focus();
    await at.page.keyboard.press("ArrowLeft");
    expect(await canvas.getAttribute("aria-valuetext")).toMatch(/to \d\d:\d\d:\d\d: /);
    await at.page.mouse.move(box.x + box.width * 0.5, box.y + 10);
    await at.page.mouse.down();
    await at.page.mouse.move(box.x + box.width * 0.6, box.y + 10);
    await at.page.mouse.up();
    await expect.poll(() => at.page.url()).toMatch(/since=\d+&until=\d+/);
  });
});

import { expect, it } from "vitest";
import { PYTHON } from "../web-fixture/hostile.js";
import { fill } from "../web-fixture/server.js";
import { picture } from "./browser.js";
import { describeLogPage, numbered, PATH } from "./log-page.js";

describeLogPage("the page of logs: one line, read, copied, linked", (at) => {
  it("10. 11. folds a traceback to its exception and last line, counts those alike, unfolds", async () => {
    at.fixture.write(PYTHON);
    at.fixture.write(["between"]);
    at.fixture.write(PYTHON, { instance: "web.2" });
    await at.open();
    const folds = at.page.locator(".fold-head");
    await expect.poll(() => folds.count()).toBe(2);
    expect(await folds.first().textContent()).toContain("PaymentUnavailable");
    expect(await folds.first().textContent()).toContain("the payment service cannot be reached");
    expect(await folds.first().textContent()).toContain("13 lines");
    expect(await folds.first().textContent()).toContain("×2 alike");
    expect(await at.page.getByText("charge(order, card)").count()).toBe(0);
    await at.page.getByRole("button", { name: "Unfold" }).first().click();
    await at.page.getByText("charge(order, card)").waitFor();
  });

  it("12. opens JSON and logfmt as a tree, exact numbers, and a click on a field filters by it", async () => {
    at.fixture.write([
      '{"msg":"paid","id":12345678901234567890,"user":{"name":"maria"}}',
      "other",
      'level=info user=kim msg="hello there"',
    ]);
    await at.open();
    await at.shows("paid").getByRole("button", { name: "Unfold" }).click();
    await at.page.getByText("12345678901234567890").first().waitFor();
    await picture(at.page, "logs-json");
    await at.shows("hello there").getByRole("button", { name: "Unfold" }).click();
    await at.page.getByRole("button", { name: "kim", exact: true }).click();
    await expect.poll(() => at.seqs()).toEqual([3]);
    expect(at.page.url()).toContain("text=user%3Dkim");
  });

  it("16. 17. a permalink survives a reload, a range by shift-click, and is asked of the server as anybody", async () => {
    fill(at.fixture, 3000);
    await at.open("?line=700&to=702");
    await expect.poll(() => at.seqs()).toContain(701);
    const time = (seq: number) => at.page.locator(`.line[data-line="${seq}"] .time`);
    const visible = (await at.seqs()).filter((seq) => seq > 703);
    await time(visible[0]!).click();
    await time(visible[2]!).click({ modifiers: ["Shift"] });
    await at.page.getByText(`Lines ${visible[0]} to ${visible[2]}`).waitFor();
    await expect.poll(() => at.page.url()).toContain(`line=${visible[0]}&to=${visible[2]}`);
    await at.page.reload();
    await expect.poll(() => at.page.locator(".line.chosen").count()).toBeGreaterThan(1);
    await at.page.getByRole("button", { name: "Copy link" }).click();
    expect(await at.page.evaluate("navigator.clipboard.readText()")).toBe(
      `${at.fixture.url}${PATH}?line=${visible[0]}&to=${visible[2]}`,
    );
  });

  it("18. downloads what is filtered, as text or NDJSON, zipped or not", async () => {
    fill(at.fixture, 50);
    await at.open("?level=error");
    await at.page.locator("summary", { hasText: "Download" }).click();
    const links = await at.page
      .locator(".status-bar a[download]")
      .evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    expect(links).toHaveLength(4);
    for (const link of links) expect(link).toContain("level=error");
    expect(links[3]).toContain("format=ndjson&gzip=1");
  });

  it("19. copies texts without time and instance, and nothing that a terminal would obey", async () => {
    at.fixture.write(["first", "sec\u001b[2Jond\u202e", "third"]);
    await at.open("?line=1&to=2");
    await at.page.getByRole("button", { name: "Copy", exact: true }).click();
    expect(await at.page.evaluate("navigator.clipboard.readText()")).toBe("first\nsec⟨ESC⟩[2Jond⟨U+202E⟩");
    const selected = await at.page.evaluate<string>(
      "getSelection().selectAllChildren(document.querySelector('.log-space')), getSelection().toString()",
    );
    expect(selected).toContain("first");
    expect(selected).not.toMatch(/web\.1|\d\d:\d\d:\d\d/);
  });

  it("20. local time or UTC by a key, ISO on hover", async () => {
    at.fixture.write(["x"], { time: Date.UTC(2026, 6, 1, 10, 0, 0, 5) });
    await at.open();
    const time = at.page.locator(".time").first();
    await expect.poll(() => time.textContent()).toBe("12:00:00.005");
    expect(await time.getAttribute("title")).toContain("2026-07-01T10:00:00.005Z");
    await at.page.locator(".log-list").focus();
    await at.page.keyboard.press("t");
    await expect.poll(() => time.textContent()).toBe("10:00:00.005");
  });

  it("20. how long ago, by a key, kept in the browser", async () => {
    at.fixture.write(["x"], { time: Date.now() - 3_600_000 - 125_000 });
    await at.open();
    const time = at.page.locator(".time").first();
    await at.page.locator(".log-list").focus();
    await at.page.keyboard.press("r");
    await expect.poll(() => time.textContent()).toBe("1 h 2 min ago");
    await at.page.reload();
    await expect.poll(() => time.textContent()).toBe("1 h 2 min ago");
    await at.page.getByRole("button", { name: "Ago" }).click();
    await expect.poll(() => time.textContent()).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
  });

  it("21. hostile lines stay text: no element, no title, no escape, no turned direction", async () => {
    fill(at.fixture, 60);
    await at.open();
    await at.page.locator(".line").first().waitFor();
    expect(await at.page.locator(".message script, .message img, .message a").count()).toBe(0);
    expect(await at.page.title()).not.toContain("pwned");
    const text = await at.page.locator(".log-space").innerText();
    expect(text).toContain("<script>document.title='pwned'</script>");
    expect(text).toContain("⟨U+202E⟩gnp.exe");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left.
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/);
    expect(at.wrong).toEqual([]);
  });

  it("21. a line of a megabyte is cut, and says so", async () => {
    at.fixture.write([`${"x".repeat(1_000_000)}`, "next"]);
    await at.open();
    await at.page.getByText("996,000 more characters").waitFor();
    await at.page.getByRole("button", { name: "Unfold" }).click();
    await at.page.getByText("940,000 more characters").waitFor();
  });

  it("22. moves by j and k, opens by Enter, wraps by w, and keys stay out of fields", async () => {
    fill(at.fixture, 100);
    await at.open();
    await at.live();
    await at.page.locator(".log-list").focus();
    await at.page.keyboard.press("k");
    const last = await at.chosen();
    await at.page.keyboard.press("k");
    await expect.poll(() => at.chosen()).toBeLessThan(last);
    await at.page.keyboard.press("j");
    await expect.poll(() => at.chosen()).toBe(last);
    await at.page.keyboard.press("w");
    await at.page.locator(".log-nowrap").waitFor();
    await at.page.keyboard.press("/");
    await at.page.keyboard.type("jkgGtw?");
    expect(await at.page.getByLabel("Search the history").inputValue()).toBe("jkgGtw?");
    await at.page.locator(".log-nowrap").waitFor();
  });

  it("22. a line that a key has gone to stays chosen, where that scrolls to the end as well", async () => {
    fill(at.fixture, 100);
    await at.open();
    await at.live();
    await at.wheel(-300);
    await at.page.getByText("Paused", { exact: true }).waitFor();
    await at.page.keyboard.press("k");
    const last = await at.chosen();
    const gap = (): Promise<number> =>
      at.page.locator(".log-list").evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
    await expect.poll(gap).toBeLessThan(10);
    // By now the list has heard of its scrolling.
    await at.page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))");
    await at.page.keyboard.press("k");
    await expect.poll(() => at.chosen()).toBeLessThan(last);
    await at.page.getByText("Paused", { exact: true }).waitFor();
  });

  it("23. tells screen readers of single lines, and of none while flooding", async () => {
    await at.open();
    await at.live();
    const region = at.page.locator(".logs > [aria-live]");
    at.fixture.write(["one line"]);
    await expect.poll(() => region.textContent()).toBe("one line");
    expect(await region.getAttribute("aria-live")).toBe("polite");
    at.fixture.write(numbered(1, 500));
    await expect.poll(() => region.getAttribute("aria-live")).toBe("off");
    expect(await at.page.getByRole("log").getAttribute("aria-label")).toBe("Log lines");
  });

  it("23. nothing moves for somebody who has asked for less", async () => {
    fill(at.fixture, 50);
    await at.open();
    await at.live();
    const moving = (): Promise<number> =>
      at.page.evaluate<number>(
        "document.getAnimations().length + [...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).scrollBehavior === 'smooth').length",
      );
    // The dot beside "Live" does, otherwise.
    await expect.poll(moving).toBeGreaterThan(0);
    await at.page.emulateMedia({ reducedMotion: "reduce" });
    await expect.poll(moving).toBe(0);
    await at.page.keyboard.press("?");
    await at.page.getByRole("dialog").waitFor();
    expect(await moving()).toBe(0);
  });

  it("24. keeps theme, density and wrapping in the browser", async () => {
    fill(at.fixture, 50);
    await at.open();
    await at.page.getByRole("button", { name: "Compact" }).click();
    await at.page.getByRole("button", { name: /^Account of/ }).click();
    await at.page.getByText("Dark", { exact: true }).click();
    await at.page.reload();
    await at.page.locator(".line").first().waitFor();
    expect(await at.page.evaluate("document.documentElement.dataset")).toMatchObject({
      theme: "dark",
      density: "compact",
    });
  });
});

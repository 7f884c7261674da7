import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { traceFrames } from "./frames.mjs";
import { openStage } from "./stage.mjs";

/*
 * What a person sees: lines of a real process on the screen of a real browser. Frames and tasks are what the browser's own
 * tracing tells, the heap what its debugger says after a collection.
 */

const RATE = 5000;
const BURST = 100_000;

/**
 * @param {{ quick?: boolean }} [options]
 */
export async function measureScreen({ quick = false } = {}) {
  const stage = await openStage();
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const devtools = await page.context().newCDPSession(page);
    await page.goto(stage.console.ownerLink ?? "");
    await page.getByLabel("E-mail").fill("owner@example.org");
    await page.getByRole("button", { name: "Sign in as owner" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    const paint = await firstPaint(page, stage.console.url);
    await page.goto(`${stage.console.url}/apps/printer/local/logs`);
    await page.waitForSelector("[role=log]");
    await stage.print(1, 0);
    await shows(page, 1);
    const seconds = quick ? 3 : 10;
    const flow = await traceFrames(page, async () => {
      const flowed = await stage.print(RATE * seconds, RATE);
      await shows(page, flowed + RATE * seconds);
    });
    const heapBefore = await heap(devtools);
    const burst = await traceFrames(page, async () => {
      const before = await stage.print(BURST, 0);
      await shows(page, before + BURST);
      await sleep(500);
    });
    const nodes = await page.evaluate(() => document.querySelectorAll("[role=log] *").length);
    const heapAfter = await heap(devtools);
    return {
      paint,
      flow: { ...flow, seconds },
      burst: { ...burst, heapGrowth: heapAfter - heapBefore, nodes },
    };
  } finally {
    await browser.close();
    await stage.close();
  }
}

/** Cold: nothing in the cache. */
async function firstPaint(page, url) {
  const context = await page.context().browser().newContext();
  const cold = await context.newPage();
  await cold.goto(`${url}/sign-in`);
  await cold.waitForSelector("input");
  const ms = await cold.evaluate(
    () =>
      performance.getEntriesByType("paint").find(({ name }) => name === "first-contentful-paint")?.startTime,
  );
  const bytes = await cold.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => name.endsWith(".js"))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  );
  await context.close();
  return { ms, scriptBytes: bytes };
}

/** Waits until the line of this number is on the screen. */
async function shows(page, number) {
  const text = `n=${String(number).padStart(8, "0")}`;
  await page.waitForFunction(
    (wanted) => document.querySelector("[role=log]")?.textContent?.includes(wanted) === true,
    text,
    { timeout: 120_000, polling: 50 },
  );
}

/** Bytes in use after a collection. */
async function heap(devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return usedSize;
}

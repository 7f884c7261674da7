import { describe, expect, it } from "vitest";
import { createLimiter } from "./rate-limit.js";
import { createVendor } from "./testing/fake-vendor.js";
import { up } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

const clock = createVirtualClock();

describe("limits", () => {
  it("hold over the plan and the apply together", async () => {
    const vendor = createVendor({ clock, limits: { concurrency: 3, rate: { perSecond: 4, burst: 5 } } });
    const resources = Array.from({ length: 20 }, (_, n) => vendor.resource(`t${n}`, {}));
    await up({ clock, providers: [vendor.provider], resources });
    const times = vendor.calls.map((call) => call.at);
    expect(times).toHaveLength(41);
    expect(vendor.mostAtOnce()).toBeLessThanOrEqual(3);
    times.forEach((from) => {
      const inOneSecond = times.filter((at) => at >= from && at < from + 1_000).length;
      expect(inOneSecond).toBeLessThanOrEqual(9);
    });
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual((36 / 4) * 1_000 - 50);
    expect(times.at(-1)! - times[0]!).toBeLessThanOrEqual((36 / 4) * 1_000 + 500);
  });

  it("uses sixteen places where nothing is declared", async () => {
    const vendor = createVendor({ clock });
    const resources = Array.from({ length: 40 }, (_, n) => vendor.resource(`t${n}`, {}));
    await up({ clock, providers: [vendor.provider], resources });
    expect(vendor.mostAtOnce()).toBe(16);
  });

  it("gives the place back after a failure, and takes the aborted out of the queue", async () => {
    const limiter = createLimiter({ concurrency: 1 }, clock);
    const stop = new AbortController();
    const failing = limiter.run(async () => {
      await clock.sleep(10);
      throw new Error("no");
    });
    const queued = limiter.run(async () => "never", { signal: stop.signal });
    const last = limiter.run(async () => "last");
    stop.abort(new Error("stopped"));
    await expect(queued).rejects.toThrow("stopped");
    await expect(failing).rejects.toThrow("no");
    expect(await last).toBe("last");
  });

  it("does not lose places to those who idle past their own end", async () => {
    const limiter = createLimiter({ concurrency: 1 }, clock);
    let wake: () => void = () => undefined;
    const long = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await limiter.run(async (place) => {
      void place.idle(long);
    });
    wake();
    await clock.sleep(1);
    expect(await limiter.run(async () => "free")).toBe("free");
    expect(await Promise.all([1, 2].map((n) => limiter.run(async () => n)))).toEqual([1, 2]);
  });
});

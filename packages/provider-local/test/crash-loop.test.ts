import { getEventListeners } from "node:events";
import { expect, it, onTestFinished, vi } from "vitest";
import { emptyState } from "../src/supervisor/environment-state.js";
import { createFormation, type Slot } from "../src/supervisor/formation.js";
import type { Instances } from "../src/supervisor/instances.js";
import type { Machinery } from "../src/supervisor/machinery.js";

it("a slot that never stays filled is tried for days without anything piling up", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const leaving = new AbortController();
  const machinery = { log: () => {}, leaving: leaving.signal } as unknown as Machinery;
  const start = vi.fn<Instances["start"]>().mockRejectedValue(new Error("no such program"));
  const formation = createFormation(
    machinery,
    emptyState("shop", "local"),
    { save: async () => {}, remove: async () => {} },
    { start } as Partial<Instances> as Instances,
    () => "shop.localhost",
  );
  const slot = { name: "web.1", number: 1, definition: { name: "web" } } as Slot;
  formation.fill(slot, 0);
  await vi.advanceTimersByTimeAsync(24 * 3_600_000);
  expect(start.mock.calls.length).toBeGreaterThan(2_000);
  expect(getEventListeners(leaving.signal, "abort").length).toBeLessThan(2);

  leaving.abort();
  const tries = start.mock.calls.length;
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(start).toHaveBeenCalledTimes(tries);
});

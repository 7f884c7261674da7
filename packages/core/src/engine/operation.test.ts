import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { applyPlan } from "./apply-plan.js";
import type { DeployEvent } from "./events.js";
import { createOperation } from "./operation.js";
import { createVendor } from "./testing/fake-vendor.js";
import { planOf } from "./testing/run.js";
import { createVirtualClock } from "./testing/virtual-clock.js";

function note(message: string): DeployEvent {
  return { type: "note", time: "2030-01-01T00:00:00.000Z", message };
}

describe("an operation", () => {
  it("starts when asked for, and runs once", async () => {
    let runs = 0;
    const operation = createOperation(async (emit) => {
      runs += 1;
      emit(note("one"));
      await Promise.resolve();
      emit(note("two"));
      return 42;
    });
    await Promise.resolve();
    expect(runs).toBe(0);
    const messages: string[] = [];
    for await (const event of operation) messages.push(event.message);
    expect(messages).toEqual(["one", "two"]);
    expect(await operation).toBe(42);
    expect(await operation.result).toBe(42);
    expect(runs).toBe(1);
  });

  it("throws its failure from both", async () => {
    const operation = createOperation(async (emit) => {
      emit(note("one"));
      throw new DeployError({ code: "a.b", message: "No." });
    });
    const messages: string[] = [];
    await expect(
      (async () => {
        for await (const event of operation) messages.push(event.message);
      })(),
    ).rejects.toMatchObject({ code: "a.b" });
    expect(messages).toEqual(["one"]);
    await expect(operation).rejects.toMatchObject({ code: "a.b" });
    await expect(
      createOperation(async () => {
        throw new Error("plain");
      }),
    ).rejects.toMatchObject({ code: "internal.unexpected" });
  });

  it("keeps a bounded number of events for a slow reader, and says how many it dropped", async () => {
    const operation = createOperation(async (emit) => {
      for (let n = 0; n < 25_000; n += 1) emit(note(String(n)));
    });
    const messages: string[] = [];
    for await (const event of operation) messages.push(event.message);
    expect(messages).toHaveLength(10_001);
    expect(messages[0]).toContain("15000 events were dropped");
    expect(messages.at(-1)).toBe("24999");
  });

  it("passes on the outer signal", async () => {
    const stop = new AbortController();
    const operation = createOperation(
      (_emit, signal) =>
        new Promise<void>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        ),
      stop.signal,
    );
    const ended = expect(operation.result).rejects.toMatchObject({ code: "run.cancelled" });
    stop.abort();
    await ended;
  });

  it("stops new work and waits for calls in flight when the iteration is left early", async () => {
    const clock = createVirtualClock();
    const vendor = createVendor({ clock });
    let last = vendor.resource("t0", {});
    for (let n = 1; n < 10; n += 1) last = vendor.resource(`t${n}`, {}, { after: [last] });
    const prepared = await planOf({ clock, providers: [vendor.provider], resources: [last] });
    const operation = createOperation((emit, signal) => applyPlan(prepared, { emit, signal }));
    for await (const event of operation) {
      if (event.type === "started" && event.id.endsWith("t3")) break;
    }
    expect([...vendor.things.keys()].map((id) => id.slice(-2))).toEqual(["t0", "t1", "t2", "t3"]);
    expect(vendor.mutations()).toHaveLength(4);
    await expect(operation.result).rejects.toMatchObject({
      code: "run.cancelled",
      details: { done: { length: 4 } },
    });
  });
});

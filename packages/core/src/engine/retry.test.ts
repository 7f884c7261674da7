import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { retry } from "./retry.js";

/** A vendor that takes no call for so long, once; and how long was slept for it. */
async function blockedFor(retryAfterMs: number): Promise<{ calls: number; slept: number[]; ended: unknown }> {
  const slept: number[] = [];
  let calls = 0;
  const clock = { now: () => 0, sleep: async (milliseconds: number) => void slept.push(milliseconds) };
  const ended = await retry({ signal: new AbortController().signal, clock }, async () => {
    calls += 1;
    if (calls > 1) return "done";
    throw new DeployError({
      code: "dns.throttled",
      message: "Too often.",
      retryable: true,
      details: { retryAfterMs },
    });
  }).catch((error: unknown) => error);
  return { calls, slept, ended };
}

describe("a vendor that asks to be left alone", () => {
  it("is left alone for as long as it asks, up to a minute", async () => {
    const { calls, slept, ended } = await blockedFor(60_000);
    expect({ calls, ended }).toEqual({ calls: 2, ended: "done" });
    expect(slept[0]).toBeGreaterThanOrEqual(60_000);
  });

  it("is told of at once when it asks for five minutes", async () => {
    const { calls, slept, ended } = await blockedFor(300_000);
    expect(ended).toMatchObject({ code: "dns.throttled", retryable: true });
    expect({ calls, slept }).toEqual({ calls: 1, slept: [] });
  });
});

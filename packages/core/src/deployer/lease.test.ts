import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { deployerOn, eventsOf, key, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";

describe("the deploy lock", () => {
  it("lets one of two runs in, and tells the other who holds the lock", async () => {
    const cloud = memoryCloud();
    const run = () => deployerOn(cloud).up({ secrets: { SECRET_KEY: key } });
    const [first, second] = await Promise.allSettled([run().result, run().result]);
    const refused = [first, second].filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toMatchObject({
      code: "lease.held",
      message: expect.stringMatching(/holds it since .* for "up"/),
      details: { holder: { operation: "up" } },
    });
    expect(cloud.releases.get("shop/production")).toHaveLength(1);
    expect(cloud.locks.size).toBe(0);
  });

  it("waits for the lock as long as it is told to, and never mixes two releases", async () => {
    const cloud = memoryCloud();
    const secrets = { SECRET_KEY: key };
    cloud.hook = async (call) => {
      const tries = (): number => cloud.calls.filter((one) => one === "acquire lock").length;
      while (call === "put memory/servers/machine" && tries() < 3) await sleep(2);
    };
    const ahead = deployerOn(cloud, { source: () => "v1" }).up({ secrets }).result;
    while (cloud.locks.size === 0) await sleep(2);
    const behind = deployerOn(cloud, { source: () => "v2" });
    await expect(behind.up({ secrets }).result).rejects.toMatchObject({ code: "lease.held" });
    const { events, result } = await eventsOf(behind.up({ secrets, lockWaitMs: 20_000 }));
    await ahead;
    expect(events[0]).toMatchObject({ type: "waiting", id: "lock" });
    expect(result.release).toBe(2);
    expect(new Set(cloud.serving.values())).toEqual(new Set([2]));
  });

  it("gives the lock back when the run fails or is cancelled", async () => {
    const cloud = memoryCloud();
    const failing = deployerOn(cloud, { app: { release: "fail" } });
    await expect(failing.up({ secrets: { SECRET_KEY: key } }).result).rejects.toMatchObject({
      code: "containers.release-command-failed",
    });
    expect(cloud.locks.size).toBe(0);
    expect(cloud.serving.size).toBe(0);

    const stop = new AbortController();
    cloud.hook = (call) => {
      if (call === "create release") stop.abort();
    };
    const deployer = deployerOn(cloud);
    await expect(deployer.up({ signal: stop.signal }).result).rejects.toMatchObject({
      code: "run.cancelled",
    });
    expect(cloud.locks.size).toBe(0);
    expect(cloud.serving.size).toBe(0);
    cloud.hook = () => undefined;
    expect((await deployer.up()).release).toBeGreaterThan(0);
  });

  it("stops at once when the lock was taken away", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud);
    cloud.hook = (call) => {
      if (call === "get secret SECRET_KEY") cloud.locks.clear();
    };
    await expect(deployer.up({ secrets: { SECRET_KEY: key } }).result).rejects.toThrow();
    expect(mutations(cloud)).toEqual([]);
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DeployError } from "../errors.js";
import { deployed, deployerOn, eventsOf, key, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";
import { KILLED } from "./testing/memory-vendor.js";

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

  it("is not needed where there is nothing to change, though somebody else holds it", async () => {
    const { cloud, deployer } = await deployed();
    const holder = { name: "maria", since: "2026-01-01T00:00:00.000Z", operation: "rollback" };
    cloud.locks.set("shop/production", holder);
    cloud.calls.length = 0;
    const { events, result } = await eventsOf(deployer.up());
    expect(result).toMatchObject({ release: 1, plan: { changes: [] } });
    expect(events.filter((event) => event.type === "planned")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: "finished" });
    // To ask for it is to find out whether a killed run has left it.
    expect(cloud.calls.filter((call) => call === "acquire lock")).toHaveLength(1);
    await expect(deployerOn(cloud, { source: () => "v2" }).up().result).rejects.toMatchObject({
      code: "lease.held",
    });
    expect(mutations(cloud)).toEqual([]);
    expect([...cloud.locks.values()]).toEqual([holder]);
  });

  it("is cleared where there is nothing to change, when a killed run has left it", async () => {
    const { cloud, deployer } = await deployed();
    const holder = { name: KILLED, since: "2026-01-01T00:00:00.000Z", operation: "up" };
    cloud.locks.set("shop/production", holder);
    expect(await deployer.up()).toMatchObject({ release: 1, plan: { changes: [] } });
    expect(cloud.locks.size).toBe(0);
    cloud.calls.length = 0;
    await deployer.up();
    expect(cloud.calls).not.toContain("acquire lock");
  });

  it("is followed by a plan of its own: what was read before it was ours may be of yesterday", async () => {
    const { cloud } = await deployed();
    const behind = deployerOn(cloud, { source: () => "v2" });
    let disturbed = false;
    cloud.hook = async (call) => {
      if (call !== "acquire lock" || disturbed) return;
      disturbed = true;
      // Somebody else's run of the same source ends in the moment before we get the lock.
      await deployerOn(cloud, { source: () => "v2" }).up();
    };
    cloud.calls.length = 0;
    const { events, result } = await eventsOf(behind.up());
    expect(disturbed).toBe(true);
    expect(result).toMatchObject({ release: 2, plan: { changes: [] } });
    expect(cloud.releases.get("shop/production")).toHaveLength(2);
    expect(events.filter((event) => event.type === "planned")).toHaveLength(1);
    expect(cloud.locks.size).toBe(0);
  });

  it("says once what both readings say", async () => {
    const { cloud } = await deployed();
    const { events } = await eventsOf(
      deployerOn(cloud, { source: () => "v2", reading: (context) => context.log("a slow vendor") }).up(),
    );
    expect(cloud.calls.filter((call) => call === "owned").length).toBeGreaterThan(1);
    expect(events.filter(({ message }) => message === "a slow vendor")).toHaveLength(1);
  });

  it("is waited for when the run of another makes what is there unreadable", async () => {
    const { cloud } = await deployed();
    cloud.locks.set("shop/production", { name: "maria", since: "now", operation: "up" });
    cloud.hook = (call) => {
      if (call === "owned") throw new DeployError({ code: "memory.half-made", message: "?", hint: "?" });
    };
    const deployer = deployerOn(cloud, { source: () => "v2" });
    await expect(deployer.up().result).rejects.toMatchObject({ code: "lease.held" });
    cloud.locks.clear();
    await expect(deployer.up().result).rejects.toMatchObject({ code: "memory.half-made" });
    expect(cloud.calls.filter((call) => call === "acquire lock")).toHaveLength(2);
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

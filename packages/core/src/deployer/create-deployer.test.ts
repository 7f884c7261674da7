import { describe, expect, it } from "vitest";
import { reveal } from "../redacted.js";
import { deployed, deployerOn, eventsOf, key } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";

describe("everyday verbs", () => {
  it("tells what is in service, and by whom it is locked", async () => {
    const { cloud, deployer } = await deployed();
    const holder = { name: "kim on laptop, process 1", since: "2026-01-01T00:00:00Z", operation: "up" };
    cloud.locks.set("shop/production", holder);
    expect(await deployer.status()).toMatchObject({
      app: "shop",
      environment: "production",
      release: 1,
      urls: ["https://shop-production.memory.test"],
      lock: holder,
      servers: [{ name: "machine" }],
      addons: [{ name: "db" }],
    });
    const changed = deployerOn(cloud, { source: () => "v2" });
    await expect(changed.up().result).rejects.toMatchObject({ code: "lease.held", details: { holder } });
    expect(await deployer.breakLock()).toEqual(holder);
    expect(await deployer.breakLock()).toBeUndefined();
  });

  it("refuses names that do not exist without a request", async () => {
    const { cloud, deployer } = await deployed();
    const calls = cloud.calls.length;
    const cases: [() => PromiseLike<unknown>, string, string][] = [
      [() => deployer.run({ command: "x", process: "wbe" }), "containers.unknown-process", "web"],
      [() => deployer.scale({ weeb: 1 }), "containers.unknown-process", "web"],
      [() => deployer.restart("billing-app"), "containers.unknown-process", "billing-api"],
      [() => deployer.exec({ command: "x", instance: "wep.1" }), "containers.unknown-process", "web"],
      [() => deployer.addons.backup("bd"), "addons.unknown", "db"],
      [() => deployer.secrets.set("SECRET_KY", key), "secrets.unknown", "SECRET_KEY"],
      [() => first(deployer.logs({ processes: ["rlease"] })), "logs.unknown-process", "release"],
      [() => deployer.scale({ web: -1 }), "containers.bad-instances", ""],
      [() => first(deployer.logs({ last: 1.5 })), "logs.bad-query", ""],
      [() => first(deployer.logs({ follow: true })), "logs.unsupported", ""],
      [() => deployer.addons.connect("db"), "addons.unsupported", ""],
    ];
    for (const [attempt, code, near] of cases) {
      const refused = expect(Promise.resolve().then(attempt)).rejects;
      await refused.toMatchObject({ code, hint: expect.stringContaining(near) });
    }
    expect(cloud.calls).toHaveLength(calls);
    await expect(deployer.exec({ command: "x", instance: "web.2" })).rejects.toMatchObject({
      code: "containers.unknown-instance",
      hint: 'Did you mean "web.1"?',
    });
    await expect(deployer.secrets.reveal("NOTHING")).rejects.toMatchObject({ code: "secrets.unknown" });
  });

  it("ends what is read or run with a signal of its own", async () => {
    const { deployer } = await deployed();
    const signal = AbortSignal.abort();
    await expect(first(deployer.logs({ signal }))).rejects.toThrow();
    await expect(deployer.exec({ command: "x", signal })).rejects.toThrow();
    await expect(deployer.run({ command: "x", signal })).rejects.toThrow();
    expect(await first(deployer.logs())).toMatchObject({ text: "hello" });
  });

  it("runs, scales, restarts and reads logs under the right names", async () => {
    const { cloud, deployer } = await deployed({
      app: { processes: { web: { command: "serve", instances: 2 } } },
    });
    expect(await (await deployer.run({ command: "x" })).exitCode).toBe(0);
    await deployer.exec({ command: "x", instance: "web.1" });
    const { events } = await eventsOf(deployer.scale({ web: 3 }));
    expect(events.find((event) => event.type === "note")?.message).toContain("declares 2 of web");
    await deployer.restart();
    expect(await first(deployer.logs())).toMatchObject({ text: "hello" });
    expect(await deployer.releases()).toHaveLength(1);
    expect(reveal(await deployer.secrets.reveal("SECRET_KEY"))).toBe(reveal(key));
    await deployer.secrets.unset("SECRET_KEY");
    await deployer.addons.restore("db", "b1");
    expect(cloud.calls).toEqual(
      expect.arrayContaining([
        "run web",
        'scale {"web":3}',
        "restart undefined",
        "unset secret",
        "restore db b1",
      ]),
    );
    expect(cloud.locks.size).toBe(0);
  });

  it("examines everything, and fails at nothing", async () => {
    const cloud = memoryCloud();
    const findings = await deployerOn(cloud, { extra: { account: "other" } }).doctor();
    const states = Object.fromEntries(findings.map((finding) => [finding.subject, finding.state]));
    expect(states).toMatchObject({
      "Node.js": "ok",
      "credentials of memory": "ok",
      "identity at memory": "ok",
      account: "failed",
      secrets: "failed",
      lock: "ok",
      memory: "ok",
    });
    const calls = cloud.calls.length;
    const without = await deployerOn(cloud, { extra: { account: "acme" }, deployer: { env: {} } }).doctor();
    expect(without.find((finding) => finding.subject === "credentials of memory")).toMatchObject({
      state: "failed",
      message: "Not set: MEMORY_TOKEN (API token).",
    });
    expect(cloud.calls).toHaveLength(calls);
    expect(deployerOn(cloud).credentials().memory).toHaveProperty("token");
    expect(await deployerOn(cloud).identity()).toMatchObject({ memory: { account: "acme" } });
  });
});

async function first<T>(lines: AsyncIterable<T>): Promise<T | undefined> {
  for await (const line of lines) return line;
  return undefined;
}

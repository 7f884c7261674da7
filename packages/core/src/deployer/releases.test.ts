import { describe, expect, it } from "vitest";
import type { Release } from "../elements/containers.js";
import type { ObservedRecordSet } from "../elements/traffic.js";
import { redact } from "../redacted.js";
import { chooseRelease } from "./rollback.js";
import { deployed, deployerOn, eventsOf, key, password } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";
import { memoryDns } from "./testing/memory-dns.js";

describe("rollback", () => {
  it("puts the release before into service again, with its config, secrets and add-on config", async () => {
    const cloud = memoryCloud();
    let source = "v1";
    const first = deployerOn(cloud, { source: () => source });
    await first.up({ secrets: { SECRET_KEY: key } });
    source = "v2";
    const second = deployerOn(cloud, { source: () => source, app: { config: { LOG_LEVEL: "debug" } } });
    await second.up({ secrets: { SECRET_KEY: redact("another") } });
    const things = cloud.things.size;
    const migrations = cloud.calls.filter((call) => call === "run release-command").length;
    const { release } = await second.rollback();
    expect(release).toBe(3);
    const [, , third] = cloud.releases.get("shop/production")!;
    expect(third!.release).toMatchObject({
      state: "active",
      image: { digest: "sha256:v1" },
      config: { LOG_LEVEL: "info" },
      secrets: [{ name: "SECRET_KEY", version: "1" }],
      origin: { repeats: 1 },
    });
    expect(third!.hidden.DATABASE_URL).toContain(password);
    expect(new Set(cloud.serving.values())).toEqual(new Set([3]));
    expect(cloud.things.size).toBe(things);
    expect(cloud.calls.filter((call) => call === "run release-command")).toHaveLength(migrations);
    await expect(second.rollback().result).rejects.toMatchObject({
      code: "rollback.nothing-to-roll-back-to",
    });
    await expect(second.rollback({ to: 9 }).result).rejects.toMatchObject({
      code: "rollback.unknown-release",
      hint: "Known: 3, 2, 1.",
    });
    await expect(second.rollback({ to: 3 }).result).rejects.toMatchObject({
      code: "rollback.already-active",
    });
    expect((await second.rollback({ to: 2 })).release).toBe(4);
  });

  it.each([
    ["the one before", [1, 2, 3], undefined, 2],
    ["past a failed one", [1, -2, 3], undefined, 1],
    ["before the one that a rollback repeats", [1, 2, 3, [4, 2]], undefined, 1],
    ["a given one", [1, 2, 3], 1, 1],
  ] as const)("chooses %s", (_what, states, to, expected) => {
    const releases = states.map((state, index): Release => {
      const [number, repeats] = typeof state === "number" ? [Math.abs(state)] : state;
      const failed = typeof state === "number" && state < 0;
      return {
        number,
        state: failed ? "failed" : index === states.length - 1 ? "active" : "superseded",
        image: { digest: "sha256:x", location: "x" },
        config: {},
        secrets: [],
        origin: { author: "maria", ...(repeats === undefined ? {} : { repeats }) },
        createdAt: "2026-01-01T00:00:00Z",
      };
    });
    expect(chooseRelease(releases.reverse(), to).number).toBe(expected);
  });

  it("never goes back to a release that failed, nor without the capability", async () => {
    const { cloud, deployer } = await deployed();
    await expect(
      deployerOn(cloud, { source: () => "v2", app: { release: "fail" } }).up().result,
    ).rejects.toMatchObject({ code: "containers.release-command-failed" });
    await expect(deployer.rollback({ to: 2 }).result).rejects.toMatchObject({
      code: "rollback.failed-release",
    });
    const calls = cloud.calls.length;
    const unable = deployerOn(cloud, { containers: { rollback: { no: "it forgets" } } });
    await expect(unable.rollback().result).rejects.toMatchObject({
      code: "containers.unsupported",
      message: expect.stringContaining("it forgets"),
    });
    expect(cloud.calls).toHaveLength(calls);
  });
});

describe("promotion", () => {
  it("releases the same digest with the config of this environment", async () => {
    const cloud = memoryCloud();
    const staging = deployerOn(cloud, { environment: "staging", source: () => "tested" });
    await staging.up({ secrets: { SECRET_KEY: key } });
    const production = deployerOn(cloud, {
      source: () => "untested",
      extra: { config: { LOG_LEVEL: "warning" } },
    });
    await production.promoteFrom(staging, { secrets: { SECRET_KEY: key } });
    expect(cloud.releases.get("shop/production")![0]!.release).toMatchObject({
      image: { digest: "sha256:tested" },
      config: { LOG_LEVEL: "warning" },
      origin: { promotedFrom: "staging release 1" },
    });
    const calls = cloud.calls.length;
    const unable = deployerOn(cloud, { images: { promotion: { no: "images stay where they are" } } });
    await expect(unable.promoteFrom(staging).result).rejects.toMatchObject({ code: "images.unsupported" });
    await expect(staging.promoteFrom(staging).result).rejects.toMatchObject({ code: "promotion.other-app" });
    expect(cloud.calls).toHaveLength(calls);
  });
});

describe("down", () => {
  it("needs the app's name, removes everything but data, and proves it", async () => {
    const zones: Record<string, ObservedRecordSet[]> = { "example.org": [] };
    const options = { extra: { dns: memoryDns(zones), domains: { "example.org": "web" } } } as const;
    const { cloud, deployer } = await deployed(options);
    await expect(deployer.down({ confirm: "production" }).result).rejects.toMatchObject({
      code: "down.confirmation-needed",
    });
    const { result } = await eventsOf(deployer.down({ confirm: "shop" }));
    expect(result.kept.map((one) => one.label)).toEqual(["database db"]);
    expect(result.left).toEqual([]);
    expect(result.removed).toContain("machine");
    expect(zones["example.org"]).toEqual([]);
    expect([...cloud.things.values()].map((one) => one.id)).toEqual(["memory/addons/db"]);
    const again = await deployer.down({ confirm: "shop", deleteData: ["db"] });
    expect(again).toMatchObject({ removed: ["database db"], kept: [], left: [] });
  });

  it("keeps the logs when told to, and says what came back meanwhile", async () => {
    const { cloud, deployer } = await deployed();
    cloud.hook = (call) => {
      if (call !== "delete memory/servers/machine") return;
      cloud.things.set("x", {
        id: "memory/servers/x",
        label: "x",
        element: "servers",
        scope: "shop/production",
        state: {},
      });
    };
    const result = await deployer.down({ confirm: "shop", keepLogs: true });
    expect(result.left).toEqual(["x"]);
    expect([...cloud.things.values()].map((one) => one.id)).toContain("memory/logs/group");
  });
});

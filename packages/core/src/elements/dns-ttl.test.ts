import { describe, expect, it } from "vitest";
import { deployerOn, key } from "../deployer/testing/deployed.js";
import { type MemoryCloud, memoryCloud } from "../deployer/testing/memory-cloud.js";
import { memoryDns } from "../deployer/testing/memory-dns.js";
import { recordMarker } from "./dns-ownership.js";
import type { ObservedRecordSet } from "./traffic.js";

const scope = { app: "shop", environment: "production" };
const secrets = { SECRET_KEY: key };
const id = "names/dns/ttl/www.example.org";

function setUp(record: Partial<ObservedRecordSet>, options: object = {}) {
  const www: ObservedRecordSet = {
    name: "www.example.org",
    type: "CNAME",
    values: ["old.example"],
    ttl: 3600,
    ...record,
  };
  const zones: Record<string, ObservedRecordSet[]> = { "example.org": [www] };
  const dns = memoryDns(zones);
  const cloud = memoryCloud();
  const extra = { dns, domains: { "www.example.org": "web" } } as const;
  const deployer = deployerOn(cloud, { certificates: false, extra, ...options });
  return {
    zones,
    cloud,
    deployer,
    dns,
    record: () => zones["example.org"]!.find(({ name }) => name === www.name),
  };
}

/** What the record says while the app is rolled out, before any traffic is switched. */
function duringRollout(cloud: MemoryCloud, look: () => ObservedRecordSet | undefined): unknown[] {
  const seen: unknown[] = [];
  cloud.hook = async (call) => {
    if (!call.startsWith("switch")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { values, ttl } = look()!;
    seen.push({ values, ttl });
  };
  return seen;
}

const ours = { marker: recordMarker(scope, "www.example.org") };

describe("a record that is led elsewhere", () => {
  it.each([["known before"], ["made in the same run"]])(
    "lives shorter from the beginning of the run, and as long as its vendor likes after it: target %s",
    async (when) => {
      const late = when === "known before" ? {} : { lateEndpoints: true };
      const { deployer, cloud, record } = setUp(ours, late);
      const seen = duringRollout(cloud, record);
      const plan = await deployer.plan({ secrets });
      expect(plan.changes.find((change) => change.id === id)?.fields).toEqual([
        { path: "CNAME ttl", from: 3600, to: 60 },
      ]);
      await deployer.up({ secrets });
      expect(seen[0]).toEqual({ values: ["old.example"], ttl: 60 });
      expect(record()).toMatchObject({ values: ["lb.memory.test"] });
      expect(record()).not.toHaveProperty("ttl");
      expect((await deployer.plan()).changes).toEqual([]);
    },
  );

  it.each([
    ["it lives short enough", { ...ours, ttl: 300 }],
    ["its value stays", { ...ours, values: ["LB.memory.test."] }],
    ["it has no time to live of its own", { ...ours, ttl: undefined }],
  ])("is left alone where %s", async (_why, record) => {
    const { deployer } = setUp(record as Partial<ObservedRecordSet>);
    expect((await deployer.plan({ secrets })).changes.map((change) => change.id)).not.toContain(id);
  });

  it("is not touched while it is somebody else's, and taken over early where the user says so", async () => {
    const { deployer, cloud, record, dns } = setUp({});
    const blocked = await deployer.plan({ secrets });
    expect(blocked.blocks).toMatchObject([{ code: "plan.foreign" }]);
    expect(blocked.changes.map((change) => change.id)).not.toContain(id);
    const adopt = ["names/dns/www.example.org"];
    const seen = duringRollout(cloud, record);
    await deployer.up({ secrets, adopt });
    expect(seen[0]).toEqual({ values: ["old.example"], ttl: 60 });
    expect(record()).toMatchObject({ values: ["lb.memory.test"], ...ours });
    expect((await deployer.plan()).changes).toEqual([]);
    expect(dns.calls.filter((call) => call.startsWith("create"))).toEqual([]);
  });

  it("is finished by the next run, where this one ends in between", async () => {
    const { deployer, cloud, record } = setUp({});
    cloud.hook = async (call) => {
      if (!call.startsWith("switch")) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error("the rollout fails");
    };
    const adopt = ["names/dns/www.example.org"];
    await expect(deployer.up({ secrets, adopt }).result).rejects.toThrow("the rollout fails");
    expect(record()).toMatchObject({ values: ["old.example"], ttl: 60, ...ours });
    cloud.hook = () => undefined;
    await deployer.up({ secrets });
    expect(record()).toMatchObject({ values: ["lb.memory.test"] });
    expect((await deployer.plan()).changes).toEqual([]);
  });
});

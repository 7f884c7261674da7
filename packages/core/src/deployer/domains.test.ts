import { describe, expect, it } from "vitest";
import type { ObservedRecordSet } from "../elements/traffic.js";
import { deployerOn, eventsOf, key, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";
import { memoryDns } from "./testing/memory-dns.js";

describe("domains", () => {
  const domains = { "example.org": "web", "www.example.org": { redirect: "example.org" } } as const;

  it("writes validation records early and host records last", async () => {
    const zones: Record<string, ObservedRecordSet[]> = { "example.org": [] };
    const dns = memoryDns(zones);
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { dns, domains } });
    const trace: string[] = [];
    let issued = false;
    cloud.issued = () => issued;
    cloud.hook = (call) => {
      if (call.startsWith("switch")) setTimeout(() => (issued = true), 50);
      if (call === "put memory/ingress/routes") expect(issued).toBe(true);
      if (call.startsWith("switch") || call === "put memory/ingress/routes") {
        trace.push(call, ...zones["example.org"]!.map((record) => record.name).sort());
      }
    };
    const result = await deployer.up({ secrets: { SECRET_KEY: key } });
    expect(trace.at(-3)).toBe("put memory/ingress/routes");
    expect(trace.slice(-2)).toEqual(["_proof.example.org", "_proof.www.example.org"]);
    expect(zones["example.org"]!.map((record) => record.name).sort()).toEqual([
      "_proof.example.org",
      "_proof.www.example.org",
      "example.org",
      "www.example.org",
    ]);
    expect(result.urls).toEqual(["https://example.org", "https://shop-production.memory.test"]);
    expect((await deployer.plan()).changes).toEqual([]);

    await deployerOn(cloud, { extra: { dns } }).up();
    expect(zones["example.org"]).toEqual([]);
  });

  it("blocks on a record that is not ours before anything is changed", async () => {
    const dns = memoryDns({ "example.org": [{ name: "www.example.org", type: "A", values: ["192.0.2.1"] }] });
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { dns, domains } });
    await expect(deployer.up({ secrets: { SECRET_KEY: key } }).result).rejects.toMatchObject({
      code: "plan.foreign",
    });
    expect(mutations(cloud)).toEqual([]);
    const { release } = await deployer.up({
      secrets: { SECRET_KEY: key },
      adopt: ["names/dns/www.example.org"],
    });
    expect(release).toBe(1);
  });

  it("waits for a certificate whose record is made by hand, where there is no DNS provider", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { domains } });
    let issued = false;
    cloud.issued = () => issued;
    cloud.hook = (call) => {
      if (call.startsWith("switch")) setTimeout(() => (issued = true), 50);
      if (call === "put memory/ingress/routes") expect(issued).toBe(true);
    };
    const { events } = await eventsOf(deployer.up({ secrets: { SECRET_KEY: key } }));
    const notes = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(notes.join(" ")).toContain("make each validation record by hand");
    expect((await deployer.plan()).changes).toEqual([]);
  });

  it.each([
    ["flatten", "example.org", undefined],
    ["alias", "example.org", undefined],
    [{ no: "plain records only" }, "example.org", "dns.apex"],
    [{ no: "plain records only" }, "example.co.uk", "dns.apex"],
    // Two labels, and no root: the zone decides, not how a name looks.
    [{ no: "plain records only" }, "uk", undefined],
  ] as const)("knows by the zones what a root is, at plan time: %j, %s", async (apex, zone, code) => {
    const host = zone === "uk" ? "example.uk" : zone;
    const dns = memoryDns({ [zone]: [] }, apex);
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { dns, domains: { [host]: "web" } } });
    const plan = deployer.plan({ secrets: { SECRET_KEY: key } });
    if (code === undefined) expect((await plan).blocks).toEqual([]);
    else {
      await expect(plan).rejects.toMatchObject({
        code,
        hint: expect.stringMatching(/Three ways out.*flattens.*www.*fixed address/),
      });
      expect(mutations(cloud)).toEqual([]);
    }
  });

  it("refuses a redirect that nobody can serve, and says what to write by hand without a DNS provider", async () => {
    const cloud = memoryCloud();
    const names = memoryDns({ "example.org": [] });
    const refused = deployerOn(cloud, { redirects: false, extra: { dns: names, domains } });
    await expect(refused.plan()).rejects.toMatchObject({ code: "environment.unsupported" });

    const extra = { domains: { "example.org": "web" } };
    const byHand = deployerOn(cloud, { certificates: false, lateEndpoints: true, extra });
    const { events } = await eventsOf(byHand.up({ secrets: { SECRET_KEY: key } }));
    const notes = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(notes).toContain("Make the record example.org CNAME lb.memory.test at whoever holds that domain.");
  });
});

import { describe, expect, it } from "vitest";
import type { Scope } from "../elements/scope.js";
import type { ObservedRecordSet } from "../elements/traffic.js";
import type { AnyResource } from "../engine/resource.js";
import { deployerOn, eventsOf, key, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";
import { memoryDns } from "./testing/memory-dns.js";
import { memoryVendor } from "./testing/memory-vendor.js";

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

  it("gives a host that redirects its record and its place in the certificate, either way round", async () => {
    const reverse = { "www.example.org": "web", "example.org": { redirect: "www.example.org" } } as const;
    for (const both of [domains, reverse]) {
      const zones: Record<string, ObservedRecordSet[]> = { "example.org": [] };
      const cloud = memoryCloud();
      await deployerOn(cloud, { extra: { dns: memoryDns(zones), domains: both } }).up({
        secrets: { SECRET_KEY: key },
      });
      const named = ["_proof.example.org", "_proof.www.example.org", "example.org", "www.example.org"];
      expect(zones["example.org"]!.map((record) => record.name).sort()).toEqual(named);
    }
  });

  it("lets the DNS vendor redirect where the ingress cannot, once the hosts are in place, and answer with TLS at its edge", async () => {
    const zones: Record<string, ObservedRecordSet[]> = { "example.org": [] };
    const memory = memoryDns(zones);
    const trace: string[] = [];
    const asked: unknown[] = [];
    const step = (id: string, after: readonly AnyResource[] = []): AnyResource => {
      let done = false;
      return {
        id: `names/dns/${id}`,
        label: id,
        provider: "names",
        element: "dns",
        desired: {},
        after,
        read: async () => (done ? {} : undefined),
        create: async () => {
          trace.push(`${id} beside ${zones["example.org"]!.map((record) => record.name).join()}`);
          done = true;
          return {};
        },
      };
    };
    const edge = step("edge");
    const dns = {
      ...memory,
      dns: {
        ...memory.dns,
        capabilities: { ...memory.dns.capabilities, redirects: true as const },
        edge: (_scope: Scope, hosts: readonly string[], origin: { secure: boolean }) => {
          asked.push({ hosts, origin });
          return { resources: [edge], hosts };
        },
        redirect: (
          _scope: Scope,
          host: string,
          target: string,
          options: { readonly after: readonly AnyResource[] },
        ) => ({ resources: [step(`redirect ${host} to ${target}`, options.after)] }),
      },
    };
    const deployer = deployerOn(memoryCloud(), {
      redirects: false,
      certificates: false,
      extra: { dns, domains },
    });
    const { urls } = await deployer.up({ secrets: { SECRET_KEY: key } });
    expect(asked[0]).toEqual({ hosts: ["example.org"], origin: { secure: false } });
    expect(trace).toEqual(["edge beside ", "redirect www.example.org to example.org beside example.org"]);
    // No certificate of the plan, and TLS all the same.
    expect(urls[0]).toBe("https://example.org");
  });

  it("asks for no certificate that a CAA record forbids", async () => {
    const caa: ObservedRecordSet = { name: "example.org", type: "CAA", values: ['0 issue "other.test"'] };
    const cloud = memoryCloud();
    const target = memoryVendor(cloud);
    const { certificates } = target;
    const capabilities = { ...certificates!.capabilities, caaIdentities: ["memory.test"] };
    const strict = { ...target, name: "strict", certificates: { ...certificates!, capabilities } };
    const dns = memoryDns({ "example.org": [caa] });
    const deployer = deployerOn(cloud, { extra: { dns, domains, certificates: strict } });
    const { blocks } = await deployer.plan({ secrets: { SECRET_KEY: key } });
    expect(blocks).toMatchObject([
      { code: "certificates.caa", hint: expect.stringContaining('example.org CAA 0 issue "memory.test"') },
    ]);
    await expect(deployer.up({ secrets: { SECRET_KEY: key } }).result).rejects.toMatchObject({
      code: "certificates.caa",
    });
    expect(mutations(cloud)).toEqual([]);
  });
});

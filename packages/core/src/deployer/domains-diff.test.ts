import { describe, expect, it } from "vitest";
import { recordMarker } from "../elements/dns-ownership.js";
import type { Dns, ObservedRecordSet, ZoneCopy } from "../elements/traffic.js";
import { deployerOn, key, mutations } from "./testing/deployed.js";
import { memoryCloud } from "./testing/memory-cloud.js";
import { memoryDns } from "./testing/memory-dns.js";

const domains = { "example.org": "web", "www.example.org": { redirect: "example.org" } } as const;
const scope = { app: "shop", environment: "production" };
const supplied = { secrets: { SECRET_KEY: key } };

describe("domains diff", () => {
  it("tells each record before and after, what stands beside it, and what would go", async () => {
    const zones: Record<string, ObservedRecordSet[]> = {
      "example.org": [
        {
          ...{ name: "www.example.org", type: "CNAME", values: ["old.memory.test."], ttl: 60 },
          marker: recordMarker(scope, "www.example.org"),
        },
        {
          name: "old.example.org",
          type: "A",
          values: ["192.0.2.9"],
          marker: recordMarker(scope, "old.example.org"),
        },
        { name: "example.org", type: "MX", values: ["10 Mail.example.org."] },
        { name: "elsewhere.example.org", type: "A", values: ["192.0.2.7"] },
      ],
    };
    const cloud = memoryCloud();
    const dns = memoryDns(zones);
    const deployer = deployerOn(cloud, { extra: { dns, domains } });
    const diff = await deployer.domains.diff(supplied);
    expect(diff.records).toEqual([
      expect.objectContaining({ label: "validation record of example.org", action: "create" }),
      expect.objectContaining({ label: "validation record of www.example.org", action: "create" }),
      {
        id: "names/dns/example.org",
        label: "record example.org",
        name: "example.org",
        type: "CNAME",
        action: "create",
        after: { values: ["lb.memory.test"] },
      },
      {
        id: "names/dns/www.example.org",
        label: "record www.example.org",
        name: "www.example.org",
        type: "CNAME",
        action: "update",
        before: { values: ["old.memory.test"], ttl: 60 },
        after: { values: ["lb.memory.test"] },
      },
      {
        id: "names/dns/old.example.org",
        label: "record old.example.org A",
        name: "old.example.org",
        type: "A",
        action: "delete",
        before: { values: ["192.0.2.9"] },
      },
    ]);
    expect(diff.beside).toEqual([
      expect.objectContaining({
        name: "example.org",
        type: "MX",
        zone: "example.org",
        owner: "not made by Deploy",
      }),
    ]);
    expect(diff.changes.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["certificate", "certificate issued", "routes"]),
    );
    expect(diff.changes.every(({ element }) => element === "certificates" || element === "ingress")).toBe(
      true,
    );
    expect(diff).toMatchObject({ pending: true, byHand: [], blocks: [] });
    expect([
      ...mutations(cloud),
      ...dns.calls.filter((call) => /^(create|update|delete)/.test(call)),
    ]).toEqual([]);

    await deployer.up(supplied);
    const settled = await deployer.domains.diff();
    expect(settled).toMatchObject({ pending: false, changes: [], blocks: [] });
    expect(settled.records.map(({ action }) => action)).toEqual(["none", "none", "none", "none"]);
  });

  it("tells what is in the way", async () => {
    const dns = memoryDns({ "example.org": [{ name: "www.example.org", type: "A", values: ["192.0.2.1"] }] });
    const diff = await deployerOn(memoryCloud(), { extra: { dns, domains } }).domains.diff(supplied);
    expect(diff.records.find(({ name }) => name === "www.example.org")).toMatchObject({ action: "blocked" });
    expect(diff.blocks).toEqual([
      expect.objectContaining({ id: "names/dns/www.example.org", code: "plan.foreign" }),
    ]);
    expect(diff.beside).toEqual([expect.objectContaining({ values: ["192.0.2.1"] })]);
  });

  it("writes what is to be made by hand as a zone file has it", async () => {
    const cloud = memoryCloud();
    const deployer = deployerOn(cloud, { extra: { domains } });
    const before = await deployer.domains.diff(supplied);
    expect(before.byHand.map(({ lines }) => lines)).toEqual([
      [],
      [],
      ["example.org. 300 IN CNAME lb.memory.test."],
      ["www.example.org. 300 IN CNAME lb.memory.test."],
    ]);
    await deployer.up(supplied);
    const after = await deployer.domains.diff();
    expect(after).toMatchObject({ pending: false, records: [] });
    expect(after.byHand[0]).toEqual({
      name: "_proof.example.org",
      type: "CNAME",
      use: "proof",
      values: ["proof.memory.test"],
      lines: ["_proof.example.org. 300 IN CNAME proof.memory.test."],
    });
  });

  it("is empty where nothing has a domain", async () => {
    const diff = await deployerOn(memoryCloud()).domains.diff(supplied);
    expect(diff.records).toEqual([]);
    expect((await deployerOn(memoryCloud()).domains.status()).domains).toEqual([]);
  });
});

describe("copies of a zone", () => {
  const copies: ZoneCopy[] = [
    { id: "b", time: "2026-01-02T00:00:00.000Z", records: 2 },
    { id: "a", time: "2026-01-01T00:00:00.000Z", records: 0 },
  ];
  const now: ObservedRecordSet[] = [
    { name: "example.org", type: "A", values: ["192.0.2.1"], ttl: 60 },
    { name: "same.example.org", type: "TXT", values: ['"x"'] },
    { name: "new.example.org", type: "A", values: ["192.0.2.2"] },
  ];
  const then: ObservedRecordSet[] = [
    { name: "Example.org.", type: "A", values: ["192.0.2.9"], ttl: 300 },
    { name: "same.example.org", type: "TXT", values: ["x"] },
    { name: "mail.example.org", type: "MX", values: ["10 mx.example.org."] },
  ];

  function copying(more: Partial<Dns> = {}): { deployer: ReturnType<typeof deployerOn>; restored: string[] } {
    const restored: string[] = [];
    const names = memoryDns({ "example.org": now });
    const dns = {
      ...names,
      dns: {
        ...names.dns,
        copies: async () => copies,
        readCopy: async () => then,
        restore: async (_context: unknown, zone: string, id: string) => void restored.push(`${zone} ${id}`),
        ...more,
      },
    };
    return { deployer: deployerOn(memoryCloud(), { extra: { dns, domains } }), restored };
  }

  it("are compared with the zone before one is put back, once its name was given", async () => {
    const { deployer, restored } = copying();
    expect(await deployer.domains.copies("Example.org.")).toEqual(copies);
    const seen = await deployer.domains.compareCopy("example.org");
    expect(seen).toEqual({
      zone: "example.org",
      provider: "names",
      copy: copies[0],
      records: [
        {
          ...{ name: "example.org", type: "A" },
          before: { values: ["192.0.2.1"], ttl: 60 },
          after: { values: ["192.0.2.9"], ttl: 300 },
        },
        { name: "mail.example.org", type: "MX", after: { values: ["10 mx.example.org"] } },
        { name: "new.example.org", type: "A", before: { values: ["192.0.2.2"] } },
      ],
    });
    await expect(deployer.domains.restore("example.org", { confirm: "shop" })).rejects.toMatchObject({
      code: "dns.confirmation-needed",
    });
    expect(restored).toEqual([]);
    await deployer.domains.restore("example.org", { copy: "a", confirm: "example.org" });
    expect(restored).toEqual(["example.org a"]);
  });

  it("are refused where there are none, and what is not known is named", async () => {
    const { deployer } = copying();
    const wrong = { code: "config.unknown-zone", hint: expect.stringContaining("example.org") };
    await expect(deployer.domains.copies("exampel.org")).rejects.toMatchObject(wrong);
    await expect(deployer.domains.compareCopy("example.org", "z")).rejects.toMatchObject({
      code: "config.unknown-copy",
    });
    const empty = copying({ copies: async () => [] }).deployer;
    await expect(empty.domains.compareCopy("example.org")).rejects.toMatchObject({ code: "dns.no-copy" });

    const plain = memoryDns({ "example.org": [] });
    const without = deployerOn(memoryCloud(), { extra: { dns: plain, domains } });
    await expect(without.domains.restore("example.org", { confirm: "example.org" })).rejects.toMatchObject({
      code: "dns.unsupported",
      message: expect.stringContaining("never replaces a zone as a whole"),
    });
    expect(plain.calls).toEqual([]);
    await expect(deployerOn(memoryCloud()).domains.copies("example.org")).rejects.toMatchObject({
      code: "dns.unsupported",
    });
  });
});

import { describe, expect, it } from "vitest";
import { type Context, systemClock } from "../context.js";
import { memoryDns } from "../deployer/testing/memory-dns.js";
import { output, UNKNOWN } from "../engine/out.js";
import type { Resource } from "../engine/resource.js";
import { isForeign } from "../engine/resource.js";
import { DeployError } from "../errors.js";
import { ownedRecords, recordMarker } from "./dns-ownership.js";
import { dnsRecord, type PlacedRecord } from "./dns-records.js";
import { normaliseValues } from "./dns-values.js";
import { conflicts, findZone } from "./dns-zone-index.js";
import type { DnsRecordSet, ObservedRecordSet } from "./traffic.js";

const scope = { app: "shop", environment: "production" };

function context(): Context {
  const memo = new Map<string, Promise<unknown>>();
  return {
    signal: new AbortController().signal,
    env: {},
    fetch,
    clock: systemClock,
    log: () => {},
    output: () => {},
    directory: "/",
    shared: <T>(key: string, load: () => Promise<T>) => {
      if (!memo.has(key)) memo.set(key, load());
      return memo.get(key) as Promise<T>;
    },
  };
}

async function changesOf(
  node: Resource<DnsRecordSet, PlacedRecord>,
): Promise<string[] | "foreign" | "absent"> {
  const observed = await node.read(context());
  if (observed === undefined) return "absent";
  if (isForeign(observed)) return "foreign";
  return node.diff!(node.desired as DnsRecordSet, observed).map((change) => change.path);
}

const www: DnsRecordSet = { name: "www.example.org", type: "CNAME", values: ["lb.vendor.example"] };

describe("dnsRecord", () => {
  it("creates a record once, and then finds nothing to do", async () => {
    const provider = memoryDns({ "example.org": [] });
    const node = dnsRecord(provider, scope, "host/www.example.org", "www.example.org", www);
    expect(await changesOf(node)).toBe("absent");
    await node.create!(context(), www);
    await node.create!(context(), www);
    expect(provider.calls.filter((call) => call.startsWith("create"))).toHaveLength(1);
    expect(await changesOf(node)).toEqual([]);
  });

  it("does not see a difference where vendors only spell differently", async () => {
    const marker = recordMarker(scope, "k");
    const provider = memoryDns({
      "example.org": [{ name: "WWW.example.org.", type: "CNAME", values: ["LB.vendor.example."], marker }],
    });
    expect(await changesOf(dnsRecord(provider, scope, "k", "www.example.org", www))).toEqual([]);
    expect(normaliseValues("TXT", ['"a b" "c\\"d"', "plain"])).toEqual(['a bc"d', "plain"]);
    expect(normaliseValues("AAAA", ["2001:DB8:0:0:0:0:0:1"])).toEqual(["2001:db8::1"]);
    expect(normaliseValues("MX", ["20  Mail.Example.org.", "10 a.example"])).toEqual([
      "10 a.example",
      "20 mail.example.org",
    ]);
    expect(normaliseValues("CAA", ['0 ISSUE "letsencrypt.org"'])).toEqual(["0 issue letsencrypt.org"]);
  });

  it("reports what is not ours as foreign, and never touches it while creating", async () => {
    const provider = memoryDns({ "example.org": [{ ...www, values: ["old.example"] }] });
    const node = dnsRecord(provider, scope, "k", "www.example.org", www);
    expect(await changesOf(node)).toBe("foreign");
    await expect(node.create!(context(), www)).rejects.toMatchObject({ code: "dns.foreign-record" });
    expect(provider.calls.some((call) => call.startsWith("update") || call.startsWith("delete"))).toBe(false);
  });

  it("says that a CNAME cannot stand beside other records, and whose they are", async () => {
    const provider = memoryDns({
      "example.org": [
        { name: "www.example.org", type: "A", values: ["192.0.2.1"], marker: "deploy:shop/staging:host/www" },
      ],
    });
    const observed = await dnsRecord(provider, scope, "k", "www.example.org", www).read(context());
    expect(isForeign(observed) && observed.description).toContain("made by Deploy for shop/staging");
    expect(conflicts({ type: "CNAME" }, { type: "MX" }, true)).toBe(false);
    expect(conflicts({ type: "CNAME" }, { type: "MX" }, false)).toBe(true);
    expect(conflicts({ type: "A" }, { type: "AAAA" }, false)).toBe(false);
  });

  it("adopts what it was told to, and then changes it", async () => {
    const zones = { "example.org": [{ ...www, type: "A" as const, values: ["192.0.2.1"] }] };
    const provider = memoryDns(zones);
    const node = dnsRecord(provider, scope, "k", "www.example.org", www);
    await node.adopt!(context());
    expect(await changesOf(node)).toEqual(["type", "values"]);
    await node.update!(context(), www, {} as PlacedRecord);
    expect(zones["example.org"]).toEqual([{ ...www, marker: recordMarker(scope, "k") }]);
  });

  it("changes the type of our own record, and takes our own records out of its way", async () => {
    const zones = { "example.org": [] as ObservedRecordSet[] };
    const provider = memoryDns(zones);
    const a: DnsRecordSet = { name: "www.example.org", type: "A", values: ["192.0.2.1"] };
    const aaaa: DnsRecordSet = { name: "www.example.org", type: "AAAA", values: ["2001:db8::1"] };
    await dnsRecord(provider, scope, "k", "www.example.org", a).create!(context(), a);
    await dnsRecord(provider, scope, "k/ipv6", "www.example.org", aaaa).create!(context(), aaaa);
    const node = dnsRecord(provider, scope, "k", "www.example.org", www);
    expect(await changesOf(node)).toEqual(["type", "values"]);
    await node.update!(context(), www, {} as PlacedRecord);
    expect(zones["example.org"].map((one) => one.type)).toEqual(["CNAME"]);
    expect(await changesOf(node)).toEqual([]);
  });

  it("finds a record whose name is late by its marker", async () => {
    const provider = memoryDns({ "example.org": [] });
    const certificate = { id: "c" } as Resource<unknown, DnsRecordSet>;
    const late = output(certificate, (proof) => proof);
    const node = dnsRecord(provider, scope, "validation/www.example.org", "www.example.org", late);
    expect(await changesOf(node)).toBe("absent");
    const proof: DnsRecordSet = { name: "_x.www.example.org", type: "CNAME", values: ["proof.example"] };
    await node.create!(context(), proof);
    const observed = (await node.read(context())) as PlacedRecord;
    expect(node.diff!(proof, observed)).toEqual([]);
    const moved = { ...proof, name: "_y.www.example.org" };
    expect(node.diff!(moved, observed).map((change) => change.path)).toEqual(["name"]);
    await node.update!(context(), moved, observed);
    expect(node.diff!(moved, (await node.read(context())) as PlacedRecord)).toEqual([]);
  });

  it.each([
    ["flatten", "CNAME"],
    ["alias", "ALIAS"],
  ] as const)("writes a root by the rule %s as %s", async (apex, type) => {
    const zones = {
      "example.org": [{ name: "example.org", type: "MX" as const, values: ["10 mx.example"] }],
    };
    const provider = memoryDns(zones as Record<string, ObservedRecordSet[]>, apex);
    const root = { ...www, name: "example.org" };
    const node = dnsRecord(provider, scope, "k", "example.org", root);
    expect(await changesOf(node)).toBe("absent");
    await node.create!(context(), root);
    expect(zones["example.org"].map((one) => one.type)).toEqual(["MX", type]);
    expect(await changesOf(node)).toEqual([]);
  });

  it("refuses a root which the vendor cannot lead anywhere, and a host in no zone", async () => {
    const provider = memoryDns({ "example.org": [] }, { no: "plain records only" });
    const root = dnsRecord(provider, scope, "k", "example.org", { ...www, name: "example.org" });
    await expect(root.read(context())).rejects.toMatchObject({ code: "dns.apex" });
    const other = dnsRecord(provider, scope, "k", "www.other.test", { ...www, name: "www.other.test" });
    await expect(other.read(context())).rejects.toMatchObject({ code: "dns.no-zone" });
    expect(findZone(["example.org", "eu.example.org"], "a.eu.example.org")).toBe("eu.example.org");
    expect(findZone(["example.org"], "badexample.org")).toBeUndefined();
  });

  it("lists a zone once for all of its records, and changes it one after the other", async () => {
    const zones = { "example.org": [] as ObservedRecordSet[] };
    const provider = memoryDns(zones);
    const hosts = Array.from({ length: 6 }, (_, index) => `h${index}.example.org`);
    const nodes = hosts.map((host) => dnsRecord(provider, scope, host, host, { ...www, name: host }));
    const shared = context();
    await Promise.all(nodes.map((node) => node.read(shared)));
    expect(provider.calls).toEqual(["zones", "list example.org"]);
    await Promise.all(nodes.map((node, index) => node.create!(context(), { ...www, name: hosts[index]! })));
    expect(zones["example.org"]).toHaveLength(6);
  });

  it("finds everything of its scope again, and removes it twice without harm", async () => {
    const longKey = `validation/${"very-".repeat(20)}long.example.org`;
    const zones = {
      "example.org": [{ ...www, name: "mail.example.org" }] as ObservedRecordSet[],
      "b.test": [],
    };
    const provider = memoryDns(zones);
    const node = dnsRecord(provider, scope, longKey, "www.example.org", www);
    await node.create!(context(), www);
    const other = { ...scope, environment: "staging" };
    const theirs = { ...www, name: "s.example.org" };
    await dnsRecord(provider, other, "k", "s.example.org", theirs).create!(context(), theirs);
    const owned = await ownedRecords(provider, context(), scope);
    expect(owned.map((one) => one.id)).toEqual([node.id]);
    expect(recordMarker(scope, longKey).length).toBeLessThanOrEqual(100);
    await owned[0]!.remove(context());
    await owned[0]!.remove(context());
    expect(zones["example.org"].map((one) => one.name)).toEqual(["mail.example.org", "s.example.org"]);
  });

  it("holds what the vendor makes of a record, so that a second plan is empty", async () => {
    const zones = { "example.org": [] as ObservedRecordSet[] };
    const memory = memoryDns(zones);
    const seen: DnsRecordSet[] = [];
    const provider = {
      ...memory,
      dns: {
        ...memory.dns,
        capabilities: { ...memory.dns.capabilities, ttl: { least: 120, most: 600 } },
        prepare: (record: DnsRecordSet): DnsRecordSet => {
          seen.push(record);
          if (record.values.includes("refused.example")) {
            throw new DeployError({ code: "dns.unsupported-record", message: "No." });
          }
          const extra = { ...record.extra, proxied: record.use !== "proof" };
          return { ...record, ttl: record.ttl ?? 1, extra };
        },
      },
    };
    const node = dnsRecord(provider, scope, "k", "www.example.org", www);
    await node.create!(context(), www);
    expect(zones["example.org"]).toMatchObject([{ ttl: 1, extra: { proxied: true } }]);
    expect(await changesOf(node)).toEqual([]);
    zones["example.org"][0] = { ...zones["example.org"][0]!, extra: { proxied: false }, ttl: 3600 };
    expect(await changesOf(node)).toEqual(["ttl", "extra.proxied"]);

    const proof: DnsRecordSet = { ...www, name: "_x.example.org", use: "proof", ttl: 5 };
    const proving = dnsRecord(provider, scope, "p", "example.org", proof);
    await proving.create!(context(), proof);
    expect(zones["example.org"].at(-1)).toMatchObject({ ttl: 120, extra: { proxied: false } });
    expect(await changesOf(proving)).toEqual([]);

    // Late values and options are not there yet when the vendor is asked, and come back as unknown.
    const target = output({ id: "t" } as Resource<unknown, string>, (host) => host);
    const late = dnsRecord(provider, scope, "k", "www.example.org", {
      ...www,
      values: [target],
      extra: { aliasZone: target },
    });
    const observed = (await late.read(context())) as PlacedRecord;
    const fields = late.diff!({ ...www, values: [UNKNOWN], extra: { aliasZone: UNKNOWN } }, observed);
    expect(fields.filter(({ unknown }) => unknown).map(({ path }) => path)).toEqual([
      "values",
      "extra.aliasZone",
    ]);
    expect(seen.at(-1)).toMatchObject({ values: [] });

    const refused = dnsRecord(provider, scope, "r", "www.example.org", {
      ...www,
      values: ["refused.example"],
    });
    await expect(refused.read(context())).rejects.toMatchObject({ code: "dns.unsupported-record" });
  });

  it("refuses a name that the zone gives to other servers, and names them", async () => {
    const servers: ObservedRecordSet = { name: "eu.example.org", type: "NS", values: ["ns1.other.test"] };
    const provider = memoryDns({ "example.org": [servers, { ...servers, name: "example.org" }] });
    for (const host of ["eu.example.org", "www.eu.example.org"]) {
      const node = dnsRecord(provider, scope, host, host, { ...www, name: host });
      const refusal = { code: "dns.delegated", message: expect.stringContaining("NS ns1.other.test") };
      await expect(node.read(context())).rejects.toMatchObject(refusal);
      await expect(node.create!(context(), { ...www, name: host })).rejects.toMatchObject(refusal);
    }
    // The zone's own servers, and a name that only looks alike.
    expect(await changesOf(dnsRecord(provider, scope, "k", "www.example.org", www))).toBe("absent");
    const alike = { ...www, name: "neu.example.org" };
    expect(await changesOf(dnsRecord(provider, scope, "a", alike.name, alike))).toBe("absent");
  });

  it("refuses a record that leads to itself", async () => {
    const provider = memoryDns({ "example.org": [] });
    const loop = { ...www, values: ["WWW.example.org."] };
    const node = dnsRecord(provider, scope, "k", "www.example.org", loop);
    await expect(node.read(context())).rejects.toMatchObject({ code: "dns.self-target" });
  });

  it("does not share its visitors with an AAAA record of others, and takes it over by word", async () => {
    const aaaa: ObservedRecordSet = { name: "www.example.org", type: "AAAA", values: ["2001:db8::1"] };
    const a: DnsRecordSet = { name: "www.example.org", type: "A", values: ["192.0.2.1"] };
    const zones = { "example.org": [aaaa] };
    const provider = memoryDns(zones);
    const node = dnsRecord(provider, scope, "k", "www.example.org", a, { alone: true });
    const observed = await node.read(context());
    expect(isForeign(observed) && observed.description).toContain("visitors with IPv6 would be led there");
    expect(await changesOf(dnsRecord(provider, scope, "k", "www.example.org", a))).toBe("absent");
    await node.adopt!(context());
    // The answer was lost: the same again is the same.
    await node.adopt!(context());
    await node.update!(context(), a, {} as PlacedRecord);
    expect(zones["example.org"]).toMatchObject([{ type: "A", marker: recordMarker(scope, "k") }]);
    // Somebody adds it again by hand, beside ours.
    zones["example.org"] = [...zones["example.org"], aaaa];
    expect(await changesOf(node)).toBe("foreign");
  });

  it("knows an international name by either spelling", async () => {
    const provider = memoryDns({
      "xn--bcher-kva.example": [
        {
          name: "www.bücher.example",
          type: "CNAME",
          values: ["lb.vendor.example"],
          marker: recordMarker(scope, "k"),
        },
      ],
    });
    const host = "www.xn--bcher-kva.example";
    const node = dnsRecord(provider, scope, "k", host, { ...www, name: host });
    expect(await changesOf(node)).toEqual([]);
    expect(node.label).toBe(`record www.bücher.example (${host})`);
  });

  it("writes and removes many records of a zone in one call each, and asks for the zones once", async () => {
    const zones = { "example.org": [] as ObservedRecordSet[] };
    const provider = memoryDns(zones);
    let applied = 0;
    const { apply } = provider.dns;
    provider.dns.apply = (...args) => {
      applied += 1;
      return apply(...args);
    };
    const hosts = Array.from({ length: 40 }, (_, index) => `h${index}.example.org`);
    const nodes = hosts.map((name) => dnsRecord(provider, scope, name, name, { ...www, name }));
    const shared = context();
    await Promise.all(nodes.map((node) => node.read(shared)));
    await Promise.all(nodes.map((node, index) => node.create!(context(), { ...www, name: hosts[index]! })));
    expect(applied).toBe(1);
    expect(provider.calls.filter((call) => call === "zones")).toHaveLength(1);
    const owned = await ownedRecords(provider, context(), scope);
    await Promise.all(owned.map((one) => one.remove(context())));
    expect([applied, zones["example.org"]]).toEqual([2, []]);
  });
});

import type { CloudflareDouble } from "@deploy/cloudflare-double";
import type { DnsRecordChange, DnsRecordSet, ObservedRecordSet } from "@deploy/core";
import { Cloudflare } from "cloudflare";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CloudflareOptions, cloudflare } from "../src/index.js";
import { contextWith, createDouble, failureOf, served, token } from "./workplace.js";

const zone = "example.org";
const marker = "deploy:shop/production:www";

const set = (label: string, more: Partial<DnsRecordSet> = {}): DnsRecordSet => ({
  name: `${label}.${zone}`,
  type: "A",
  values: ["192.0.2.1"],
  ...more,
});
const create = (record: DnsRecordSet): DnsRecordChange => ({ action: "create", record, marker });

describe.skipIf(!served)("DNS at Cloudflare", () => {
  let double: CloudflareDouble;
  const dns = (options: CloudflareOptions = {}) => cloudflare({ endpoint: double.url, ...options }).dns;
  const apply = (changes: readonly DnsRecordChange[]) => dns().apply(contextWith(), zone, changes);
  const list = () => dns().list(contextWith(), zone);
  const named = async (label: string): Promise<ObservedRecordSet> => {
    const found = (await list()).find(
      ({ name, marker: one }) => name === `${label}.${zone}` && one === marker,
    );
    if (found === undefined) throw new Error(`no ${label}`);
    return found;
  };
  const sent = () => double.calls.filter(({ route }) => route?.endsWith("/batch"));
  const records = () => [...double.zone(zone).records.values()];

  beforeEach(async () => {
    double = await createDouble();
  });
  afterEach(async () => {
    expect(double.violations).toEqual([]);
    expect(double.failures).toEqual([]);
    await double.close();
  });

  it("writes what the official client reads, and the name server answers", async () => {
    await apply([
      create(set("www", { values: ["192.0.2.2", "192.0.2.1"], ttl: 300 })),
      create(set("*", { type: "CNAME", values: ["lb.example.net."] })),
      create({ name: zone, type: "MX", values: ["10 mail.example.org", "20 backup.example.org"] }),
      create({ name: zone, type: "CAA", values: ['0 issue "ca.example; policy=x"'] }),
      create({ name: `_sip._tcp.${zone}`, type: "SRV", values: ["1 2 5060 sip.example.org"] }),
      create(set("text", { type: "TXT", values: ['he said "yes"; \\o/ ä', "x".repeat(300)] })),
    ]);
    const sdk = new Cloudflare({ apiToken: token, baseURL: double.url, maxRetries: 0 });
    const read = (await sdk.dns.records.list({ zone_id: double.zone(zone).id })).result;
    expect(read).toHaveLength(9);
    expect(new Set(read.map(({ comment }) => comment))).toEqual(new Set([marker]));
    expect(read).toContainEqual(
      expect.objectContaining({ type: "MX", content: "backup.example.org", priority: 20, ttl: 1 }),
    );
    expect(read).toContainEqual(expect.objectContaining({ type: "A", content: "192.0.2.1", ttl: 300 }));
    expect(await double.dns?.ask(`www.${zone}`, "A")).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(await double.dns?.ask(`any.${zone}`, "CNAME")).toEqual(["lb.example.net"]);
    expect(await double.dns?.ask(zone, "CAA")).toEqual(["0 issue ca.example; policy=x"]);
    expect(await double.dns?.ask(`_sip._tcp.${zone}`, "SRV")).toEqual(["1 2 5060 sip.example.org"]);
    const texts = (await double.dns?.ask(`text.${zone}`, "TXT")) ?? [];
    expect(texts.map((text) => Buffer.from(text, "latin1").toString()).sort()).toEqual([
      'he said "yes"; \\o/ ä',
      "x".repeat(300),
    ]);
  });

  it("changes by patches, so that tags and settings of others stay, and does in one batch what one can hold", async () => {
    await apply([create(set("www", { values: ["192.0.2.1", "192.0.2.2"] })), create(set("old"))]);
    const before = new Map(records().map((record) => [record.content, record.id]));
    double.calls.length = 0;
    await apply([
      {
        action: "update",
        before: await named("www"),
        record: set("www", { values: ["192.0.2.2", "192.0.2.3"] }),
        marker,
      },
      { action: "delete", before: await named("old") },
      create(set("new")),
    ]);
    expect(sent()).toHaveLength(1);
    const body = sent()[0]?.body as Record<string, readonly object[]>;
    expect(Object.values(body).map((list) => list.length)).toEqual([1, 1, 1]);
    expect(body.patches?.[0]).toMatchObject({ name: `www.${zone}`, type: "A", ttl: 1, content: "192.0.2.3" });
    const now = new Map(records().map((record) => [record.content, record.id]));
    expect(now.get("192.0.2.2")).toBe(before.get("192.0.2.2"));
  });

  it("sends nothing for what is there already", async () => {
    await apply([create(set("www"))]);
    double.calls.length = 0;
    await apply([create(set("www"))]);
    expect(sent()).toEqual([]);
  });

  it("changes a type in one transaction, so that the name is never without", async () => {
    await apply([create(set("www"))]);
    double.calls.length = 0;
    const record = set("www", { type: "CNAME", values: ["lb.example.net"] });
    await apply([{ action: "update", before: await named("www"), record, marker }]);
    expect(sent()).toHaveLength(1);
    expect(records()).toMatchObject([{ type: "CNAME", content: "lb.example.net" }]);
  });

  it("touches no record of others, even of the same name and type", async () => {
    const theirs = { name: `www.${zone}`, type: "A", ttl: 600, content: "192.0.2.9" };
    await double.addRecords(zone, [theirs, { ...theirs, content: "192.0.2.8", comment: "by hand" }]);
    const before = records();
    await apply([create(set("www"))]);
    const changed = set("www", { values: ["192.0.2.5"] });
    await apply([{ action: "update", before: await named("www"), record: changed, marker }]);
    expect((await list()).map(({ values, marker: one }) => [values[0], one])).toEqual([
      ["192.0.2.9", undefined],
      ["192.0.2.8", "by hand"],
      ["192.0.2.5", marker],
    ]);
    await apply([{ action: "delete", before: await named("www") }]);
    expect(records()).toEqual(before);
  });

  it("takes a record over with its marker, and keeps the rest of it", async () => {
    const theirs = { name: `www.${zone}`, type: "A", ttl: 600, content: "192.0.2.1", tags: ["team:web"] };
    await double.addRecords(zone, [theirs]);
    const [before] = await list();
    await apply([{ action: "update", before: before as ObservedRecordSet, record: set("www"), marker }]);
    expect(records()).toMatchObject([{ content: "192.0.2.1", ttl: 1, comment: marker, tags: ["team:web"] }]);
  });

  it("divides by what the plan allows, and keeps a name in one transaction", async () => {
    await double.addZone({ name: "free.test", quota: null });
    const wanted = Array.from({ length: 150 }, (_, n) =>
      create({ name: `n${n}.free.test`, type: "A", values: ["192.0.2.1", "192.0.2.2", "192.0.2.3"] }),
    );
    await dns().apply(contextWith(), "free.test", wanted);
    const sizes = sent().map(({ body }) => (body as { posts: readonly unknown[] }).posts.length);
    expect(sizes).toEqual([198, 198, 54]);
    double.calls.length = 0;
    await apply(Array.from({ length: 450 }, (_, n) => create(set(`n${n}`))));
    expect(sent()).toHaveLength(1);
  });

  it("reads ten thousand records in three calls", async () => {
    const posts = Array.from({ length: 10_000 }, (_, n) => ({
      name: `n${n}.${zone}`,
      type: "TXT",
      ttl: 1,
      content: `"${n}"`,
    }));
    await double.close();
    double = await createDouble({ dns: false });
    await double.addRecords(zone, posts);
    expect(new Set((await list()).map(({ name }) => name)).size).toBe(10_000);
    expect(double.calls.map(({ route }) => route)).toEqual([
      "/zones",
      "/zones/{zone_id}/dns_records",
      "/zones/{zone_id}/dns_records",
    ]);
  });

  it("lists each record once while somebody else adds some between two pages", async () => {
    await double.close();
    double = await createDouble({ dns: false, largestPage: 100 });
    const text = (n: number) => ({ name: `n${n}.${zone}`, type: "TXT", ttl: 1, content: `"${n}"` });
    await double.addRecords(
      zone,
      Array.from({ length: 250 }, (_, n) => text(n)),
    );
    const other = { name: `a.${zone}`, type: "A", ttl: 1, content: "192.0.2.1" };
    double.faults.set({
      path: "dns_records",
      skip: 1,
      does: { kind: "before", run: () => double.addRecords(zone, [other]) },
    });
    const names = (await list()).map(({ name }) => name);
    expect(names.length).toBe(new Set(names).size);
    expect(names.length).toBeGreaterThanOrEqual(250);
  });

  it("asks for all pages at once when it has listed the zone before, however many there are now", async () => {
    await double.close();
    double = await createDouble({ dns: false, largestPage: 100 });
    const text = (n: number) => ({ name: `n${n}.${zone}`, type: "TXT", ttl: 1, content: `"${n}"` });
    const add = (from: number, to: number) =>
      double.addRecords(
        zone,
        Array.from({ length: to - from }, (_, n) => text(from + n)),
      );
    await add(0, 250);
    const provider = dns();
    const count = async () => {
      const names = (await provider.list(contextWith(), zone)).map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      return names.length;
    };
    const pagesAsked = () => double.calls.filter(({ path }) => path.endsWith("/dns_records")).length;
    expect(await count()).toBe(250);
    // The first page is not answered before the last is asked for.
    const allAsked = async () => {
      while (pagesAsked() < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    double.faults.set({ path: "dns_records", does: { kind: "before", run: allAsked } });
    expect(await count()).toBe(250);
    await add(250, 420);
    expect(await count()).toBe(420);
    const gone = new Set(records().slice(50));
    await double.removeRecords(zone, (record) => gone.has(record));
    expect(await count()).toBe(50);
    expect(await count()).toBe(50);
    // Three, then those; two more than before; as many, of which one is not empty; that one.
    expect(pagesAsked()).toBe(3 + 3 + 5 + 5 + 1);
  });

  it("looks again where a record was there already, and leaves it at that where it is ours", async () => {
    const wanted = set("www");
    double.faults.set({
      path: "/batch",
      does: {
        kind: "before",
        run: () =>
          double.addRecords(zone, [
            { name: wanted.name, type: "A", ttl: 1, content: "192.0.2.1", comment: marker },
          ]),
      },
    });
    await apply([create(wanted)]);
    expect(sent()).toHaveLength(1);
    expect(records()).toHaveLength(1);
  });

  it("refuses where somebody else was quicker with the same record", async () => {
    await double.addRecords(zone, [{ name: `www.${zone}`, type: "A", ttl: 1, content: "192.0.2.1" }]);
    const error = await failureOf(apply([create(set("www"))]));
    expect(error).toMatchObject({ code: "cloudflare.conflict", details: { codes: [81_058] } });
    const cname = set("www", { type: "CNAME", values: ["x.example.net"] });
    expect((await failureOf(apply([create(cname)]))).details.codes).toEqual([81_053]);
    expect(records()).toHaveLength(1);
  });

  it("loses nothing with an answer: repeated, it sends nothing twice", async () => {
    double.faults.set({ path: "/batch", does: { kind: "lost" } });
    const error = await failureOf(apply([create(set("www"))]));
    expect(error).toMatchObject({ code: "cloudflare.unreachable", retryable: true });
    expect(sent()).toHaveLength(1);
    await apply([create(set("www"))]);
    expect(sent()).toHaveLength(1);
    expect(records()).toHaveLength(1);
  });

  it("says what a record will be, so that the second plan is empty", () => {
    const provider = dns({ proxied: [`www.${zone}`] });
    const prepare = (record: DnsRecordSet) => provider.prepare?.(record, zone);
    expect(prepare(set("www", { ttl: 300 }))).toEqual({ ...set("www"), extra: { proxied: true } });
    expect(prepare(set("api", { ttl: 300 }))).toEqual({
      ...set("api", { ttl: 300 }),
      extra: { proxied: false },
    });
    const proof = set("www", { type: "CNAME", use: "proof" });
    expect(prepare(proof)).toEqual({ ...proof, extra: { proxied: false } });
    const explicit = set("api", { extra: { proxied: true } });
    expect(prepare(explicit)).toEqual(explicit);
    for (const record of [set("www", { ttl: 300 }), set("api"), proof, explicit]) {
      const once = prepare(record) as DnsRecordSet;
      expect(prepare(once)).toEqual(once);
    }
  });

  it.each([
    ["a proof", set("_hash", { type: "CNAME", use: "proof", extra: { proxied: true } }), /proves something/],
    ["a text", set("t", { type: "TXT", extra: { proxied: true } }), /a TXT record/],
    ["an empty text", set("t", { type: "TXT", values: [""] }), /empty text/],
  ])("refuses %s that Cloudflare cannot hold so, while planning", async (_what, record, message) => {
    const refused = Promise.resolve().then(() => dns().prepare?.(record, zone));
    const error = await failureOf(refused);
    expect(error).toMatchObject({ code: "dns.unsupported-record" });
    expect(error.message).toMatch(message);
    expect(double.calls).toEqual([]);
  });

  it("names the zones of its token, or those it was told, and their servers", async () => {
    await double.addZone({ name: "other.test" });
    await double.addZone({ name: "theirs.test", account: "f".repeat(32) });
    expect(await dns().zones(contextWith())).toEqual([zone, "other.test"]);
    expect(await dns({ zones: ["Other.test."] }).zones(contextWith())).toEqual(["other.test"]);
    expect(await dns().nameServers?.(contextWith(), zone)).toEqual([
      "ada.ns.cloudflare.com",
      "bob.ns.cloudflare.com",
    ]);
    expect(await cloudflare({ endpoint: double.url }).identity?.(contextWith())).toMatchObject({
      label: "The account",
    });
  });
});

import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { Cloudflare } from "cloudflare";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CloudflareDouble, createCloudflareDouble, type DoubleOptions } from "../src/index.js";
import { type Answered, client } from "./client.js";

const found = findPowerDns() !== undefined;
if (!found) console.warn(`skipped: ${powerDnsMissing}`);

let double: CloudflareDouble;
let call: (method: string, path: string, body?: unknown) => Promise<Answered>;
let records: string;

async function begin(options: DoubleOptions = {}): Promise<void> {
  await double?.close();
  double = await createCloudflareDouble(options);
  call = client(double);
  records = `/zones/${double.zones[0]?.id}/dns_records`;
}

const a = (name: string, content = "192.0.2.1", more: object = {}) => ({
  name: `${name}.example.org`,
  type: "A",
  ttl: 300,
  content,
  ...more,
});
const codes = ({ body }: Answered) => body.errors.map(({ code }) => code);

describe.skipIf(!found)("the double of Cloudflare", () => {
  beforeEach(() => begin());
  afterEach(() => {
    expect(double.failures).toEqual([]);
  });
  afterEach(() => double.close());

  it("speaks with the official client, and neither says what the schema does not allow", async () => {
    const sdk = new Cloudflare({ apiToken: "token-of-owner", baseURL: double.url, maxRetries: 0 });
    const [zone] = (await sdk.zones.list({ name: "example.org" })).result;
    expect(zone).toMatchObject({ name: "example.org", plan: { legacy_id: "free" } });
    const zone_id = zone?.id ?? "";
    const made = await sdk.dns.records.create({
      zone_id,
      name: "www.example.org",
      type: "A",
      ttl: 1,
      content: "192.0.2.1",
    });
    await sdk.dns.records.edit(made.id, { ...a("www", "192.0.2.2"), zone_id, type: "A", comment: "mine" });
    await sdk.dns.records.batch({
      zone_id,
      posts: [
        { name: "example.org", type: "MX", ttl: 1, content: "mail.example.org", priority: 10 },
        { name: "example.org", type: "CAA", ttl: 1, data: { flags: 0, tag: "issue", value: "ca.example" } },
        {
          name: "_sip._tcp.example.org",
          type: "SRV",
          ttl: 1,
          data: { priority: 1, weight: 2, port: 5060, target: "sip.example.org" },
        },
        { name: "text.example.org", type: "TXT", ttl: 1, content: `"${"x".repeat(300)}"` },
        { name: "hidden.example.org", type: "CNAME", ttl: 1, content: "lb.example.net", proxied: true },
      ],
    });
    const all = (await sdk.dns.records.list({ zone_id })).result;
    expect(all).toHaveLength(6);
    expect(all[0]).toMatchObject({ content: "192.0.2.2", comment: "mine", ttl: 300, proxied: false });
    expect(all[0]).not.toHaveProperty("zone_id");
    expect(await sdk.dns.usage.zone.get({ zone_id })).toEqual({ record_quota: null, record_usage: 6 });
    await sdk.zones.settings.edit("ssl", { zone_id, value: "strict" });
    expect(await sdk.zones.settings.get("ssl", { zone_id })).toMatchObject({ value: "strict" });
    expect(await sdk.zones.settings.get("ssl_automatic_mode", { zone_id })).toMatchObject({
      value: "custom",
    });
    expect(await sdk.ssl.universal.settings.get({ zone_id })).toEqual({ enabled: true });
    const packs = (await sdk.ssl.certificatePacks.list({ zone_id, status: "all" })).result;
    expect(packs).toMatchObject([{ type: "universal", status: "active" }]);
    await sdk.ssl.verification.get({ zone_id });
    expect(await sdk.user.tokens.verify()).toMatchObject({ status: "active" });
    await sdk.dns.records.delete(made.id, { zone_id });
    expect(double.violations).toEqual([]);
    expect(await double.dns?.ask("example.org", "MX")).toEqual(["10 mail.example.org"]);
    expect(await double.dns?.ask("_sip._tcp.example.org", "SRV")).toEqual(["1 2 5060 sip.example.org"]);
    expect(await double.dns?.ask("text.example.org", "TXT")).toEqual(["x".repeat(300)]);
    expect(await double.dns?.ask("hidden.example.org", "A")).toEqual(["198.51.100.10"]);
    expect(await double.dns?.ask("hidden.example.org", "CNAME")).toEqual([]);
    expect(await double.dns?.ask("www.example.org", "A")).toEqual([]);
  });

  it("runs a batch as deletes, patches, puts, posts, all of it or nothing", async () => {
    const one = await call("POST", records, a("one"));
    const two = await call("POST", records, a("two", "192.0.2.2", { comment: "stays" }));
    const batch = {
      posts: [{ name: "one.example.org", type: "CNAME", ttl: 1, content: "two.example.org" }],
      puts: [],
      patches: [{ ...a("two", "192.0.2.3"), id: two.body.result.id }],
      deletes: [{ id: one.body.result.id }],
    };
    const failing = { ...batch, posts: [...batch.posts, a("two", "192.0.2.3")] };
    const refused = await call("POST", `${records}/batch`, failing);
    expect(refused.status).toBe(400);
    expect(codes(refused)).toEqual([81_058]);
    expect(await double.dns?.ask("one.example.org", "A")).toEqual(["192.0.2.1"]);
    expect((await call("POST", `${records}/batch`, batch)).body.result).toMatchObject({
      deletes: [{ name: "one.example.org" }],
      patches: [{ content: "192.0.2.3", comment: "stays" }],
      posts: [{ type: "CNAME" }],
    });
    expect(await double.dns?.ask("one.example.org", "CNAME")).toEqual(["two.example.org"]);
    expect(await double.dns?.ask("two.example.org", "A")).toEqual(["192.0.2.3"]);
    expect(double.violations).toEqual([]);
  });

  it("takes back a batch which the name server does not take", async () => {
    const posts = [
      a("good"),
      { name: "bad.example.org", type: "TLSA", ttl: 1, content: "not a TLSA", data: {} },
    ];
    expect((await call("POST", `${records}/batch`, { posts })).status).toBe(400);
    expect((await call("GET", records)).body.result).toEqual([]);
  });

  it("puts reset what is not said, patches keep it", async () => {
    const made = await call("POST", records, a("one", "192.0.2.1", { comment: "mine" }));
    const path = `${records}/${made.body.result.id}`;
    expect((await call("PATCH", path, a("one", "192.0.2.2"))).body.result.comment).toBe("mine");
    expect((await call("PUT", path, a("one", "192.0.2.3"))).body.result.comment).toBeNull();
  });

  it.each([
    [
      "a CNAME beside an address",
      { name: "one.example.org", type: "CNAME", ttl: 1, content: "x.test" },
      81_053,
    ],
    ["an identical record", a("one"), 81_058],
    ["the same record with another TTL", a("one", "192.0.2.1", { ttl: 600 }), 81_057],
    [
      "a text that is proxied",
      { name: "t.example.org", type: "TXT", ttl: 1, content: '"x"', proxied: true },
      1004,
    ],
    ["a wrong address", a("two", "not an address"), 1004],
    ["a comment that is too long", a("two", "192.0.2.1", { comment: "x".repeat(101) }), 9313],
    ["a short TTL", a("two", "192.0.2.1", { ttl: 30 }), 1004],
    ["tags on the free plan", a("two", "192.0.2.1", { tags: ["a:b"] }), 9300],
  ])("refuses %s", async (_what, record, code) => {
    await call("POST", records, a("one"));
    const refused = await call("POST", records, record);
    expect([refused.status, refused.body.success]).toEqual([400, false]);
    expect(codes(refused)).toEqual([code]);
  });

  it("holds as many operations in a batch, and records in a zone, as the plan allows", async () => {
    await begin({
      zones: [
        { name: "example.org", quota: 3 },
        { name: "paid.test", plan: "pro" },
      ],
    });
    const posts = (count: number, zone: string) =>
      Array.from({ length: count }, (_, n) => ({ ...a("x"), name: `n${n}.${zone}` }));
    const paid = `/zones/${double.zones[1]?.id}/dns_records/batch`;
    expect((await call("POST", `${records}/batch`, { posts: posts(201, "example.org") })).status).toBe(400);
    expect((await call("POST", paid, { posts: posts(201, "paid.test") })).status).toBe(200);
    expect((await call("POST", `${records}/batch`, { posts: posts(3, "example.org") })).status).toBe(200);
    const refused = await call("POST", records, a("more"));
    expect(refused.body.errors).toMatchObject([{ code: 81_045, message: "Record quota exceeded." }]);
    expect((await call("GET", `${records}/usage`)).body.result).toEqual({ record_quota: 3, record_usage: 3 });
  });

  it("pages, filters and sorts", async () => {
    const many = Array.from({ length: 105 }, (_, n) =>
      a(`n${n}`, "192.0.2.1", n < 7 ? { comment: "mine:x" } : {}),
    );
    await double.addRecords("example.org", many);
    const second = await call("GET", `${records}?page=2`);
    expect(second.body.result).toHaveLength(5);
    expect(second.body.result_info).toEqual({
      page: 2,
      per_page: 100,
      count: 5,
      total_count: 105,
      total_pages: 2,
    });
    const names = async (query: string) =>
      (await call("GET", `${records}?${query}`)).body.result.map(({ name }: { name: string }) => name);
    expect(await names("name.exact=N7.example.org")).toEqual(["n7.example.org"]);
    expect(await names("comment.startswith=mine:")).toHaveLength(7);
    expect(await names("name.startswith=n10&order=name&direction=desc")).toEqual(
      ["n104", "n103", "n102", "n101", "n100", "n10"].map((label) => `${label}.example.org`),
    );
    expect(await names("match=any&name.exact=n1.example.org&name.endswith=2.example.org")).toHaveLength(12);
    expect(double.violations).toEqual([]);
  });

  it("flattens a CNAME at the root, and one that is not alone at its name", async () => {
    await double.addZone({ name: "target.test" });
    await double.addRecords("target.test", [{ ...a("x"), name: "lb.target.test" }]);
    const cname = { type: "CNAME", ttl: 1, content: "lb.target.test" };
    await call("POST", records, { ...cname, name: "example.org" });
    await call("POST", records, { ...cname, name: "both.example.org" });
    const text = { name: "both.example.org", type: "TXT", ttl: 1, content: '"beside"' };
    expect((await call("POST", records, text)).status).toBe(200);
    expect(await double.dns?.ask("example.org", "A")).toEqual(["192.0.2.1"]);
    expect(await double.dns?.ask("example.org", "NS")).toEqual([
      "ada.ns.cloudflare.com",
      "bob.ns.cloudflare.com",
    ]);
    expect(await double.dns?.ask("both.example.org", "TXT")).toEqual(["beside"]);
  });

  it("knows who may do what", async () => {
    await begin({
      zones: [
        { name: "example.org" },
        { name: "other.test" },
        { name: "theirs.test", account: "f".repeat(32) },
      ],
      tokens: [
        { value: "token-of-reader", permissions: ["Zone Read", "DNS Read"], zones: ["example.org"] },
        { value: "token-of-nobody", status: "disabled" },
      ],
    });
    const reader = client(double, "token-of-reader");
    expect((await reader("GET", "/zones")).body.result).toMatchObject([{ name: "example.org" }]);
    expect((await reader("GET", records)).status).toBe(200);
    const write = await reader("POST", records, a("one"));
    expect([write.status, codes(write)]).toEqual([403, [10_000]]);
    const other = await reader("GET", `/zones/${double.zones[1]?.id}/dns_records`);
    expect([other.status, codes(other)]).toEqual([403, [9109]]);
    const wrong = await reader("GET", "/zones/nonsense/dns_records");
    expect([wrong.status, codes(wrong)]).toEqual([404, [7003]]);
    const unknown = await client(double, "token-unknown")("GET", "/zones");
    expect([unknown.status, unknown.body.errors[0]?.message]).toEqual([403, "Invalid access token"]);
    expect((await client(double, "token-of-nobody")("GET", "/zones")).status).toBe(401);
    expect(codes(await client(double, "x")("GET", "/zones"))).toEqual([6003]);
  });

  it("blocks a token for five minutes once it has used up its calls", async () => {
    let now = 1_000_000;
    await begin({ callsPerFiveMinutes: 2, now: () => now });
    await call("GET", "/zones");
    await call("GET", "/zones");
    const blocked = await call("GET", "/zones");
    expect([blocked.status, blocked.headers.get("retry-after")]).toEqual([429, "300"]);
    now += 299_000;
    expect((await call("GET", "/zones")).headers.get("retry-after")).toBe("1");
    now += 1_000;
    expect((await call("GET", "/zones")).status).toBe(200);
  });

  it("fails as it is told to: with success false at status 200, and with an effect whose answer is lost", async () => {
    double.faults.set({
      path: "/zones",
      does: { kind: "answer", status: 200, errors: [{ code: 1015, message: "x" }] },
    });
    expect(await call("GET", "/zones")).toMatchObject({
      status: 200,
      body: { success: false, result: null },
    });
    double.faults.set({ method: "POST", does: { kind: "lost" } });
    await expect(call("POST", records, a("one"))).rejects.toThrow();
    expect(await double.dns?.ask("one.example.org", "A")).toEqual(["192.0.2.1"]);
  });
});

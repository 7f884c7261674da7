import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createPowerDns,
  findPowerDns,
  type PowerDns,
  PowerDnsRefused,
  powerDnsMissing,
} from "../src/index.js";

const found = findPowerDns() !== undefined;
if (!found) console.warn(`skipped: ${powerDnsMissing}`);

describe.skipIf(!found)("a PowerDNS server", () => {
  let dns: PowerDns;
  beforeAll(async () => {
    dns = await createPowerDns();
  });
  afterAll(() => dns?.stop());
  beforeEach(async () => {
    for (const zone of await dns.zones()) await dns.deleteZone(zone);
    await dns.createZone("example.org");
  });

  it("answers over the network with what was patched, of every type", async () => {
    await dns.patch("example.org", [
      { name: "example.org", type: "A", ttl: 60, values: ["192.0.2.1", "192.0.2.2"], comment: "two" },
      { name: "example.org", type: "MX", values: ["10 mail.example.org."] },
      { name: "example.org", type: "CAA", values: ['0 issue "letsencrypt.org"'] },
      { name: "www.example.org", type: "CNAME", values: ["example.org."] },
      { name: "*.example.org", type: "AAAA", values: ["2001:db8::1"] },
      { name: "_sip._tcp.example.org", type: "SRV", values: ["1 2 5060 sip.example.org."] },
      { name: "text.example.org", type: "TXT", values: [`"${"a".repeat(250)}" "b c \\"d\\""`] },
    ]);
    expect(await dns.ask("example.org", "A")).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(await dns.ask("example.org", "MX")).toEqual(["10 mail.example.org"]);
    expect(await dns.ask("example.org", "CAA")).toEqual(["0 issue letsencrypt.org"]);
    expect(await dns.ask("example.org", "NS")).toEqual(["ns1.example.net", "ns2.example.net"]);
    expect(await dns.ask("www.example.org", "CNAME")).toEqual(["example.org"]);
    expect(await dns.ask("any.example.org", "AAAA")).toEqual(["2001:db8::1"]);
    expect(await dns.ask("_sip._tcp.example.org", "SRV")).toEqual(["1 2 5060 sip.example.org"]);
    expect(await dns.ask("text.example.org", "TXT")).toEqual([`${"a".repeat(250)}b c "d"`]);
    expect(await dns.list("example.org")).toContainEqual({
      name: "example.org",
      type: "A",
      ttl: 60,
      values: ["192.0.2.1", "192.0.2.2"],
      comment: "two",
    });
  });

  it("shows a change and a removal to the next question", async () => {
    await dns.patch("example.org", [{ name: "a.example.org", type: "A", values: ["192.0.2.1"] }]);
    expect(await dns.ask("a.example.org", "A")).toEqual(["192.0.2.1"]);
    await dns.patch("example.org", [{ name: "a.example.org", type: "A", values: ["192.0.2.9"] }]);
    expect(await dns.ask("a.example.org", "A")).toEqual(["192.0.2.9"]);
    await dns.patch("example.org", [{ name: "a.example.org", type: "A" }]);
    expect(await dns.ask("a.example.org", "A")).toEqual([]);
  });

  it("applies all of a patch or nothing, and says why", async () => {
    const patch = dns.patch("example.org", [
      { name: "good.example.org", type: "A", values: ["192.0.2.1"] },
      { name: "bad.example.org", type: "A", values: ["not an address"] },
    ]);
    await expect(patch).rejects.toThrow(PowerDnsRefused);
    await expect(patch).rejects.toThrow(/bad\.example\.org/);
    expect(await dns.ask("good.example.org", "A")).toEqual([]);
  });

  it("refuses a CNAME beside something else", async () => {
    await dns.patch("example.org", [{ name: "a.example.org", type: "A", values: ["192.0.2.1"] }]);
    await expect(
      dns.patch("example.org", [{ name: "a.example.org", type: "CNAME", values: ["b.example.org."] }]),
    ).rejects.toThrow(/[Cc]onflict/);
  });

  it("answers an ALIAS with the addresses it leads to in another of its zones", async () => {
    await dns.createZone("target.test");
    await dns.patch("target.test", [{ name: "lb.target.test", type: "A", values: ["192.0.2.7"] }]);
    await dns.patch("example.org", [{ name: "example.org", type: "ALIAS", values: ["lb.target.test."] }]);
    expect(await dns.ask("example.org", "A")).toEqual(["192.0.2.7"]);
  });

  it("says to whom a name below the root is given", async () => {
    await dns.patch("example.org", [
      { name: "sub.example.org", type: "NS", values: ["ns1.example.net.", "ns2.sub.example.org."] },
    ]);
    expect(await dns.ask("sub.example.org", "NS")).toEqual(["ns1.example.net", "ns2.sub.example.org"]);
    expect(await dns.ask("below.sub.example.org", "NS")).toEqual([]);
    expect(await dns.ask("nowhere.example.org", "NS")).toEqual([]);
  });

  it("answers long answers over TCP", async () => {
    const values = Array.from({ length: 300 }, (_, index) => `192.0.${index >> 8}.${index & 255}`);
    await dns.patch("example.org", [{ name: "many.example.org", type: "A", values }]);
    expect(await dns.ask("many.example.org", "A")).toHaveLength(300);
  });
});

import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createNamecheapDouble, type NamecheapDouble } from "../src/index.js";

const found = findPowerDns() !== undefined;
if (!found) console.warn(`skipped: ${powerDnsMissing}`);

describe.skipIf(!found)("the double of Namecheap", () => {
  let double: NamecheapDouble;
  beforeAll(async () => {
    double = await createNamecheapDouble({
      domains: [
        { name: "example.org", hosts: [{ name: "@", type: "A", address: "192.0.2.1" }] },
        { name: "away.example", ourDns: false },
        { name: "new.example" },
      ],
    });
  });
  beforeEach(() => double.reset());
  afterAll(() => double?.close());

  const ask = async (params: Readonly<Record<string, string>>, method = "POST"): Promise<Response> => {
    const body = new URLSearchParams({
      ApiUser: "someone",
      ApiKey: "a-key",
      UserName: "someone",
      ClientIp: "203.0.113.5",
      ...params,
    });
    return method === "GET" ? fetch(`${double.url}?${body}`) : fetch(double.url, { method, body });
  };
  const say = async (params: Readonly<Record<string, string>>): Promise<string> => (await ask(params)).text();
  const zone = { SLD: "example", TLD: "org" };

  it("answers with XML whose attributes are spelt as on the wire", async () => {
    expect(await say({ Command: "namecheap.domains.dns.getHosts", ...zone })).toMatch(
      /<DomainDNSGetHostsResult Domain="example.org" EmailType="NONE" IsUsingOurDNS="true">\s*<host HostId="\d+" Name="@" Type="A" Address="192.0.2.1" MXPref="10" TTL="1799" AssociatedAppTitle="" FriendlyName="" IsActive="true" IsDDNSEnabled="false" \/>/,
    );
    expect(await say({ Command: "namecheap.domains.getList" })).toContain("<TotalItems>3</TotalItems>");
  });

  it("replaces the whole zone, and its name servers answer so", async () => {
    await say({
      Command: "namecheap.domains.dns.setHosts",
      ...zone,
      EmailType: "MX",
      HostName1: "www",
      RecordType1: "CNAME",
      Address1: "target.example.net",
      TTL1: "300",
      HostName2: "@",
      RecordType2: "MX",
      Address2: "mail.example.org",
      MXPref2: "5",
    });
    expect(double.domain("example.org").hosts.map(({ type, address }) => `${type} ${address}`)).toEqual([
      "CNAME target.example.net.",
      "MX mail.example.org.",
    ]);
    expect(await double.dns.ask("www.example.org", "CNAME")).toEqual(["target.example.net"]);
    expect(await double.dns.ask("example.org", "A")).toEqual([]);
    // Without EmailType the mail goes.
    await say({
      Command: "namecheap.domains.dns.setHosts",
      ...zone,
      HostName1: "@",
      RecordType1: "MX",
      Address1: "mail.example.org",
    });
    expect(double.domain("example.org")).toMatchObject({ emailType: "NONE" });
    expect(await double.dns.ask("example.org", "MX")).toEqual([]);
  });

  it.each([
    [{ ApiKey: "wrong", Command: "namecheap.domains.getList" }, "1011102"],
    [{ Command: "namecheap.domains.dns.getHosts", SLD: "nobody", TLD: "org" }, "2019166"],
    [{ Command: "namecheap.domains.dns.getHosts", SLD: "away", TLD: "example" }, "2030288"],
    [
      {
        Command: "namecheap.domains.dns.setHosts",
        ...zone,
        HostName1: "@",
        RecordType1: "A",
        Address1: "not-an-ip",
      },
      "2050900",
    ],
  ])("refuses %o with HTTP 200 and the number %s", async (params, number) => {
    const response = await ask(params as Readonly<Record<string, string>>);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(new RegExp(`Status="ERROR"[\\s\\S]*Number="${number}"`));
  });

  it("takes more than ten host records by POST only, and 20 calls a minute", async () => {
    const hosts = Object.fromEntries(
      Array.from({ length: 11 }, (_, index) => [
        [`HostName${index + 1}`, `h${index}`],
        [`RecordType${index + 1}`, "A"],
        [`Address${index + 1}`, "192.0.2.9"],
      ]).flat(),
    ) as Record<string, string>;
    const command = { Command: "namecheap.domains.dns.setHosts", ...zone, ...hosts };
    expect((await ask(command, "GET")).status).toBe(404);
    expect((await ask(command)).status).toBe(200);
    for (let call = 3; call <= 20; call += 1) await say({ Command: "namecheap.domains.getList" });
    expect((await ask({ Command: "namecheap.domains.getList" })).status).toBe(405);
  });

  it("parks a domain that has no records", () => {
    expect(double.domain("new.example").hosts.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "www CNAME",
      "@ URL",
    ]);
  });
});

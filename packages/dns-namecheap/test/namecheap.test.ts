import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DeployError, type DnsRecordChange, type DnsRecordSet } from "@deploy/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { namecheap } from "../src/index.js";
import { type Account, found, openAccount } from "./account.js";

const zone = "example.org";
const marker = "deploy:shop/production:www";
const www: DnsRecordSet = { name: "www.example.org", type: "CNAME", values: ["app.example.net"], ttl: 300 };
const create = (record: DnsRecordSet): DnsRecordChange => ({ action: "create", record, marker });
const theirs = [
  { name: "@", type: "A", address: "192.0.2.1" },
  { name: "@", type: "MX", address: "mail.example.org", mxPref: 5, ttl: 1800 },
  { name: "blog", type: "URL301", address: "https://blog.example.net/?a=1&b=2" },
  { name: "@", type: "TXT", address: "v=spf1 include:_spf.example.net ~all" },
];

async function failure(promise: Promise<unknown>): Promise<DeployError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!DeployError.is(error)) throw new Error(`no DeployError: ${String(error)}`);
  return error;
}

describe.skipIf(!found)("Namecheap", () => {
  let account: Account;
  let number = 0;
  const { dns } = namecheap();
  beforeAll(async () => {
    account = await openAccount({});
  });
  beforeEach(async () => {
    account.double.reset();
    await rm(join(account.home, "namecheap"), { recursive: true, force: true });
    for (const name of await account.double.dns.zones()) await account.double.dns.deleteZone(name);
    await account.double.addDomain({ name: zone, emailType: "MX", hosts: theirs });
    number += 1;
  });
  afterAll(() => account?.close());

  const writes = () => account.double.calls.filter(({ command }) => command === "domains.dns.sethosts");
  const hosts = () =>
    account.double.domain(zone).hosts.map(({ name, type, address }) => `${name} ${type} ${address}`);
  const unmarked = async () =>
    (await dns.list(account.context(), zone)).filter((set) => set.marker === undefined);

  it("writes a zone once, with all that others have, its kind of mail, and no key in an address", async () => {
    const before = hosts();
    await dns.apply(account.context(), zone, [create(www)]);
    expect(writes()).toHaveLength(1);
    expect(account.double.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(
      account.double.calls.map(() => "POST /xml.response"),
    );
    expect(hosts().slice(0, 4)).toEqual(before);
    expect(account.double.domain(zone).emailType).toBe("MX");
    expect(await account.double.dns.ask("www.example.org", "CNAME")).toEqual(["app.example.net"]);
    const ours = (await dns.list(account.context(), zone)).filter((set) => set.marker !== undefined);
    expect(ours).toMatchObject([{ name: "www.example.org", type: "CNAME", ttl: 300, marker }]);
    await dns.apply(account.context(), zone, [create(www)]);
    expect(writes()).toHaveLength(1);
    await dns.apply(account.context(), zone, [{ action: "delete", before: ours[0]! }]);
    expect(hosts()).toEqual(before);
  });

  it("lists a redirect as the address it stands for, and takes its place only by word", async () => {
    const context = account.context();
    const blog = (await unmarked()).find(({ name }) => name === "blog.example.org")!;
    expect(blog).toMatchObject({ type: "A", extra: { kind: "URL301" } });
    const over = { ...www, name: "blog.example.org", type: "A", values: ["192.0.2.9"] } as const;
    expect((await failure(dns.apply(context, zone, [create(over)]))).code).toBe("dns.foreign-record");
    expect(writes()).toEqual([]);
    // As core adopts: with its own values first.
    await dns.apply(context, zone, [{ action: "update", record: blog, before: blog, marker }]);
    expect(hosts()).toContain("blog URL301 https://blog.example.net/?a=1&b=2");
    const taken = (await dns.list(context, zone)).find(({ name }) => name === "blog.example.org")!;
    expect(taken.marker).toBe(marker);
    await dns.apply(context, zone, [{ action: "update", record: over, before: taken, marker }]);
    expect(hosts().filter((line) => line.startsWith("blog "))).toEqual(["blog A 192.0.2.9"]);
  });

  it("leads a root to a host name by an ALIAS record, which its servers answer with addresses", async () => {
    await account.double.uproot(zone, "@", "A");
    const root = { name: zone, type: "ALIAS", values: ["app.example.net"], ttl: 300 } as const;
    await dns.apply(account.context(), zone, [create(root)]);
    expect(hosts()).toContain("@ ALIAS app.example.net.");
    expect((await dns.list(account.context(), zone)).find(({ type }) => type === "ALIAS")?.marker).toBe(
      marker,
    );
  });

  describe("another writer", () => {
    it("before our read is merged", async () => {
      const context = account.context();
      await dns.list(context, zone);
      await account.double.plant(zone, { name: "new", type: "A", address: "192.0.2.7" });
      await dns.apply(context, zone, [create(www)]);
      expect(hosts()).toContain("new A 192.0.2.7");
    });

    it("who replaces the zone by what he had read, after our write, is seen: what is lost is named, and can be restored", async () => {
      const stale = account.double.domain(zone).hosts.slice(1);
      account.double.next("domains.dns.sethosts", {
        kind: "after",
        act: () => {
          account.double.domain(zone).hosts = stale;
        },
      });
      const error = await failure(dns.apply(account.context(), zone, [create(www)]));
      expect(error.code).toBe("dns.concurrent-change");
      expect(error.message).toContain("www CNAME app.example.net");
      expect(error.message).toContain("@ A 192.0.2.1");
      const [copy] = await dns.copies!(account.context(), zone);
      expect(error.hint).toContain(`deploy domains restore ${zone} --copy=${copy!.id}`);
      expect(copy).toMatchObject({ records: 4 });
      expect((await dns.readCopy!(account.context(), zone, copy!.id)).map(({ type }) => type)).toEqual([
        "A",
        "MX",
        "A",
        "TXT",
      ]);
      await account.double.dns.deleteZone(zone);
      await account.double.addDomain({ name: zone, emailType: "MX", hosts: theirs.slice(1) });
      await dns.restore!(account.context(), zone, copy!.id);
      expect(hosts()).toEqual([
        "@ A 192.0.2.1",
        "@ MX mail.example.org.",
        "blog URL301 https://blog.example.net/?a=1&b=2",
        "@ TXT v=spf1 include:_spf.example.net ~all",
      ]);
      // Restoring is a write like others: copied before.
      expect(await dns.copies!(account.context(), zone)).toHaveLength(2);
    });

    it("who adds something after our write is named as well", async () => {
      account.double.next("domains.dns.sethosts", {
        kind: "after",
        act: () => account.double.plant(zone, { name: "late", type: "A", address: "192.0.2.8" }),
      });
      const error = await failure(dns.apply(account.context(), zone, [create(www)]));
      expect(error.message).toContain("not expected: late A 192.0.2.8");
    });
  });

  describe("a read that looks wrong", () => {
    it("because it is empty is refused, unless Namecheap counts none as well", async () => {
      account.double.next("domains.dns.gethosts", { kind: "hosts", most: 0 });
      const error = await failure(dns.apply(account.context(), zone, [create(www)]));
      expect(error.code).toBe("dns.suspicious-read");
      expect(error.message).toContain("0 records");
      expect(writes()).toEqual([]);
    });

    it("because it has less than half of what was there is refused", async () => {
      await dns.apply(account.context(), zone, [create(www)]);
      account.double.next("domains.dns.gethosts", { kind: "hosts", most: 1 });
      const error = await failure(
        dns.apply(account.context(), zone, [create({ ...www, name: "more.example.org" })]),
      );
      expect(error.code).toBe("dns.suspicious-read");
      expect(writes()).toHaveLength(1);
    });

    it("is believed when somebody has really removed the records", async () => {
      await dns.apply(account.context(), zone, [create(www)]);
      for (const { name, type } of theirs) await account.double.uproot(zone, name, type);
      await account.double.uproot(zone, "www", "CNAME");
      await account.double.uproot(zone, "_deploy-cname.www", "TXT");
      expect(await dns.list(account.context(), zone)).toEqual([]);
    });
  });

  it("is not written while somebody else's text in it would not survive that", async () => {
    await account.double.plant(zone, { name: "_dmarc", type: "TXT", address: '"v=DMARC1"' });
    const error = await failure(dns.apply(account.context(), zone, [create(www)]));
    expect(error.code).toBe("dns.closed-zone");
    expect(error.message).toContain("_dmarc");
    expect(writes()).toEqual([]);
  });

  it("begins with a parked domain, and leaves it parked", async () => {
    const name = `parked-${number}.example`;
    await account.double.addDomain({ name });
    const api = { ...www, name: `api.${name}` };
    await dns.apply(account.context(), name, [create(api)]);
    expect(account.double.domain(name).hosts).toHaveLength(4);
    const ours = (await dns.list(account.context(), name)).filter((set) => set.marker !== undefined);
    await dns.apply(account.context(), name, [{ action: "delete", before: ours[0]! }]);
    expect(account.double.domain(name).hosts.map(({ type }) => type)).toEqual(["CNAME", "URL"]);
  });

  it.each(["OX", "GMAIL"])("does not write a zone whose mail is run by Namecheap (%s)", async (emailType) => {
    account.double.domain(zone).emailType = emailType;
    const error = await failure(
      dns.apply(account.context(), zone, [create({ ...www, name: "a.example.org" })]),
    );
    expect(error.code).toMatch(/^dns\.(?:closed-zone|unsupported-record)$/);
    expect(writes()).toEqual([]);
    expect(await dns.inspect!(account.context(), zone, [])).toMatchObject([{ severity: "problem" }]);
  });

  it("keeps mail as it is: forwarding is not ended by an MX record, and the last MX record ends its kind", async () => {
    const mx = { name: zone, type: "MX", values: ["10 mx.example.net"], ttl: 300 } as const;
    const name = `mail-${number}.example`;
    await account.double.addDomain({
      name,
      emailType: "FWD",
      hosts: [{ name: "@", type: "A", address: "192.0.2.1" }],
    });
    const context = account.context();
    expect((await failure(dns.apply(context, name, [create({ ...mx, name })]))).message).toContain("FWD");
    account.double.domain(name).emailType = "NONE";
    await dns.apply(context, name, [create({ ...mx, name })]);
    expect(account.double.domain(name).emailType).toBe("MX");
    const before = (await dns.list(context, name)).find(({ type }) => type === "MX")!;
    await dns.apply(context, name, [{ action: "delete", before }]);
    expect(account.double.domain(name).emailType).toBe("NONE");
  });

  it("keeps copies for their owner only, and not for ever", async () => {
    const context = account.context();
    const directory = join(account.home, "namecheap", zone);
    for (let write = 0; write < 53; write += 1) {
      const values = [`192.0.2.${write}`];
      const [before] = (await dns.list(context, zone)).filter((set) => set.marker !== undefined);
      const record = { ...www, type: "A", values } as const;
      await dns.apply(context, zone, [
        before === undefined ? create(record) : { action: "update", record, before, marker },
      ]);
    }
    const files = await readdir(directory);
    expect(files).toHaveLength(50);
    expect((await stat(join(directory, files[0]!))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await dns.copies!(context, zone)).toHaveLength(50);
    const newest = (await dns.copies!(context, zone)).map(({ time }) => time);
    expect(newest).toEqual([...newest].sort().reverse());
    expect((await failure(dns.readCopy!(context, zone, "../../etc"))).code).toBe("config.unknown-copy");
  });

  it("does not write where it cannot keep a copy", async () => {
    const context = account.context({ env: { ...account.env, DEPLOY_HOME: "/dev/null/nowhere" } });
    expect((await failure(dns.apply(context, zone, [create(www)]))).code).toBe("dns.no-copy-made");
    expect(writes()).toEqual([]);
  });

  it.each<[string, DnsRecordSet]>([
    ["a text with a double quote", { name: "t.example.org", type: "TXT", values: ['say "yes"'] }],
    ["no mail at all", { name: zone, type: "MX", values: ["0 ."] }],
    ["SRV", { name: "_sip._tcp.example.org", type: "SRV", values: ["1 1 5060 sip.example.org"] }],
    ["a long name", { ...www, name: `${"a".repeat(61)}.example.org` }],
    ["a long text", { name: "t.example.org", type: "TXT", values: ["x".repeat(2_501)] }],
    ["the name servers of the domain", { name: zone, type: "NS", values: ["ns1.example.net"] }],
  ])("refuses %s while planning", (_what, record) => {
    expect(() => dns.prepare!(record, zone)).toThrowError(/cannot be written to Namecheap/);
  });

  it("prepares what it prepared the same", () => {
    const once = dns.prepare!({ ...www }, zone);
    expect(dns.prepare!(once, zone)).toEqual(once);
    const { ttl: _ttl, ...automatic } = www;
    expect(dns.prepare!(automatic, zone).ttl).toBe(1_799);
  });

  it("lists the domains that Namecheap serves, page by page", async () => {
    const other = await openAccount({
      domains: [
        ...Array.from({ length: 103 }, (_, index) => ({ name: `d${index}.example`, hosts: [] })),
        { name: "away.example", ourDns: false },
      ],
    });
    try {
      const zones = await dns.zones(other.context());
      expect(zones).toHaveLength(103);
      expect(zones).not.toContain("away.example");
      expect((await failure(dns.list(other.context(), "away.example"))).code).toBe("dns.not-served");
      expect(await dns.nameServers!(other.context(), "d1.example")).toEqual([
        "dns1.registrar-servers.com",
        "dns2.registrar-servers.com",
      ]);
    } finally {
      await other.close();
    }
  }, 60_000);

  it("waits when it has called too often, and says so when that does not help", async () => {
    account.double.next(
      "domains.dns.gethosts",
      { kind: "status", status: 405 },
      { kind: "status", status: 405 },
    );
    await dns.list(account.context(), zone);
    account.double.next(
      "domains.dns.gethosts",
      ...Array.from({ length: 9 }, () => ({ kind: "status", status: 405 }) as const),
    );
    const error = await failure(dns.list(account.context(), zone));
    expect(error).toMatchObject({ code: "dns.throttled", retryable: true });
    expect(error.message).toContain("20 calls a minute");
  });

  it("makes ten calls at once, and waits then: never more than twenty in a minute", async () => {
    const abort = new AbortController();
    // Time stands still: nobody gets another turn.
    const clock = {
      now: () => 0,
      sleep: (_milliseconds: number, signal?: AbortSignal) =>
        new Promise<void>((_done, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
    };
    const context = account.context({ clock, signal: abort.signal });
    const done: unknown[] = [];
    const many = Array.from({ length: 15 }, () => dns.list(context, zone).then((sets) => done.push(sets)));
    await expect.poll(() => done.length, { timeout: 10_000 }).toBe(10);
    expect(account.double.calls).toHaveLength(10);
    abort.abort();
    expect((await Promise.allSettled(many)).filter(({ status }) => status === "rejected")).toHaveLength(5);
  });

  it("does not send a change twice whose answer was lost; the next run sees that it was done", async () => {
    account.double.next("domains.dns.sethosts", { kind: "lost" });
    const error = await failure(dns.apply(account.context(), zone, [create(www)]));
    expect(error).toMatchObject({ code: "dns.unreachable", retryable: true });
    await dns.apply(account.context(), zone, [create(www)]);
    expect(writes()).toHaveLength(1);
  });

  it.each([
    [1011150, "Invalid request IP: 203.0.113.9", "credentials.address-not-allowed", /203\.0\.113\.9/],
    [1011102, "API Key is invalid or API access has not been enabled", "credentials.refused", /API Key/],
    [2019166, "Domain not found", "dns.no-zone", /Domain not found/],
    [
      2030288,
      "Cannot complete this command as this domain is not using proper DNS servers",
      "dns.not-served",
      /2030288/,
    ],
    [500000, "Too many requests", "dns.throttled", /less often/],
    [3031510, "Error response from provider", "dns.refused", /3031510/],
  ])("says %i so that a person knows what to do", async (numberOf, message, code, words) => {
    account.double.next(
      "domains.dns.gethosts",
      ...Array.from({ length: 5 }, () => ({ kind: "error", number: numberOf, message }) as const),
    );
    const error = await failure(dns.list(account.context(), zone));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
    expect(error.hint).toBeTruthy();
    expect(JSON.stringify(error)).not.toContain("a-key");
  });

  it("reads no answer that is not Namecheap's, and no entities of an answer's own", async () => {
    for (const body of ["", "<html>", '<!DOCTYPE a [<!ENTITY b "c">]><ApiResponse Status="OK"/>']) {
      const fetch = async (): Promise<Response> =>
        new Response(body, { headers: { "content-type": "text/xml" } });
      const error = await failure(dns.list(account.context({ fetch }), zone));
      expect(error.code).toBe("dns.bad-answer");
    }
  });

  it("asks nothing without credentials or under an aborted signal", async () => {
    const { NAMECHEAP_API_KEY: _key, ...env } = account.env;
    expect((await failure(dns.list(account.context({ env }), zone))).code).toBe("credentials.missing");
    const signal = AbortSignal.abort();
    expect((await failure(dns.list(account.context({ signal }), zone))).code).toBe("run.cancelled");
    expect(account.double.calls).toEqual([]);
    expect(() => namecheap({ clientIp: "::1" })).toThrowError(/clientIp/);
  });
});

import { readFile } from "node:fs/promises";
import type { ResourceRecordSet } from "@aws-sdk/client-route-53";
import { DeployError, type DnsRecordChange, type DnsRecordSet, registryName } from "@deploy/core";
import { beforeEach, describe, expect, it } from "vitest";
import { route53 } from "../src/index.js";
import { contextOf, has, useRoute53 } from "./vendor.js";

const marker = "deploy:shop/production:www";
const www: DnsRecordSet = { name: "www.example.org", type: "A", values: ["192.0.2.1"], ttl: 300 };
const create = (record: DnsRecordSet): DnsRecordChange => ({ action: "create", record, marker });

async function failure(promise: Promise<unknown>): Promise<DeployError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!DeployError.is(error)) throw new Error(`no DeployError: ${String(error)}`);
  return error;
}

describe.skipIf(!(await has("python")))("Route 53", () => {
  const vendor = useRoute53();
  let { dns } = route53();
  let zone = "";
  beforeEach(async () => {
    await vendor().reset();
    ({ dns } = route53());
    zone = await vendor().createZone("example.org");
  });
  const calls = (operation: string) => vendor().proxy.calls.filter((call) => call.operation === operation);

  describe("zones", () => {
    it("are listed to the last page, public ones only", async () => {
      const names = Array.from({ length: 104 }, (_, index) => `zone-${index}.example`);
      for (const name of names) await vendor().createZone(name);
      await vendor().createZone("inside.example", { isPrivate: true });
      const zones = await dns.zones(contextOf(vendor()));
      expect([...zones].sort()).toEqual(["example.org", ...names].sort());
      expect(calls("ListHostedZones").length).toBe(2);
    });

    it("of one name are refused by their ids, unless one is chosen, which needs no list", async () => {
      const other = await vendor().createZone("example.org");
      const context = contextOf(vendor());
      expect(await dns.zones(context)).toEqual(["example.org"]);
      const error = await failure(dns.list(context, "example.org"));
      expect(error.code).toBe("dns.ambiguous-zone");
      for (const id of [zone, other]) expect(error.message).toContain(id);
      const chosen = route53({ zones: { "example.org": other } });
      vendor().proxy.reset();
      await chosen.dns.apply(context, "example.org", [create(www)]);
      expect(vendor().proxy.names).not.toContain("route53:ListHostedZones");
      expect((await vendor().held(other)).some(({ Name }) => Name === "www.example.org.")).toBe(true);
      expect((await vendor().held(zone)).some(({ Name }) => Name === "www.example.org.")).toBe(false);
    });

    it("that are private count as absent, and what is there is named", async () => {
      await vendor().createZone("inside.example", { isPrivate: true });
      const error = await failure(dns.list(contextOf(vendor()), "inside.example"));
      expect(error).toMatchObject({ code: "dns.no-zone" });
      expect(error.hint).toContain("example.org");
    });

    it("have the name servers they were given", async () => {
      const servers = await dns.nameServers?.(contextOf(vendor()), "example.org");
      expect(servers?.length).toBeGreaterThan(0);
    });
  });

  describe("records", () => {
    it("are written with their entry in one request, listed with their marker, and removed with it", async () => {
      const context = contextOf(vendor());
      await dns.apply(context, "example.org", [create({ ...www, name: "*.example.org" })]);
      const [request] = calls("ChangeResourceRecordSets");
      const { ChangeBatch } = request!.input as { ChangeBatch: { Changes: { Action: string }[] } };
      expect(ChangeBatch.Changes.map(({ Action }) => Action)).toEqual(["CREATE", "CREATE"]);
      const held = (await vendor().held(zone)).map(({ Name, Type }) => `${Name} ${Type}`);
      expect(held).toContain("\\052.example.org. A");
      expect(held).toContain("_deploy-a._wildcard.example.org. TXT");
      const listed = (await dns.list(context, "example.org")).filter((set) => set.marker !== undefined);
      expect(listed).toEqual([{ ...www, name: "*.example.org", marker }]);
      await dns.apply(context, "example.org", [{ action: "delete", before: listed[0]! }]);
      expect((await vendor().held(zone)).map(({ Type }) => Type)).toEqual(["NS", "SOA"]);
    });

    it("hold any text, in strings of 255 bytes with other bytes in octal", async () => {
      const context = contextOf(vendor());
      const text = `quotes " and \\ and ü ${"x".repeat(300)}`;
      await dns.apply(context, "example.org", [
        create({ name: "t.example.org", type: "TXT", values: [text] }),
      ]);
      const held = (await vendor().held(zone)).find(({ Name }) => Name === "t.example.org.");
      expect(held?.ResourceRecords?.[0]?.Value).toMatch(/^"quotes \\" and \\\\ and \\303\\274 x+" "x+"$/);
      const listed = (await dns.list(context, "example.org")).find(({ name }) => name === "t.example.org");
      expect(listed?.values).toEqual([text]);
    });

    it("of type ALIAS are aliases to what is in AWS, for IPv6 too where the target has it", async () => {
      const context = contextOf(vendor());
      const alias = (name: string, host: string): DnsRecordSet =>
        dns.prepare!(
          { name, type: "ALIAS", values: [host], extra: { aliasZone: "Z35SXDOTRQ7X7K" } },
          "example.org",
        );
      const plain = alias("example.org", "shop-1.us-east-1.elb.amazonaws.com");
      const dual = alias("www.example.org", "dualstack.shop-1.us-east-1.elb.amazonaws.com");
      expect([plain.ttl, dns.prepare!(dual, "example.org")]).toEqual([undefined, dual]);
      await dns.apply(context, "example.org", [create(plain), create(dual)]);
      const held = (await vendor().held(zone)).filter(({ AliasTarget }) => AliasTarget !== undefined);
      expect(held.map(({ Name, Type }) => `${Name} ${Type}`).sort()).toEqual([
        "example.org. A",
        "www.example.org. A",
        "www.example.org. AAAA",
      ]);
      const listed = (await dns.list(context, "example.org")).filter(({ type }) => type === "ALIAS");
      expect(listed).toEqual([
        { ...plain, marker },
        { ...dual, marker },
      ]);
      const before = listed[1]!;
      await dns.apply(context, "example.org", [
        { action: "update", record: { ...plain, name: "www.example.org" }, before, marker },
      ]);
      expect((await vendor().held(zone)).some(({ Type }) => Type === "AAAA")).toBe(false);
    });

    it("of an alias without a zone of AWS are refused before anything is asked", () => {
      const alias: DnsRecordSet = { name: "example.org", type: "ALIAS", values: ["shop.herokudns.com"] };
      expect(() => dns.prepare!(alias, "example.org")).toThrowError(/only targets in AWS/);
    });

    it("with a routing policy are in the way and never touched", async () => {
      const weighted = (SetIdentifier: string, Value: string): ResourceRecordSet => ({
        Name: "www.example.org",
        Type: "A",
        TTL: 60,
        SetIdentifier,
        Weight: 1,
        ResourceRecords: [{ Value }],
      });
      await vendor().plant(zone, weighted("blue", "192.0.2.1"), weighted("green", "192.0.2.2"));
      const context = contextOf(vendor());
      const listed = (await dns.list(context, "example.org")).find(({ name }) => name === "www.example.org");
      expect(listed).toMatchObject({ type: "A", extra: { routing: "weighted blue" } });
      expect(listed?.marker).toBeUndefined();
      expect((await failure(dns.apply(context, "example.org", [create(www)]))).code).toBe(
        "dns.foreign-record",
      );
      const before = listed!;
      for (const change of [
        { action: "update", record: www, before, marker },
        { action: "delete", before },
      ] as const) {
        expect((await failure(dns.apply(context, "example.org", [change]))).code).toBe(
          "dns.unsupported-record",
        );
      }
      expect(calls("ChangeResourceRecordSets")).toEqual([]);
    });

    it("that were changed by hand between our read and our write are not overwritten", async () => {
      const context = contextOf(vendor());
      await dns.apply(context, "example.org", [create(www)]);
      const before = (await dns.list(context, "example.org")).find(({ name }) => name === www.name)!;
      // Somebody else, after our read.
      await vendor().plant(zone, {
        Name: www.name,
        Type: "A",
        TTL: 300,
        ResourceRecords: [{ Value: "192.0.2.66" }],
      });
      const update = { action: "update", record: { ...www, values: ["192.0.2.2"] }, before, marker } as const;
      expect((await failure(dns.apply(context, "example.org", [update]))).code).toBe("dns.concurrent-change");
      const held = (await vendor().held(zone)).find(
        ({ Name, Type }) => Name === "www.example.org." && Type === "A",
      );
      expect(held?.ResourceRecords).toEqual([{ Value: "192.0.2.66" }]);
    });

    it("that somebody else has made between our read and our write are not overwritten", async () => {
      const context = contextOf(vendor());
      await dns.list(context, "example.org");
      await vendor().plant(zone, {
        Name: www.name,
        Type: "A",
        TTL: 300,
        ResourceRecords: [{ Value: "192.0.2.66" }],
      });
      expect((await failure(dns.apply(context, "example.org", [create(www)]))).code).toBe(
        "dns.foreign-record",
      );
      expect((await vendor().held(zone)).some(({ Name }) => Name?.startsWith("_deploy"))).toBe(false);
    });

    it("are changed in as few requests as the limits allow, each with its entry", async () => {
      const context = contextOf(vendor());
      const names = Array.from({ length: 700 }, (_, index) => `h${index}.example.org`);
      await dns.apply(
        context,
        "example.org",
        names.map((name) => create({ ...www, name })),
      );
      const requests = calls("ChangeResourceRecordSets").map(
        ({ input }) =>
          (
            input.ChangeBatch as {
              Changes: { ResourceRecordSet: { Name: string; ResourceRecords: { Value: string }[] } }[];
            }
          ).Changes,
      );
      for (const changes of requests) {
        const values = changes.flatMap(({ ResourceRecordSet }) => ResourceRecordSet.ResourceRecords);
        expect(values.length).toBeLessThanOrEqual(1_000);
        expect(values.reduce((sum, { Value }) => sum + Value.length, 0)).toBeLessThanOrEqual(32_000);
        const here = new Set(changes.map(({ ResourceRecordSet }) => ResourceRecordSet.Name));
        for (const name of names.filter((one) => here.has(one)))
          expect(here).toContain(registryName("example.org", { name, type: "A" }));
      }
      const characters = requests
        .flat()
        .flatMap(({ ResourceRecordSet }) => ResourceRecordSet.ResourceRecords);
      const total = characters.reduce((sum, { Value }) => sum + Value.length, 0);
      expect(requests.length).toBeLessThanOrEqual(Math.ceil(total / 31_800));
    });
  });

  describe("the vendor", () => {
    it("is waited for until all its servers have the change, with the reason", async () => {
      const context = contextOf(vendor());
      const info = { Id: "/change/C123", SubmittedAt: new Date(0).toISOString() };
      vendor().proxy.script(
        {
          on: "route53:ChangeResourceRecordSets",
          tell: { rewrite: () => ({ ChangeInfo: { ...info, Status: "PENDING" } }) },
        },
        {
          on: "route53:GetChange",
          times: 3,
          tell: { answer: { ChangeInfo: { ...info, Status: "PENDING" } } },
        },
      );
      await dns.apply(context, "example.org", [create(www)]);
      expect(calls("GetChange").length).toBe(4);
      expect(context.said.join("\n")).toContain("PENDING");
    });

    it("is no longer waited for when the call is aborted", async () => {
      const abort = new AbortController();
      const context = contextOf(vendor(), { signal: abort.signal });
      const answer = {
        ChangeInfo: { Id: "/change/C1", Status: "PENDING", SubmittedAt: new Date(0).toISOString() },
      };
      vendor().proxy.script(
        { on: "route53:ChangeResourceRecordSets", tell: { rewrite: () => answer } },
        { on: "route53:GetChange", tell: { answer } },
      );
      const waiting = dns.apply(context, "example.org", [create(www)]).catch((error: unknown) => error);
      while (calls("GetChange").length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
      abort.abort();
      await waiting;
      const asked = calls("GetChange").length;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(calls("GetChange").length).toBe(asked);
      vendor().proxy.reset();
      await failure(dns.list(context, "example.org"));
      expect(vendor().proxy.calls).toEqual([]);
    });

    it.each([
      ["Throttling", "Rate exceeded", 400],
      ["PriorRequestNotComplete", "Another request is in progress", 400],
    ])("is asked again, later, after %s", async (error, message, status) => {
      vendor().proxy.script({
        on: "route53:ChangeResourceRecordSets",
        times: 2,
        tell: { error, message, status },
      });
      await dns.apply(contextOf(vendor()), "example.org", [create(www)]);
      expect(calls("ChangeResourceRecordSets").length).toBe(3);
    });

    it("is not sent a change twice whose answer was lost; the next run sees that it was done", async () => {
      const context = contextOf(vendor());
      vendor().proxy.script({
        on: "route53:ChangeResourceRecordSets",
        times: 1,
        tell: { fault: { kind: "reset", when: "after" } },
      });
      const error = await failure(dns.apply(context, "example.org", [create(www)]));
      expect(error).toMatchObject({ code: "dns.unreachable", retryable: true });
      expect(calls("ChangeResourceRecordSets").length).toBe(1);
      await dns.apply(context, "example.org", [create(www)]);
      expect(calls("ChangeResourceRecordSets").length).toBe(1);
    });

    it.each([
      [
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: route53:ListResourceRecordSets on resource: arn:aws:route53:::hostedzone/Z1 because no identity-based policy allows it",
        403,
        "dns.forbidden",
        /user\/ci may not do route53:ListResourceRecordSets on arn:aws:route53:::hostedzone\/Z1\./,
      ],
      [
        "ExpiredToken",
        "The security token included in the request is expired",
        403,
        "credentials.expired",
        /expired/,
      ],
      [
        "InvalidClientTokenId",
        "The security token is invalid.",
        403,
        "credentials.refused",
        /InvalidClientTokenId/,
      ],
      ["SignatureDoesNotMatch", "…", 403, "credentials.refused", /SignatureDoesNotMatch/],
      ["NoSuchHostedZone", "No hosted zone found with ID: Z1", 404, "dns.no-zone", /Z1/],
      ["InvalidInput", "bad", 400, "dns.refused", /bad/],
    ])("says %s so that a person knows what to do", async (error, message, status, code, words) => {
      vendor().proxy.script({ on: "route53:ListResourceRecordSets", tell: { error, message, status } });
      const refused = await failure(dns.list(contextOf(vendor()), "example.org"));
      expect(refused.code).toBe(code);
      expect(refused.message).toMatch(words);
      expect(refused.hint).toBeTruthy();
      expect(JSON.stringify(refused)).not.toContain("wJalr");
    });

    it("that has no room left says so", async () => {
      const message = "[Number of records limit of 10000 exceeded.]";
      vendor().proxy.script({
        on: "route53:ChangeResourceRecordSets",
        tell: { error: "InvalidChangeBatch", message, status: 400 },
      });
      const refused = await failure(dns.apply(contextOf(vendor()), "example.org", [create(www)]));
      expect(refused.code).toBe("dns.quota-reached");
    });

    it("says which record is wrong, and nothing of the batch is written", async () => {
      const bad = { ...www, name: "bad.example.org", values: ["not-an-ip"] };
      const refused = await failure(
        dns.apply(contextOf(vendor()), "example.org", [create(www), create(bad)]),
      );
      expect(refused).toMatchObject({ code: "dns.refused" });
      expect(refused.message).toContain("not-an-ip");
      expect((await vendor().held(zone)).map(({ Type }) => Type)).toEqual(["NS", "SOA"]);
    });

    it("is not asked at all for options that cannot be", () => {
      expect(() => route53({ zones: { "example.org": "not an id" } })).toThrowError(/zones/);
      expect(() => route53({ region: "moon" })).toThrowError(/region/);
    });
  });

  it("is asked for what the policy in the docs allows, and for all of it", async () => {
    const context = contextOf(vendor());
    const answer = {
      ChangeInfo: { Id: "/change/C1", Status: "PENDING", SubmittedAt: new Date(0).toISOString() },
    };
    vendor().proxy.script({
      on: "route53:ChangeResourceRecordSets",
      times: 1,
      tell: { rewrite: () => answer },
    });
    await dns.zones(context);
    await dns.nameServers?.(context, "example.org");
    await dns.apply(context, "example.org", [create(www)]);
    const page = await readFile(new URL("../../../docs/providers/route53.md", import.meta.url), "utf8");
    const policy = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? "{}") as {
      Statement: { Action: string[]; Resource: string }[];
    };
    expect(policy.Statement.flatMap(({ Action }) => Action).sort()).toEqual(
      [...new Set(vendor().proxy.names)].sort(),
    );
  });

  it("is not there, or there are no credentials: both are said", async () => {
    const nowhere = contextOf(vendor(), { env: { ...vendor().env, AWS_ENDPOINT_URL: "http://127.0.0.1:9" } });
    expect((await failure(route53().dns.zones(nowhere))).code).toBe("dns.unreachable");
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...env } = vendor().env;
    const without = contextOf(vendor(), { env: { ...env, AWS_PROFILE: "no-such-profile" } });
    expect((await failure(route53().dns.zones(without))).code).toMatch(/^credentials\./);
  });
});

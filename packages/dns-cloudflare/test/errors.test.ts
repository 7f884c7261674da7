import { existsSync } from "node:fs";
import { type CloudflareDouble, createJudge, defaultSchema } from "@deploy/cloudflare-double";
import type { Context, DnsRecordChange } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cloudflare } from "../src/index.js";
import { operations } from "../src/operations.js";
import { contextWith, createDouble, failureOf, quickClock } from "./workplace.js";

const zone = "example.org";
const write: readonly DnsRecordChange[] = [
  {
    action: "create",
    marker: "deploy:shop/production:www",
    record: { name: `www.${zone}`, type: "A", values: ["192.0.2.1"] },
  },
];

describe("what goes wrong at Cloudflare", () => {
  let double: CloudflareDouble;
  let clock: ReturnType<typeof quickClock>;
  const dns = () => cloudflare({ endpoint: double.url }).dns;
  const context = (more: Partial<Context> = {}) => contextWith({ clock, ...more });

  beforeEach(async () => {
    clock = quickClock();
    double = await createDouble({ dns: false });
  });
  afterEach(async () => {
    expect(double.violations).toEqual([]);
    await double.close();
  });

  it.each([
    ["is not set", {}, "cloudflare.no-credentials"],
    ["is empty", { CLOUDFLARE_API_TOKEN: "  " }, "cloudflare.no-credentials"],
    ["is a paste that went wrong", { CLOUDFLARE_API_TOKEN: "two words" }, "cloudflare.bad-credentials"],
  ])("a token that %s is refused without a request, and not shown", async (_what, env, code) => {
    const error = await failureOf(dns().zones(context({ env })));
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.hint).toContain("CLOUDFLARE_API_TOKEN");
    expect(JSON.stringify(error)).not.toContain("two words");
    expect(double.calls).toEqual([]);
  });

  it.each(["unknown-token", "x"])(
    "a token that Cloudflare does not know (%s) names its variable",
    async (value) => {
      const error = await failureOf(dns().zones(context({ env: { CLOUDFLARE_API_TOKEN: value } })));
      expect(error).toMatchObject({ code: "cloudflare.unauthenticated", retryable: false });
      expect(error.hint).toContain("CLOUDFLARE_API_TOKEN");
    },
  );

  it("reads no key of its own from the environment, and sends no header about this machine", async () => {
    process.env.CLOUDFLARE_API_KEY = "key-of-the-environment";
    process.env.CLOUDFLARE_EMAIL = "owner@example.org";
    try {
      await dns().zones(context());
    } finally {
      delete process.env.CLOUDFLARE_API_KEY;
      delete process.env.CLOUDFLARE_EMAIL;
    }
    const names = Object.keys(double.calls[0]?.headers ?? {});
    expect(names.filter((name) => /^x-/.test(name))).toEqual([]);
    expect(JSON.stringify(double.calls[0]?.headers)).not.toContain("key-of-the-environment");
  });

  it.each([
    ["read zones", [], /"Zone Read"/, () => dns().zones(context())],
    ["read records", ["Zone Read"], /"DNS Read" for example\.org/, () => dns().list(context(), zone)],
    [
      "write records",
      ["Zone Read", "DNS Read"],
      /"DNS Write" for example\.org/,
      () => dns().apply(context(), zone, write),
    ],
    [
      "read the TLS mode",
      ["Zone Read", "DNS Write"],
      /"Zone Settings Read"/,
      () => cloudflare({ endpoint: double.url, proxied: true }).dns.inspect?.(context(), zone, [zone]),
    ],
    [
      "see certificates",
      ["Zone Read", "DNS Write", "Zone Settings Read"],
      /"SSL and Certificates Read"/,
      async () => {
        const findings = await cloudflare({ endpoint: double.url, proxied: true }).dns.inspect?.(
          context(),
          zone,
          [zone],
        );
        throw Object.assign(new Error(), { findings });
      },
    ],
  ])("a token that may not %s: the permission is named", async (what, permissions, hint, call) => {
    const [only] = double.tokens;
    if (only) only.permissions = permissions;
    if (what === "see certificates") {
      await expect(call()).rejects.toMatchObject({
        findings: expect.arrayContaining([expect.objectContaining({ hint: expect.stringMatching(hint) })]),
      });
      return;
    }
    const error = await failureOf(Promise.resolve(call()));
    expect(error).toMatchObject({ code: "cloudflare.forbidden", retryable: false });
    expect(error.hint).toMatch(hint);
  });

  it("asks for permissions which the schema names for its calls", (test) => {
    if (!existsSync(defaultSchema())) test.skip("the published schema is not here");
    const judge = createJudge(defaultSchema(), []);
    for (const { route, needs } of Object.values(operations)) {
      const [method = "", path = ""] = route.split(" ");
      // The part of the schema that is kept here has no rulesets: their permission is from the reference.
      if (path.includes("/rulesets")) continue;
      const named = judge?.permissions(method, path.replace(/\{\w+\}/g, "0")) ?? [];
      expect(
        named.map((one) => one.replace("Zone Zone", "Zone")),
        route,
      ).toContain(needs);
    }
  });

  it("a zone that is not there, is in another account, or is not the token's is told from a failure", async () => {
    await double.addZone({ name: "theirs.test", account: "f".repeat(32) });
    for (const name of ["nowhere.test", "theirs.test"]) {
      const error = await failureOf(dns().list(context(), name));
      expect(error).toMatchObject({ code: "cloudflare.no-zone", retryable: false });
      expect(error.message).toContain(name);
    }
  });

  it("a zone that was removed and added again is found by its new id", async () => {
    const provider = dns();
    await provider.list(context(), zone);
    (double.zones as unknown[]).splice(0, 1);
    expect(await failureOf(provider.list(context(), zone))).toMatchObject({ code: "cloudflare.no-zone" });
    await double.addZone({ name: zone });
    expect(await provider.list(context(), zone)).toEqual([]);
  });

  it("a full zone says how many records it holds, and how many it may", async () => {
    double.zone(zone).quota = 0;
    const error = await failureOf(dns().apply(context(), zone, write));
    expect(error).toMatchObject({ code: "cloudflare.quota", retryable: false });
    expect(error.message).toBe("example.org holds 0 of the 0 records of its plan: 1 more do not fit.");
  });

  it("a comment that is too long is refused by Cloudflare in its own words", async () => {
    const [change] = write;
    const long = { ...change, marker: `deploy:${"x".repeat(600)}` } as DnsRecordChange;
    const error = await failureOf(dns().apply(context(), zone, [long]));
    expect(error).toMatchObject({ code: "cloudflare.refused" });
    expect(error.message).toMatch(/comment exceeds the limit of 500 characters/);
  });

  it("blocked for five minutes, it says until when, and does not wait so long by itself", async () => {
    double.faults.set({
      times: Number.POSITIVE_INFINITY,
      does: {
        kind: "answer",
        status: 429,
        errors: [{ code: 10_300, message: "throttled" }],
        headers: { "Retry-After": "300" },
      },
    });
    const error = await failureOf(dns().zones(context()));
    expect(error).toMatchObject({
      code: "cloudflare.throttled",
      retryable: true,
      details: { status: 429, retryAfterMs: 300_000 },
    });
    expect(error.message).toContain("until 12:05:00 UTC");
    expect(double.calls).toHaveLength(1);
    expect(clock.pauses).toEqual([]);
  });

  it("a short pause that it is asked for is kept", async () => {
    double.faults.set({
      does: { kind: "answer", status: 429, errors: [], headers: { "Retry-After": "7" } },
    });
    expect(await dns().zones(context())).toEqual([zone]);
    expect(clock.pauses[0]).toBeGreaterThanOrEqual(7_000);
  });

  it("a 200 with success false is the error it is, not an empty list", async () => {
    double.faults.set({
      path: "dns_records",
      does: { kind: "answer", status: 200, errors: [{ code: 1015, message: "not now" }] },
    });
    const error = await failureOf(dns().list(context(), zone));
    expect(error).toMatchObject({ code: "cloudflare.refused", details: { codes: [1015] } });
    expect(error.message).toContain("not now (1015)");
  });

  it("a page of a proxy with status 200 is no empty zone: it is asked again, and an error at last", async () => {
    double.faults.set({ path: "dns_records", does: { kind: "page", status: 200 } });
    expect(await dns().list(context(), zone)).toEqual([]);
    double.faults.set({ path: "dns_records", times: 9, does: { kind: "page", status: 200 } });
    expect(await failureOf(dns().list(context(), zone))).toMatchObject({ code: "cloudflare.unavailable" });
  });

  it("reads are repeated, and writes are not", async () => {
    const down = { kind: "answer", status: 503, errors: [] } as const;
    double.faults.set({ path: "dns_records", times: 2, does: down });
    expect(await dns().list(context(), zone)).toEqual([]);
    expect(clock.pauses).toHaveLength(2);
    double.faults.set({ path: "/batch", times: 9, does: down });
    double.calls.length = 0;
    const error = await failureOf(dns().apply(context(), zone, write));
    expect(error).toMatchObject({ code: "cloudflare.unavailable", retryable: true });
    expect(double.calls.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  it("ends with its signal, and asks nothing under one that is aborted", async () => {
    const aborted = AbortSignal.abort();
    expect(await failureOf(dns().zones(context({ signal: aborted })))).toMatchObject({
      code: "run.cancelled",
    });
    expect(double.calls).toEqual([]);
    double.faults.set({ does: { kind: "hang" } });
    const error = await failureOf(dns().zones(context({ signal: AbortSignal.timeout(30) })));
    expect(error).toMatchObject({ code: "run.cancelled" });
  });

  it("refuses options that it does not keep to", async () => {
    const odd = { ssl: "flexible" } as never;
    expect(await failureOf(Promise.resolve().then(() => cloudflare(odd)))).toMatchObject({
      code: "cloudflare.bad-options",
    });
  });
});

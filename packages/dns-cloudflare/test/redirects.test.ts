import type { CloudflareDouble } from "@deploy/cloudflare-double";
import {
  type AnyResource,
  applyPlan,
  type Clock,
  type Context,
  ownedRecords,
  type PlanOptions,
  preparePlan,
  recordMarker,
  type Scope,
  systemClock,
} from "@deploy/core";
import { Cloudflare } from "cloudflare";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cloudflare } from "../src/index.js";
import { contextWith, createDouble, failureOf, token } from "./workplace.js";

const zone = "example.org";
const host = `www.${zone}`;
const scope = { app: "shop", environment: "production" };
const ruleId = `cloudflare/dns/redirect/${host}`;
const recordId = `cloudflare/dns/${host}`;
const entry = "/zones/{zone_id}/rulesets/phases/{ruleset_phase}/entrypoint";

const theirs = (
  expression: string,
  value = "https://elsewhere.example/",
): Readonly<Record<string, unknown>> => ({
  action: "redirect",
  expression,
  description: "made by hand",
  action_parameters: { from_value: { status_code: 302, target_url: { value } } },
});

describe("redirects at the edge", () => {
  let double: CloudflareDouble;
  const provider = () => cloudflare({ endpoint: double.url });
  const prepare = (redirects: Readonly<Record<string, string>>, options: PlanOptions = {}) => {
    const own = provider();
    // As a deployer asks it: core finds the records by their markers.
    const used = {
      ...own,
      owned: async (context: Context, whose: Scope) => [
        ...((await own.owned?.(context, whose)) ?? []),
        ...(await ownedRecords(own, context, whose)),
      ],
    };
    const resources = Object.entries(redirects).flatMap(
      ([from, to]): readonly AnyResource[] =>
        used.dns.redirect?.(scope, from, to, { after: [] }).resources ?? [],
    );
    const clock: Clock = {
      now: () => systemClock.now(),
      sleep: (milliseconds, signal) => systemClock.sleep(Math.min(milliseconds, 20), signal),
    };
    const context = contextWith({ clock });
    return preparePlan({
      scope,
      operation: "up",
      context,
      resources,
      providers: [used],
      prune: true,
      options,
    });
  };
  const up = async (redirects: Readonly<Record<string, string>>, options?: PlanOptions) =>
    applyPlan(await prepare(redirects, options));
  const rules = () => double.zone(zone).redirects?.rules ?? [];
  const records = () => [...double.zone(zone).records.values()];
  const ours = () => rules().filter(({ description }) => description.startsWith("deploy:"));
  const writes = () =>
    double.calls.filter(({ method, path }) => method !== "GET" && path.includes("rulesets"));

  beforeEach(async () => {
    double = await createDouble({ dns: false });
  });
  afterEach(async () => {
    expect(double.violations).toEqual([]);
    expect(double.failures).toEqual([]);
    await double.close();
  });

  it("makes the rule first, then the proxied record; the official client reads it; the second plan is empty", async () => {
    const prepared = await prepare({ [host]: zone });
    expect(prepared.plan.blocks).toEqual([]);
    expect(prepared.plan.changes.map(({ id, action }) => [id, action])).toEqual([
      [ruleId, "create"],
      [recordId, "create"],
    ]);
    expect(writes()).toEqual([]);
    await applyPlan(prepared);
    const sdk = new Cloudflare({ apiToken: token, baseURL: double.url, maxRetries: 0 });
    const zone_id = double.zone(zone).id;
    const read = await sdk.rulesets.phases.get("http_request_dynamic_redirect", { zone_id });
    expect(read).toMatchObject({
      kind: "zone",
      rules: [
        {
          action: "redirect",
          expression: `http.host eq "${host}"`,
          description: recordMarker(scope, `redirect/${host}`),
          enabled: true,
          action_parameters: {
            from_value: {
              status_code: 301,
              preserve_query_string: true,
              target_url: { expression: `concat("https://${zone}", http.request.uri.path)` },
            },
          },
        },
      ],
    });
    expect(records()).toMatchObject([{ name: host, type: "A", content: "192.0.2.0", proxied: true }]);
    const order = double.calls.filter(({ method }) => method !== "GET").map(({ route }) => route);
    expect(order).toEqual(["/zones/{zone_id}/rulesets", "/zones/{zone_id}/dns_records/batch"]);
    expect((await prepare({ [host]: zone })).plan.changes).toEqual([]);
  });

  it("reads the rules of a zone once for a plan, prune included", async () => {
    await up({ [host]: zone, [`shop.${zone}`]: zone });
    double.calls.length = 0;
    await prepare({ [host]: zone, [`shop.${zone}`]: zone });
    expect(double.calls.filter(({ route }) => route === entry)).toHaveLength(1);
  });

  it("leaves the rules of others and their order alone, whatever it does to its own", async () => {
    double.addRedirects(zone, [theirs('http.host eq "a.example.org"'), theirs('http.host contains "b"')]);
    const before = rules();
    await up({ [host]: zone, [`shop.${zone}`]: zone });
    expect(rules().slice(0, 2)).toEqual(before);
    expect(ours()).toHaveLength(2);
    await up({ [host]: `shop.${zone}` });
    expect(rules().slice(0, 2)).toEqual(before);
    expect(ours()).toMatchObject([{ expression: `http.host eq "${host}"` }]);
    await up({});
    expect(rules()).toEqual(before);
    expect(records()).toEqual([]);
  });

  it.each([
    [
      "where it leads",
      {
        from_value: {
          status_code: 301,
          preserve_query_string: true,
          target_url: { value: "https://x.example/" },
        },
      },
      {},
    ],
    [
      "its status",
      {
        from_value: {
          status_code: 302,
          preserve_query_string: true,
          target_url: { expression: `concat("https://${zone}", http.request.uri.path)` },
        },
      },
      {},
    ],
    [
      "its query",
      {
        from_value: {
          status_code: 301,
          target_url: { expression: `concat("https://${zone}", http.request.uri.path)` },
        },
      },
      {},
    ],
    ["whether it is on", undefined, { enabled: false }],
    ["its host", undefined, { expression: 'http.host eq "other.example.org"' }],
  ])("sees that somebody changed %s, and puts it back in place", async (_what, action_parameters, more) => {
    await up({ [host]: zone });
    const [made] = rules();
    if (made === undefined) throw new Error("no rule");
    const held = double.zone(zone).redirects;
    if (held === undefined) throw new Error("no ruleset");
    const changed = { ...made, ...more, ...(action_parameters === undefined ? {} : { action_parameters }) };
    double.zone(zone).redirects = { ...held, rules: [changed] };
    const prepared = await prepare({ [host]: zone });
    expect(prepared.plan.changes).toMatchObject([{ id: ruleId, action: "update" }]);
    expect(prepared.plan.changes[0]?.fields).toHaveLength(1);
    await applyPlan(prepared);
    expect(rules()).toMatchObject([
      { id: made.id, action_parameters: made.action_parameters, enabled: true, expression: made.expression },
    ]);
  });

  it("takes brackets that the dashboard adds for no difference", async () => {
    await up({ [host]: zone });
    const held = double.zone(zone).redirects;
    const [made] = rules();
    if (held === undefined || made === undefined) throw new Error("no rule");
    double.zone(zone).redirects = { ...held, rules: [{ ...made, expression: `(${made.expression})` }] };
    expect((await prepare({ [host]: zone })).plan.changes).toEqual([]);
  });

  it("leads a host elsewhere by changing its rule, in place", async () => {
    await up({ [host]: zone });
    const [before] = rules();
    const prepared = await prepare({ [host]: `shop.${zone}` });
    expect(prepared.plan.changes).toMatchObject([
      {
        id: ruleId,
        action: "update",
        fields: [{ path: "to", to: `concat("https://shop.${zone}", http.request.uri.path)` }],
      },
    ]);
    await applyPlan(prepared);
    expect(rules().map(({ id }) => id)).toEqual([before?.id]);
  });

  it("is blocked by a rule of somebody else for the same host, and takes it over by word alone", async () => {
    double.addRedirects(zone, [theirs(`(http.host eq "${host}")`), theirs('http.host eq "a.example.org"')]);
    const before = rules();
    const { plan } = await prepare({ [host]: zone });
    expect(plan.blocks).toMatchObject([{ id: ruleId }]);
    expect(plan.blocks[0]?.message).toContain("not made by Deploy");
    expect(rules()).toEqual(before);
    await up({ [host]: zone }, { adopt: [ruleId] });
    expect(rules().map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(rules()[0]).toMatchObject({
      description: recordMarker(scope, `redirect/${host}`),
      action_parameters: { from_value: { status_code: 301 } },
    });
    expect(rules()[1]).toEqual(before[1]);
    expect((await prepare({ [host]: zone })).plan.changes).toEqual([]);
  });

  it("is blocked by any address of somebody else at the host", async () => {
    await double.addRecords(zone, [{ name: host, type: "AAAA", ttl: 300, content: "2001:db8::1" }]);
    const { plan } = await prepare({ [host]: zone });
    expect(plan.blocks).toMatchObject([{ id: recordId }]);
  });

  it("down removes the record, then the rule, and nothing else", async () => {
    double.addRedirects(zone, [theirs('http.host eq "a.example.org"')]);
    const before = rules();
    await up({ [host]: zone });
    double.calls.length = 0;
    await applyPlan(await prepare({}));
    const order = double.calls.filter(({ method }) => method !== "GET").map(({ route }) => route);
    expect(order).toEqual([
      "/zones/{zone_id}/dns_records/batch",
      "/zones/{zone_id}/rulesets/{ruleset_id}/rules/{rule_id}",
    ]);
    expect(rules()).toEqual(before);
    expect((await prepare({})).plan.changes).toEqual([]);
  });

  it.each([
    ["the ruleset", "POST", /\/rulesets$/, {}],
    ["a rule", "POST", /\/rules$/, { others: true }],
    ["a change", "PATCH", /\/rules\//, { again: true }],
    ["a removal", "DELETE", /\/rules\//, { gone: true }],
  ] as const)(
    "an answer to %s that is lost is looked up, and nothing is done twice",
    async (_what, method, path, more: { others?: boolean; again?: boolean; gone?: boolean }) => {
      if (more.others) double.addRedirects(zone, [theirs('http.host eq "a.example.org"')]);
      const others = rules();
      if (more.again || more.gone) await up({ [host]: zone });
      double.calls.length = 0;
      double.faults.set({ method, path, does: { kind: "lost" } });
      const wanted = more.gone ? {} : { [host]: more.again ? `shop.${zone}` : zone };
      await up(wanted);
      expect(writes()).toHaveLength(1);
      expect(ours()).toHaveLength(more.gone ? 0 : 1);
      expect(rules().slice(0, others.length)).toEqual(others);
      expect((await prepare(wanted)).plan.changes).toEqual([]);
    },
  );

  it("somebody else who makes the ruleset meanwhile keeps his, and our rule goes into it", async () => {
    double.faults.set({
      method: "POST",
      path: /\/rulesets$/,
      does: {
        kind: "before",
        run: async () => double.addRedirects(zone, [theirs('http.host eq "a.example.org"')]),
      },
    });
    await up({ [host]: zone });
    expect(rules().map(({ description }) => description)).toEqual([
      "made by hand",
      recordMarker(scope, `redirect/${host}`),
    ]);
  });

  it("a rule of somebody else that comes between plan and write is not overruled", async () => {
    const prepared = await prepare({ [host]: zone });
    double.addRedirects(zone, [theirs(`http.host eq "${host}"`)]);
    const error = await failureOf(applyPlan(prepared));
    expect(error.code).toMatch(/foreign/);
    expect(rules()).toHaveLength(1);
    expect(records()).toEqual([]);
  });

  it("a second rule with our marker, left behind by two runs at once, is seen and goes", async () => {
    await up({ [host]: zone });
    const held = double.zone(zone).redirects;
    if (held === undefined) throw new Error("no ruleset");
    double.zone(zone).redirects = {
      ...held,
      rules: [...held.rules, ...held.rules.map((one) => ({ ...one, id: "f".repeat(32) }))],
    };
    expect((await prepare({ [host]: zone })).plan.changes[0]?.fields).toEqual([
      { path: "copies", from: 2, to: 1 },
    ]);
    await up({ [host]: zone });
    expect(rules()).toEqual(held.rules.map((one) => expect.objectContaining({ id: one.id })));
  });

  it("a zone with all the rules of its plan says how many there may be", async () => {
    double.zone(zone).plan = "free";
    double.addRedirects(
      zone,
      Array.from({ length: 10 }, (_, index) => theirs(`http.host eq "h${index}.example.org"`)),
    );
    const error = await failureOf(up({ [host]: zone }));
    expect(error).toMatchObject({ code: "cloudflare.quota", retryable: false });
    expect(error.message).toContain("11 out of 10");
    expect(error.hint).toContain("redirect rules");
    expect(records()).toEqual([]);
  });

  it("refuses a host two levels down, and a wildcard", async () => {
    const error = await failureOf(up({ [`a.b.${zone}`]: zone }));
    expect(error.message).toContain("Advanced Certificate Manager");
    expect(() => provider().dns.redirect?.(scope, `*.${zone}`, zone, { after: [] })).toThrow(
      /wildcard|cannot be redirected/,
    );
    expect(rules()).toEqual([]);
  });

  describe("with a token that may not see redirects", () => {
    beforeEach(() => {
      const [only] = double.tokens;
      if (only) only.permissions = ["Zone Read", "DNS Write", "DNS Read", "SSL and Certificates Read"];
    });

    it("an app without redirects is none the worse", async () => {
      expect((await prepare({})).plan.blocks).toEqual([]);
    });

    it("a redirect is refused, and the permission named as the API and the dashboard call it", async () => {
      const error = await failureOf(prepare({ [host]: zone }));
      expect(error).toMatchObject({ code: "cloudflare.forbidden" });
      expect(error.hint).toContain(
        '"Dynamic URL Redirects Read" (in the dashboard "Single Redirect, Read") for example.org',
      );
    });

    it("a redirect that was made with another token is not forgotten", async () => {
      const marker = recordMarker(scope, host);
      await double.addRecords(zone, [
        { name: host, type: "A", ttl: 1, content: "192.0.2.0", proxied: true, comment: marker },
      ]);
      expect(await failureOf(prepare({}))).toMatchObject({ code: "cloudflare.forbidden" });
    });
  });
});

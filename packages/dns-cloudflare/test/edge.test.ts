import type { CloudflareDouble } from "@deploy/cloudflare-double";
import { type AnyResource, applyPlan, type Context, preparePlan } from "@deploy/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CloudflareOptions, cloudflare } from "../src/index.js";
import { contextWith, createDouble, failureOf } from "./workplace.js";

const zone = "example.org";
const scope = { app: "shop", environment: "production" };

describe("TLS at the edge", () => {
  let double: CloudflareDouble;
  const plan = (hosts: readonly string[], secure: boolean, options: CloudflareOptions = {}) => {
    const { dns } = cloudflare({ endpoint: double.url, proxied: true, ...options });
    const planned = dns.edge?.(scope, hosts, { secure }) ?? { resources: [], hosts: [] };
    const [mode, ...certificates] = planned.resources;
    return { planned, mode: mode as AnyResource, certificates };
  };
  const read = (resource: AnyResource | undefined, context: Context = contextWith()) =>
    Promise.resolve(resource?.read(context)) as Promise<never>;
  const pack = () => {
    const [universal] = double.zone(zone).packs;
    if (universal === undefined) throw new Error("no pack");
    return universal;
  };

  beforeEach(async () => {
    double = await createDouble({ dns: false });
  });
  afterEach(async () => {
    expect(double.violations).toEqual([]);
    expect(double.failures).toEqual([]);
    await double.close();
  });

  it("is none of the plan's business while nothing is proxied", () => {
    expect(plan([zone], true, { proxied: false }).planned).toEqual({ resources: [], hosts: [] });
    const { planned } = plan([zone, `www.${zone}`], true, { proxied: [`WWW.${zone}.`] });
    expect(planned.hosts).toEqual([`www.${zone}`]);
    expect(double.calls).toEqual([]);
  });

  it.each([
    ["flexible", true, /without end/],
    ["off", true, /plain HTTP alone/],
    ["strict", false, /526/],
  ] as const)("refuses a zone in mode %s where the origin's TLS is %s", async (ssl, secure, why) => {
    double.zone(zone).ssl = ssl;
    const error = await failureOf(read(plan([zone], secure).mode));
    expect(error).toMatchObject({ code: "cloudflare.tls-mode", retryable: false });
    expect(error.message).toContain(`of ${zone} at Cloudflare is ${ssl}`);
    expect(error.message).toMatch(why);
    expect(double.zone(zone).ssl).toBe(ssl);
  });

  it.each([
    ["full", true],
    ["strict", true],
    ["full", false],
    ["flexible", false],
  ] as const)("leaves a zone in mode %s where the origin's TLS is %s", async (ssl, secure) => {
    double.zone(zone).ssl = ssl;
    const { mode } = plan([zone], secure);
    expect(await read(mode)).toMatchObject({ modes: [[zone, ssl]] });
    expect(mode.update).toBeUndefined();
    expect(mode.create).toBeUndefined();
  });

  it("changes the mode of the whole zone by an explicit word alone, and says so in the plan", async () => {
    Object.assign(double.zone(zone), { ssl: "flexible", automaticMode: "auto" });
    const { planned } = plan([zone, `www.${zone}`], true, { ssl: "strict" });
    const prepare = () =>
      preparePlan({
        scope,
        operation: "up",
        context: contextWith(),
        resources: planned.resources,
        providers: [cloudflare({ endpoint: double.url })],
        prune: false,
      });
    const prepared = await prepare();
    expect(prepared.plan.changes).toMatchObject([
      { action: "update", label: "TLS mode of the whole zone", fields: [{ path: zone, to: "strict" }] },
    ]);
    expect(double.zone(zone).ssl).toBe("flexible");
    await applyPlan(prepared);
    expect(double.zone(zone)).toMatchObject({ ssl: "strict", automaticMode: "custom" });
    expect((await prepare()).plan.changes).toEqual([]);
  });

  it("reads a zone once for all of its hosts", async () => {
    const { planned } = plan([zone, `www.${zone}`, `*.${zone}`], true);
    const context = contextWith();
    await Promise.all(planned.resources.map((resource) => read(resource, context)));
    expect(double.calls.map(({ route }) => route).sort()).toEqual([
      "/zones",
      "/zones/{zone_id}/settings/{setting_id}",
      "/zones/{zone_id}/ssl/certificate_packs",
    ]);
  });

  it("waits for Universal SSL with its reason, and opens once it is active", async () => {
    Object.assign(pack(), {
      status: "pending_validation",
      problem: "CAA record forbids it",
      expires: undefined,
    });
    const [gate] = plan([`www.${zone}`], true).certificates;
    const pending = gate?.pending?.(await read(gate));
    expect(pending).toBe(`Universal SSL for www.${zone}: pending_validation (CAA record forbids it)`);
    pack().status = "active";
    expect(gate?.pending?.(await read(gate))).toBeUndefined();
    const unknown = { host: zone, status: "a_status_of_tomorrow" } as never;
    expect(gate?.pending?.(unknown)).toContain("a_status_of_tomorrow");
  });

  it.each(["validation_timed_out", "expired", "deleted"])(
    "ends where no certificate comes any more: %s",
    async (status) => {
      pack().status = status;
      const [gate] = plan([zone], true).certificates;
      const observed = await read(gate);
      const error = await failureOf(Promise.resolve().then(() => gate?.pending?.(observed)));
      expect(error).toMatchObject({ code: "cloudflare.edge-certificate-failed" });
      expect(error.message).toContain(status);
    },
  );

  it("refuses a host two levels down, unless a certificate covers it", async () => {
    const host = `a.b.${zone}`;
    const error = await failureOf(read(plan([host], true).certificates[0]));
    expect(error).toMatchObject({ code: "cloudflare.no-edge-certificate" });
    expect(error.message).toContain("Advanced Certificate Manager");
    double
      .zone(zone)
      .packs.push({ id: "1".repeat(32), type: "advanced", hosts: [`*.b.${zone}`], status: "active" });
    expect(await read(plan([host], true).certificates[0])).toMatchObject({ host, status: "active" });
  });

  it("refuses where Universal SSL is switched off, and waits where it is only new", async () => {
    double.zone(zone).packs = [];
    const { certificates } = plan([zone], true);
    expect(certificates[0]?.pending?.(await read(certificates[0]))).toContain("none ordered yet");
    double.zone(zone).universalEnabled = false;
    const error = await failureOf(read(certificates[0]));
    expect(error.message).toContain("switched off");
  });

  it("tells of a zone: delegation, records, mode and certificates", async () => {
    const { dns } = cloudflare({ endpoint: double.url, proxied: [`www.${zone}`] });
    expect(await dns.inspect?.(contextWith(), zone, [zone, `www.${zone}`])).toEqual([
      { name: zone, severity: "note", message: "TLS mode of the zone: full." },
      {
        name: `www.${zone}`,
        severity: "note",
        message: "Certificate of the edge: active, until 2099-01-01, renewed by Cloudflare.",
      },
    ]);
    Object.assign(double.zone(zone), { status: "pending", ssl: "flexible", quota: 0, packs: [] });
    const { dns: fresh } = cloudflare({ endpoint: double.url, proxied: true });
    const findings = (await fresh.inspect?.(contextWith(), zone, [`a.b.${zone}`])) ?? [];
    expect(findings.map(({ severity }) => severity)).toEqual(["problem", "note", "problem", "problem"]);
    expect(findings[0]?.hint).toContain("ada.ns.cloudflare.com and bob.ns.cloudflare.com");
    expect(findings[3]?.message).toContain("Advanced Certificate Manager");
    const plain = cloudflare({ endpoint: double.url }).dns;
    double.calls.length = 0;
    await plain.inspect?.(contextWith(), zone, [zone]);
    expect(double.calls.map(({ route }) => route)).not.toContain("/zones/{zone_id}/settings/{setting_id}");
  });
});

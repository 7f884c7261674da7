import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CloudflareDouble, createCloudflareDouble } from "@deploy/cloudflare-double";
import { referenceProvider } from "@deploy/conformance";
import {
  type Clock,
  createDeployer,
  type DeployError,
  type Deployer,
  type DnsProvider,
  defineApp,
  systemClock,
} from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { namecheap } from "@deploy/dns-namecheap";
import { createNamecheapDouble } from "@deploy/namecheap-double";
import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

/*
 * What a vendor refuses, or somebody else does, while an app is put into service: one clear error each. What is only known
 * once the vendor was asked to write is told then; the zone is as it was, and what the target has by then is said here.
 */

const zone = "example.org";
const token = "token-of-owner";
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`what is refused of examples/domains is skipped: ${powerDnsMissing}`);

describe.skipIf(!hasPowerDns)("refused by the vendor of a zone", { timeout: 120_000 }, () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "deploy-domains-refused-"));
    writeFileSync(join(directory, "app.txt"), "hello\n");
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function deployer(
    dns: DnsProvider,
    env: Readonly<Record<string, string>>,
    host: string = `www.${zone}`,
    clock: Clock = systemClock,
  ): Deployer {
    const app = defineApp({
      name: "domains",
      build: { command: "make" },
      processes: { web: { command: "serve", health: "/healthz" } },
      environments: {
        production: { target: referenceProvider({ name: "memory" }), dns, domains: { [host]: "web" } },
      },
    });
    return createDeployer(app, { environment: "production", directory, clock, env: { ...env } });
  }
  const failure = async (running: PromiseLike<unknown>): Promise<DeployError> => {
    const error = (await Promise.resolve(running).catch((thrown: unknown) => thrown)) as DeployError;
    expect(error).toMatchObject({ name: "DeployError", hint: expect.stringMatching(/\w/) });
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain(token);
    return error;
  };

  describe("Cloudflare", () => {
    let double: CloudflareDouble;
    beforeEach(async () => {
      double = await createCloudflareDouble({ zones: [{ name: zone }] });
      await double.addRecords(zone, [
        { name: zone, type: "MX", content: "mail.example.net", priority: 10, ttl: 300 },
      ]);
    }, 60_000);
    afterEach(async () => {
      await double?.close();
      expect(double?.violations).toEqual([]);
      expect(double?.failures).toEqual([]);
    });
    const own = (options: Parameters<typeof cloudflare>[0] = {}): DnsProvider =>
      cloudflare({ endpoint: double.url, ...options });
    const env = { CLOUDFLARE_API_TOKEN: token };
    const held = (): string => JSON.stringify([...double.zone(zone).records.values()]);
    const written = (): number => double.calls.filter(({ method }) => method !== "GET").length;

    it("a zone that is full: how many it holds, and nothing of the batch is written", async () => {
      double.zone(zone).quota = 2;
      await double.addRecords(zone, [{ name: `a.${zone}`, type: "A", content: "198.51.100.1", ttl: 300 }]);
      const before = held();
      // The target serves by then: a zone tells that it is full when it is written to, and records come last.
      const error = await failure(deployer(own(), env).up());
      expect(error).toMatchObject({ code: "cloudflare.quota" });
      expect(error.message).toMatch(/example\.org holds 2 of the 2 records of its plan/);
      expect(error.hint).toMatch(/Remove records|larger plan/);
      expect(held()).toBe(before);
    });

    it("a proxied host that no certificate of the edge covers: named, with the ways out, before anything is made", async () => {
      const before = held();
      const error = await failure(deployer(own({ proxied: true }), env, `a.deep.${zone}`).up());
      expect(error).toMatchObject({ code: "cloudflare.no-edge-certificate" });
      expect(error.message).toMatch(/a\.deep\.example\.org/);
      expect(error.hint).toMatch(/one level below the zone.*do not proxy/);
      expect(held()).toBe(before);
      expect(written()).toBe(0);
    });

    it("a proxied host in a zone whose mode breaks it: the mode is named, and not changed without the word for it", async () => {
      double.zone(zone).ssl = "off";
      const error = await failure(deployer(own({ proxied: true }), env).up());
      expect(error).toMatchObject({ code: "cloudflare.tls-mode" });
      expect(error.message).toMatch(/TLS mode of example\.org at Cloudflare is off/);
      expect(error.hint).toMatch(/`proxied`/);
      expect(double.zone(zone).ssl).toBe("off");
      expect(written()).toBe(0);
    });

    it("no calls for five minutes: until when is said, and nobody waits for it", async () => {
      const before = held();
      const slept: number[] = [];
      const clock: Clock = {
        now: () => systemClock.now(),
        sleep: (milliseconds, signal) => {
          slept.push(milliseconds);
          return systemClock.sleep(milliseconds, signal);
        },
      };
      double.faults.set({
        times: Number.POSITIVE_INFINITY,
        does: {
          kind: "answer",
          status: 429,
          errors: [{ code: 10_429, message: "More than 1200 requests per 300 seconds reached" }],
          headers: { "retry-after": "300" },
        },
      });
      const error = await failure(deployer(own(), env, `www.${zone}`, clock).up());
      expect(error).toMatchObject({ code: "cloudflare.throttled", retryable: true });
      expect(error.message).toMatch(/takes no calls from this token until \d\d:\d\d:\d\d UTC/);
      expect(error.hint).toMatch(/five minutes/);
      expect(held()).toBe(before);
      expect(slept.filter((milliseconds) => milliseconds >= 60_000)).toEqual([]);
    });

    it("somebody else takes the name between the plan and the write: theirs stays, and is named", async () => {
      const plan = await deployer(own(), env).plan();
      expect(plan.blocks).toEqual([]);
      const theirs = { name: `www.${zone}`, type: "A", content: "198.51.100.9", ttl: 300 };
      double.faults.set({
        method: "POST",
        path: "/batch",
        does: { kind: "before", run: () => double.addRecords(zone, [theirs]) },
      });
      const error = await failure(deployer(own(), env).up());
      expect(error.code).toMatch(/foreign|conflict/);
      expect(error.message).toContain(`www.${zone}`);
      const at = [...double.zone(zone).records.values()].filter(({ name }) => name === theirs.name);
      expect(at).toMatchObject([{ type: "A", content: theirs.content }]);
    });
  });

  describe("Namecheap", () => {
    const hosts = [
      { name: "@", type: "MX", address: "mail.example.net", mxPref: 10, ttl: 300 },
      { name: "blog", type: "A", address: "198.51.100.7", ttl: 300 },
    ] as const;

    it("an editor at the same time: who lost what is told, with the copy that brings it back", async () => {
      const double = await createNamecheapDouble({
        perMinute: Number.POSITIVE_INFINITY,
        domains: [{ name: zone, emailType: "MX", hosts }],
      });
      try {
        const env = { ...double.env, DEPLOY_HOME: join(directory, "home") };
        const theirs = { name: "shop", type: "A", address: "198.51.100.8", ttl: 300 } as const;
        double.next("domains.dns.sethosts", {
          kind: "after",
          act: () => double.plant(zone, theirs),
        });
        const error = await failure(deployer(namecheap(), env).up());
        expect(error).toMatchObject({ code: "dns.concurrent-change" });
        expect(error.message).toMatch(/Somebody else has written example\.org.*not expected: .*shop/);
        const [copy = ""] = readdirSync(join(directory, "home", "namecheap", zone));
        expect(error.hint).toContain(`deploy domains restore ${zone} --copy=${copy.replace(/\.json$/, "")}`);
        // Theirs was written last, and stays.
        expect(double.domain(zone).hosts).toContainEqual(expect.objectContaining({ name: "shop" }));
      } finally {
        await double.close();
      }
    });
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CloudflareDouble, createCloudflareDouble } from "@deploy/cloudflare-double";
import type { DnsProvider } from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { namecheap } from "@deploy/dns-namecheap";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { createNamecheapDouble, type NamecheapDouble } from "@deploy/namecheap-double";
import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { heroku } from "@deploy/provider-heroku";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exampleDeployer, type Here, lines, listed } from "./support.js";

/*
 * The example on Heroku's double, where its web process really runs, with its domains at Cloudflare and at Namecheap, each
 * a double on PowerDNS; and what is refused of it, with the ways out.
 */

const zone = "example.org";
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`examples/domains on Heroku is skipped: ${powerDnsMissing}`);

describe.skipIf(!hasPowerDns)("examples/domains on Heroku", { timeout: 180_000 }, () => {
  let double: HerokuDouble;
  let directory: string;
  let env: Record<string, string>;
  // An account for each test: what a failed one leaves behind is nothing that the next one finds.
  beforeEach(async () => {
    double = await createHerokuDouble({
      databases: false,
      registry: false,
      delays: { domainTarget: 100, boot: 60_000, shutdown: 30_000 },
    });
    directory = mkdtempSync(join(tmpdir(), "deploy-domains-"));
    writeFileSync(join(directory, "rendezvous.pem"), double.certificate);
    env = {
      HEROKU_API_KEY: "token-of-owner",
      HEROKU_API_URL: double.url,
      HEROKU_DATA_URL: double.dataUrl,
      HEROKU_METRICS_URL: double.metricsUrl,
      SSL_CERT_FILE: join(directory, "rendezvous.pem"),
      DEPLOY_HOME: directory,
    };
  }, 60_000);
  afterEach(async () => {
    await double?.close();
    rmSync(directory, { recursive: true, force: true });
    expect(double?.failures).toEqual([]);
    expect(double?.violations).toEqual([]);
  });

  describe("with Cloudflare", () => {
    let vendor: CloudflareDouble;
    beforeAll(async () => {
      vendor = await createCloudflareDouble({ zones: [{ name: zone }] });
      await vendor.addRecords(zone, [
        { name: zone, type: "MX", content: "mail.example.net", priority: 10, ttl: 300 },
        { name: zone, type: "TXT", content: '"v=spf1 -all"', ttl: 300 },
        { name: `blog.${zone}`, type: "A", content: "198.51.100.7", ttl: 300 },
      ]);
    }, 60_000);
    afterAll(async () => {
      await vendor?.close();
      expect(vendor?.violations).toEqual([]);
    });

    it("is one plan, done once, empty the second time, and only ours is taken down", async () => {
      const own = { ...env, CLOUDFLARE_API_TOKEN: "token-of-owner" };
      const theirs = {
        action: "redirect",
        expression: `http.host eq "blog.${zone}"`,
        action_parameters: { from_value: { target_url: { value: "https://blog.example.net/" } } },
      };
      vendor.addRedirects(zone, [theirs]);
      const rules = () => vendor.zone(zone).redirects?.rules.map(({ expression }) => expression);
      await tellStory("heroku-cloudflare", cloudflare({ endpoint: vendor.url }), own, {
        changes: 3,
        urls: [`https://${zone}`],
        ours: (targetOf) => [`${zone} CNAME ${targetOf(zone)} (ours)`, `www.${zone} A 192.0.2.0 (ours)`],
        serving: () => expect(rules()).toEqual([theirs.expression, `http.host eq "www.${zone}"`]),
      });
      expect(rules()).toEqual([theirs.expression]);
    });
  });

  describe("with Namecheap", () => {
    let vendor: NamecheapDouble;
    beforeAll(async () => {
      vendor = await createNamecheapDouble({
        perMinute: Number.POSITIVE_INFINITY,
        domains: [
          {
            name: zone,
            emailType: "MX",
            hosts: [
              { name: "@", type: "MX", address: "mail.example.net", mxPref: 10, ttl: 300 },
              { name: "@", type: "TXT", address: "v=spf1 -all", ttl: 300 },
              { name: "blog", type: "A", address: "198.51.100.7", ttl: 300 },
            ],
          },
        ],
      });
    }, 60_000);
    afterAll(() => vendor?.close());

    it("is one plan, done once, empty the second time, and only ours is taken down", async () => {
      const own = { ...env, ...vendor.env };
      await tellStory("heroku-namecheap", namecheap(), own, {
        changes: 2,
        urls: [`https://${zone}`, `https://www.${zone}`],
        ours: (targetOf) => [
          `${zone} ALIAS ${targetOf(zone)} (ours)`,
          `www.${zone} CNAME ${targetOf(`www.${zone}`)} (ours)`,
        ],
      });
      expect(vendor.domain(zone).emailType).toBe("MX");
    });
  });

  async function tellStory(
    name: string,
    dns: DnsProvider,
    own: Readonly<Record<string, string>>,
    expected: {
      /** Changes at the DNS vendor. */
      readonly changes: number;
      /** Those of the hosts that lead to a process. */
      readonly urls: readonly string[];
      /** The records of ours, by where Heroku wants a host to lead. */
      readonly ours: (targetOf: (host: string) => string) => readonly string[];
      /** What else there is to be seen once it is up. */
      readonly serving?: () => void;
    },
  ): Promise<void> {
    const here: Here = { target: heroku({ build: "there" }), dns };
    const deployer = () => exampleDeployer(name, here, own);
    const before = await listed(dns, zone, own);

    const plan = await deployer().plan();
    expect(plan.blocks).toEqual([]);
    const of = (element: string): readonly string[] =>
      plan.changes.filter((change) => change.element === element).map(({ label }) => label);
    expect(of("dns")).toHaveLength(expected.changes);
    expect(of("certificates").length).toBeGreaterThan(0);
    expect(await listed(dns, zone, own)).toEqual(before);
    expect(double.state.apps).toEqual([]);

    const { urls } = await deployer().up({ plan });
    expect(urls.slice(0, -1)).toEqual(expected.urls);
    const app = double.state.apps.find((one) => one.domains.some(({ hostname }) => hostname === zone));
    const targetOf = (host: string): string =>
      String(app?.domains.find(({ hostname }) => hostname === host)?.cname);
    const after = await listed(dns, zone, own);
    expect(lines(after.filter(({ marker }) => marker !== undefined))).toEqual(expected.ours(targetOf));
    expected.serving?.();
    expect(after.filter(({ marker }) => marker === undefined)).toEqual(before);
    const answer = await fetch(String(urls.at(-1)), { redirect: "manual" });
    expect(await answer.text()).toMatch(/^Hello from /);

    expect((await deployer().plan()).changes).toEqual([]);
    const { left } = await deployer().down({ confirm: "domains" });
    expect(left).toEqual([]);
    expect(await listed(dns, zone, own)).toEqual(before);
    expect(double.state.apps).toEqual([]);
  }

  it("refuses a wildcard on Heroku's own certificates, before anything is made", async () => {
    const here: Here = {
      target: heroku({ build: "there" }),
      dns: cloudflare({ endpoint: "http://127.0.0.1:9" }),
      domains: { [`*.${zone}`]: "web" },
    };
    const refused = exampleDeployer("heroku-cloudflare", here, { ...env, CLOUDFLARE_API_TOKEN: "t" });
    await expect(refused.plan()).rejects.toMatchObject({
      code: "environment.unsupported",
      message: expect.stringMatching(/heroku cannot issue wildcard certificates.*single hosts/),
    });
    expect(double.state.apps).toEqual([]);
  });
});

import { type CloudflareDouble, createCloudflareDouble } from "@deploy/cloudflare-double";
import type { DeployError, DnsProvider } from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { route53 } from "@deploy/dns-route53";
import { createHerokuDouble } from "@deploy/heroku-double";
import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { ecs, fargate } from "@deploy/provider-ecs";
import { heroku } from "@deploy/provider-heroku";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixedImage } from "../../../packages/provider-ecs/test/support/fixed-image.js";
import { has } from "../../../packages/provider-ecs/test/support/needs.js";
import { useVendor } from "../../../packages/provider-ecs/test/support/use-vendor.js";
import { useRoute53Zone } from "./route53-zone.js";
import { exampleDeployer, type Here, lines, listed } from "./support.js";

/*
 * The example on AWS as moto plays it: load balancer, certificate of ACM, containers, and its domains at Cloudflare, which
 * is a double on PowerDNS, or at Route 53. No container ever runs here.
 */

const zone = "example.org";
const token = "token-of-owner";
const hasPython = await has("python");
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`examples/domains at Cloudflare is skipped: ${powerDnsMissing}`);

/** What somebody else has in the zone: at the root, where ours goes, too. */
const theirs = [
  { name: zone, type: "MX", values: ["10 mail.example.net"] },
  { name: zone, type: "TXT", values: ["v=spf1 include:_spf.example.net -all"] },
  { name: `blog.${zone}`, type: "A", values: ["198.51.100.7"] },
  { name: `_dmarc.${zone}`, type: "TXT", values: ["v=DMARC1; p=reject"] },
] as const;

describe.skipIf(!hasPython)("examples/domains on AWS", { timeout: 300_000 }, () => {
  const vendor = useVendor({ moto: { servicesRunning: 1, certificateWait: 0 } });

  describe.skipIf(!hasPowerDns)("with Cloudflare", () => {
    let double: CloudflareDouble;
    beforeAll(async () => {
      double = await createCloudflareDouble({ zones: [{ name: zone }] });
      await double.addRecords(
        zone,
        theirs.map(({ name, type, values: [value] }) =>
          type === "MX"
            ? { name, type, content: "mail.example.net", priority: 10, ttl: 300 }
            : { name, type, content: type === "TXT" ? `"${value}"` : value, ttl: 300 },
        ),
      );
    }, 60_000);
    afterAll(async () => {
      await double?.close();
      expect(double?.violations).toEqual([]);
      expect(double?.failures).toEqual([]);
    });

    it("shows everything in one plan, does it, finds nothing more to do, and takes only ours down", async () => {
      await tellStory("aws-cloudflare", cloudflare({ endpoint: double.url }), [
        expect.stringMatching(/^\*\.example\.org CNAME \S+\.elb\.amazonaws\.com \(ours\)$/),
        expect.stringMatching(/^_\w+\.example\.org CNAME \S+ \(ours\)$/),
        expect.stringMatching(/^example\.org CNAME \S+\.elb\.amazonaws\.com \(ours\)$/),
        expect.stringMatching(/^www\.example\.org CNAME \S+ \(ours\)$/),
      ]);
    });
  });

  describe("with Route 53", () => {
    const held = useRoute53Zone(() => vendor().emulator.url, zone, theirs);

    it("shows everything in one plan, does it, finds nothing more to do, and takes only ours down", async () => {
      const before = await held();
      await tellStory("aws-route53", route53(), [
        expect.stringMatching(/^\*\.example\.org ALIAS \S+\.elb\.amazonaws\.com \(ours\)$/),
        expect.stringMatching(/^_\w+\.example\.org CNAME \S+ \(ours\)$/),
        expect.stringMatching(/^example\.org ALIAS \S+\.elb\.amazonaws\.com \(ours\)$/),
        expect.stringMatching(/^www\.example\.org ALIAS \S+ \(ours\)$/),
      ]);
      expect(await held()).toEqual(before);
    });

    it("names three ways out for a root that is to lead to Heroku, as an alias leads to nothing outside of AWS, and makes nothing", async () => {
      const double = await createHerokuDouble({ databases: false, registry: false });
      try {
        const env = {
          ...vendor().env,
          HEROKU_API_KEY: "token-of-owner",
          HEROKU_API_URL: double.url,
          HEROKU_DATA_URL: double.dataUrl,
        };
        const here: Here = { target: heroku({ build: "there" }), dns: route53() };
        const up = exampleDeployer("heroku-namecheap", here, env).up();
        const error = await Promise.resolve(up).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: "dns.apex", message: expect.stringContaining(zone) });
        const { hint } = error as DeployError;
        expect(hint).toMatch(/www\.example\.org/);
        expect(hint).toMatch(/provider/);
        expect(hint).toMatch(/address/);
        expect(double.state.apps).toEqual([]);
      } finally {
        await double.close();
      }
    });
  });

  async function tellStory(
    name: "aws-cloudflare" | "aws-route53",
    dns: DnsProvider,
    ours: readonly unknown[],
  ): Promise<void> {
    const env = { ...vendor().env, CLOUDFLARE_API_TOKEN: token };
    const here: Here = {
      target: ecs({ region: "us-east-1", capacity: fargate(), roleRestSeconds: 0 }),
      dns,
      images: fixedImage("one"),
    };
    const deployer = () => exampleDeployer(name, here, env);
    const before = await listed(dns, zone, env);

    const plan = await deployer().plan();
    expect(plan.blocks).toEqual([]);
    const elements = new Set(plan.changes.map(({ element }) => element));
    expect([...elements].sort()).toEqual(
      expect.arrayContaining(["certificates", "containers", "dns", "ingress", "servers"]),
    );
    const labels = plan.changes.filter(({ element }) => element === "dns").map(({ label }) => label);
    for (const host of [zone, `www.${zone}`, `*.${zone}`])
      expect(
        labels.some((label) => label.includes(host)),
        `${host} in ${labels.join("; ")}`,
      ).toBe(true);
    expect(labels.some((label) => label.startsWith("validation record"))).toBe(true);
    expect(await listed(dns, zone, env)).toEqual(before);

    const { urls } = await deployer().up({ plan });
    expect(urls).toContain(`https://${zone}`);
    const after = await listed(dns, zone, env);
    expect(lines(after.filter(({ marker }) => marker !== undefined))).toEqual(ours);
    expect(after.filter(({ marker }) => marker === undefined)).toEqual(before);

    const again = await deployer().plan();
    expect(again.changes).toEqual([]);

    const { left } = await deployer().down({ confirm: "domains" });
    expect(left).toEqual([]);
    expect(await listed(dns, zone, env)).toEqual(before);
  }
});

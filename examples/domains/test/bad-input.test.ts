import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CloudflareDouble, createCloudflareDouble } from "@deploy/cloudflare-double";
import { referenceProvider } from "@deploy/conformance";
import { createDeployer, type DeployError, type DnsProvider, defineApp } from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { namecheap } from "@deploy/dns-namecheap";
import { createNamecheapDouble, type NamecheapDouble } from "@deploy/namecheap-double";
import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/*
 * What users get wrong about domains, or have got wrong for them: one clear error each, before anything is changed. That a
 * root cannot lead to Heroku from Route 53 is in aws.test.ts; what ACM refuses, a CAA record included, in provider-ecs;
 * what is refused once a vendor was asked to write, in refused.test.ts and certificates.test.ts.
 */

const zone = "example.org";
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`bad input of examples/domains is skipped: ${powerDnsMissing}`);

interface Bad {
  readonly what: string;
  readonly dns: () => DnsProvider;
  readonly env: () => Readonly<Record<string, string>>;
  readonly host?: string;
  readonly code: RegExp;
  /** In the message or the hint: what it is about, and what to do. */
  readonly says: readonly RegExp[];
}

describe.skipIf(!hasPowerDns)("bad input about domains", { timeout: 60_000 }, () => {
  let flare: CloudflareDouble;
  let cheap: NamecheapDouble;
  let stranger: NamecheapDouble;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "deploy-domains-bad-"));
    writeFileSync(join(directory, "app.txt"), "hello\n");
    flare = await createCloudflareDouble({
      zones: [{ name: zone }, { name: "delegated.test", quota: null }],
      tokens: [{ value: "token-that-may-do-all" }, { value: "token-without-a-scope", permissions: [] }],
    });
    await flare.addRecords("delegated.test", [
      { name: "shop.delegated.test", type: "NS", content: "ns.example.net", ttl: 300 },
      { name: "taken.delegated.test", type: "A", content: "198.51.100.1", ttl: 300 },
    ]);
    cheap = await createNamecheapDouble({
      perMinute: Number.POSITIVE_INFINITY,
      domains: [{ name: zone, emailType: "OX", hosts: [{ name: "a", type: "A", address: "198.51.100.1" }] }],
    });
    stranger = await createNamecheapDouble({ allowed: ["198.51.100.99"], domains: [{ name: zone }] });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([flare?.close(), cheap?.close(), stranger?.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  const atCloudflare = (token: string) => ({
    dns: () => cloudflare({ endpoint: flare.url }),
    env: () => ({ CLOUDFLARE_API_TOKEN: token }),
  });
  const atNamecheap = (double: () => NamecheapDouble) => ({
    dns: () => namecheap(),
    env: () => ({ ...double().env, DEPLOY_HOME: directory }),
  });
  const all: readonly Bad[] = [
    { what: "no token", ...atCloudflare(""), code: /credential|token/, says: [/CLOUDFLARE_API_TOKEN/] },
    { what: "a token of nobody", ...atCloudflare("token-that-nobody-made"), code: /./, says: [/token/i] },
    {
      what: "a token without a scope",
      ...atCloudflare("token-without-a-scope"),
      code: /./,
      says: [/Zone|DNS/],
    },
    {
      what: "a zone that these credentials do not reach",
      ...atCloudflare("token-that-may-do-all"),
      host: "www.elsewhere.test",
      code: /^dns\.no-zone$/,
      says: [/www\.elsewhere\.test/, /example\.org/],
    },
    {
      what: "a name that is given to other servers",
      ...atCloudflare("token-that-may-do-all"),
      host: "www.shop.delegated.test",
      code: /^dns\.delegated$/,
      says: [/shop\.delegated\.test/, /ns\.example\.net/],
    },
    {
      what: "a record of somebody else in the way",
      ...atCloudflare("token-that-may-do-all"),
      host: "taken.delegated.test",
      code: /foreign|conflict/,
      says: [/taken\.delegated\.test/, /adopt|by hand/],
    },
    {
      what: "a zone at Namecheap whose mail would stop",
      ...atNamecheap(() => cheap),
      code: /^dns\.closed-zone$/,
      says: [/mail/, /another DNS provider/],
    },
    {
      what: "an address that is not on Namecheap's list",
      ...atNamecheap(() => stranger),
      code: /./,
      says: [/203\.0\.113\.5/, /NAMECHEAP_CLIENT_IP|allowed addresses/],
    },
  ];

  it.each(all.map((bad) => [bad.what, bad] as const))("%s", async (_what, { dns, env, host, code, says }) => {
    const target = referenceProvider({ name: "memory" });
    const deployer = createDeployer(
      defineApp({
        name: "domains",
        build: { command: "make" },
        processes: { web: { command: "serve", health: "/healthz" } },
        environments: { production: { target, dns: dns(), domains: { [host ?? `www.${zone}`]: "web" } } },
      }),
      { environment: "production", directory, env: env() },
    );
    const held = (): string =>
      JSON.stringify([
        ...flare.zones.map(({ records }) => [...records.values()]),
        cheap.domain(zone).hosts,
        stranger.domain(zone).hosts,
      ]);
    const before = held();
    const error = (await Promise.resolve(deployer.up()).catch((thrown: unknown) => thrown)) as DeployError;
    expect(error).toMatchObject({ name: "DeployError" });
    expect(error.code).toMatch(code);
    const problems = (error.problems ?? []).map(({ message, hint }) => `${message} ${hint ?? ""}`);
    const said = [error.message, error.hint, ...problems].join("\n");
    for (const words of says) expect(said).toMatch(words);
    expect(error.hint, "it says what to do").toBeTruthy();
    expect(held()).toBe(before);
  });
});

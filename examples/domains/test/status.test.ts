import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CloudflareDouble, createCloudflareDouble } from "@deploy/cloudflare-double";
import { referenceProvider } from "@deploy/conformance";
import { createDeployer, defineApp } from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { findPowerDns, type PowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/*
 * What `deploy domains` sees of a zone at Cloudflare's double, asked over the network: the name servers of the zone are
 * the double's own PowerDNS, which is all of the internet here.
 */

const zone = "example.org";
const host = `www.${zone}`;
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`the state of examples/domains is skipped: ${powerDnsMissing}`);

describe.skipIf(!hasPowerDns)("the state of domains", { timeout: 120_000 }, () => {
  let double: CloudflareDouble;
  let servers: PowerDns;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "deploy-domains-status-"));
    writeFileSync(join(directory, "app.txt"), "hello\n");
    double = await createCloudflareDouble({ zones: [{ name: zone }] });
    if (double.dns === undefined) throw new Error("the double has no name server");
    servers = double.dns;
    // The top, and the addresses of the servers that a zone at Cloudflare is delegated to.
    for (const top of ["org", "com", "test"]) await servers.createZone(top, ["ns.top.test"]);
    const a = (name: string) => ({ name, type: "A", values: [servers.address] });
    await servers.patch("test", [a("ns.top.test")]);
    await servers.patch("com", [a("ada.ns.cloudflare.com"), a("bob.ns.cloudflare.com")]);
    await servers.patch("org", [
      { name: zone, type: "NS", values: ["ada.ns.cloudflare.com.", "bob.ns.cloudflare.com."] },
    ]);
  }, 60_000);
  afterAll(async () => {
    await double?.close();
    rmSync(directory, { recursive: true, force: true });
    expect(double?.violations).toEqual([]);
    expect(double?.failures).toEqual([]);
  });

  it("agrees after `up`, and says what somebody has changed by hand since", async () => {
    const app = defineApp({
      name: "domains",
      build: { command: "make" },
      processes: { web: { command: "serve", health: "/healthz" } },
      environments: {
        production: {
          target: referenceProvider({ name: "memory" }),
          dns: cloudflare({ endpoint: double.url }),
          domains: { [host]: "web" },
        },
      },
    });
    const env = {
      CLOUDFLARE_API_TOKEN: "token-of-owner",
      DEPLOY_RESOLVERS: `${servers.address}:${servers.port}`,
      DEPLOY_NAME_SERVER_PORT: String(servers.port),
    };
    const deployer = createDeployer(app, { environment: "production", directory, env });
    await deployer.up();

    const fine = await deployer.domains.status();
    const [record] = fine.domains[0]?.records ?? [];
    expect(record).toMatchObject({ name: host, type: "CNAME", held: "ours" });
    expect(record?.answered).toMatchObject({ state: "everywhere", values: record?.wanted?.values });
    expect(fine.findings.filter(({ name, severity }) => name === host && severity === "problem")).toEqual([]);

    const [ours] = [...double.zone(zone).records.values()].filter(({ name }) => name === host);
    await double.removeRecords(zone, ({ id }) => id === ours?.id);
    await double.addRecords(zone, [
      { name: host, type: "CNAME", content: "elsewhere.example.net", comment: ours?.comment, ttl: 300 },
    ]);
    for (const look of [deployer.domains.status(), deployer.domains.check()]) {
      const { ok, domains, findings } = await look;
      expect(ok).toBe(false);
      expect(domains[0]).toMatchObject({ host, state: "wrong" });
      const said = findings.filter(({ name }) => name === host).map(({ message }) => message);
      expect(said.join("\n")).toMatch(/elsewhere\.example\.net|not what it should be/);
    }
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { createNamecheapDouble, type NamecheapDouble } from "@deploy/namecheap-double";
import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSandbox, type Ended, type Sandbox } from "../../test-support/deploy.js";

/*
 * The example through the built command, as a user has it: Heroku's double and Namecheap's, found by environment
 * variables alone; what it prints and what it exits with.
 */

const zone = "example.org";
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`examples/domains by the command is skipped: ${powerDnsMissing}`);

describe.skipIf(!hasPowerDns)("examples/domains by the command", { timeout: 180_000 }, () => {
  let box: Sandbox;
  let there: HerokuDouble;
  let names: NamecheapDouble;
  beforeAll(async () => {
    there = await createHerokuDouble({ databases: false, registry: false, delays: { boot: 60_000 } });
    names = await createNamecheapDouble({
      perMinute: Number.POSITIVE_INFINITY,
      domains: [
        {
          name: zone,
          emailType: "MX",
          hosts: [{ name: "@", type: "MX", address: "mail.example.net", mxPref: 10, ttl: 300 }],
        },
      ],
    });
    box = await createSandbox("domains", [
      "provider-ecs",
      "provider-heroku",
      "dns-cloudflare",
      "dns-namecheap",
      "dns-route53",
    ]);
    // Built by Heroku's double: no image is pushed from here.
    const config = join(box.directory, "deploy.config.ts");
    const declared = readFileSync(config, "utf8");
    writeFileSync(config, declared.replaceAll("heroku()", 'heroku({ build: "there" })'));
    const certificate = join(box.directory, "..", "rendezvous.pem");
    writeFileSync(certificate, there.certificate);
    Object.assign(box.env as Record<string, string>, names.env, {
      HEROKU_API_KEY: "token-of-owner",
      HEROKU_API_URL: there.url,
      HEROKU_DATA_URL: there.dataUrl,
      HEROKU_METRICS_URL: there.metricsUrl,
      SSL_CERT_FILE: certificate,
    });
  }, 120_000);
  afterAll(async () => {
    await box?.remove();
    await there?.close();
    await names?.close();
    expect(there?.failures).toEqual([]);
  });

  /** What is in the zone; every write gives each record a new id. */
  const held = (): string => JSON.stringify(names.domain(zone).hosts.map(({ id: _id, ...host }) => host));
  const inNamecheap = (...args: string[]): Promise<Ended> => box.deploy([...args, "-e", "heroku-namecheap"]);
  /** Runs with these variables instead of its own. */
  async function instead(env: Record<string, string>, ...args: string[]): Promise<Ended> {
    const own = box.env as Record<string, string>;
    const before = { ...own };
    Object.assign(own, env);
    try {
      return await inNamecheap(...args);
    } finally {
      Object.assign(own, before);
    }
  }

  it.each([
    ["a key that Namecheap does not know", { NAMECHEAP_API_KEY: "k3y-of-nobody" }, /NAMECHEAP_API_KEY/],
    ["no key at all", { NAMECHEAP_API_KEY: "" }, /NAMECHEAP_API_KEY/],
    ["a token that Heroku does not know", { HEROKU_API_KEY: "t0ken-of-nobody" }, /HEROKU_API_KEY|token/],
  ] as const)("%s: exit code 4, and nothing is made", async (_what, env, hint) => {
    const before = held();
    const ended = await instead(env, "up");
    expect(ended, ended.stderr).toMatchObject({ exitCode: 4 });
    expect(ended.stderr).toMatch(hint);
    expect(ended.stdout + ended.stderr).not.toMatch(/k3y-of-nobody|t0ken-of-nobody/);
    expect(there.state.apps).toEqual([]);
    expect(held()).toBe(before);
  });

  it("an environment that is not declared: exit code 2", async () => {
    const ended = await box.deploy(["plan", "-e", "heroku-nowhere"]);
    expect(ended, ended.stderr).toMatchObject({ exitCode: 2 });
    expect(ended.stderr).toMatch(/heroku-namecheap/);
  });

  it("a record of somebody else in the way: exit code 1, the way to take it over, and nothing is made", async () => {
    await names.plant(zone, { name: "www", type: "A", address: "198.51.100.9", ttl: 300 });
    const ended = await inNamecheap("up");
    await names.uproot(zone, "www", "A");
    expect(ended, ended.stderr).toMatchObject({ exitCode: 1 });
    const said = `${ended.stdout}${ended.stderr}`.split("\n").filter((line) => !line.startsWith("note:"));
    expect(said.join("\n")).toMatch(/www\.example\.org/);
    expect(said.join("\n")).toMatch(/adopt|by hand/);
    expect(said.join("\n")).toContain("plan.foreign");
    expect(there.state.apps).toEqual([]);
  });

  it("plans, goes up, finds nothing more to do, and comes down: each with exit code 0", async () => {
    const pending = await inNamecheap("plan", "--exit-code");
    expect(pending, pending.stderr).toMatchObject({ exitCode: 8 });
    for (const words of ["www.example.org", "example.org", "certificate"])
      expect(pending.stdout + pending.stderr).toContain(words);
    const before = held();
    const up = await inNamecheap("up");
    expect(up, up.stderr).toMatchObject({ exitCode: 0 });
    expect(up.stdout).toContain(`https://${zone}`);
    expect(names.domain(zone).hosts).toContainEqual(expect.objectContaining({ name: "@", type: "ALIAS" }));
    const again = await inNamecheap("plan", "--exit-code");
    expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
    const down = await inNamecheap("down", "--confirm", "domains");
    expect(down, down.stderr).toMatchObject({ exitCode: 0 });
    expect(held()).toBe(before);
    expect(there.state.apps).toEqual([]);
  });
});

import { type CloudflareDouble, createCloudflareDouble } from "@deploy/cloudflare-double";
import type { DeployError, DeployEvent } from "@deploy/core";
import { cloudflare } from "@deploy/dns-cloudflare";
import { createHerokuDouble, type HerokuDouble } from "@deploy/heroku-double";
import { findPowerDns, powerDnsMissing } from "@deploy/powerdns-double";
import { heroku } from "@deploy/provider-heroku";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exampleDeployer, type Here } from "./support.js";

/*
 * Certificates that are not issued, on Heroku's double with the domain at Cloudflare's: forbidden by the zone, refused by
 * the issuer, and never heard of again. What Amazon's issuer refuses is in provider-ecs.
 */

const zone = "example.org";
const hasPowerDns = findPowerDns() !== undefined;
if (!hasPowerDns) console.warn(`certificates of examples/domains are skipped: ${powerDnsMissing}`);

describe.skipIf(!hasPowerDns)("certificates that are not issued", { timeout: 120_000 }, () => {
  let there: HerokuDouble;
  let names: CloudflareDouble;
  beforeEach(async () => {
    there = await createHerokuDouble({ databases: false, registry: false, delays: { boot: 60_000 } });
    names = await createCloudflareDouble({ zones: [{ name: zone }] });
  }, 60_000);
  afterEach(async () => {
    await there?.close();
    await names?.close();
    expect(there?.failures).toEqual([]);
    expect(names?.failures).toEqual([]);
  });
  const held = (): string => JSON.stringify([...names.zone(zone).records.values()]);
  const deployer = (now?: () => number) => {
    const here: Here = {
      target: heroku({ build: "there" }),
      dns: cloudflare({ endpoint: names.url }),
      domains: { [`www.${zone}`]: "web" },
    };
    const env = {
      HEROKU_API_KEY: "token-of-owner",
      HEROKU_API_URL: there.url,
      HEROKU_DATA_URL: there.dataUrl,
      CLOUDFLARE_API_TOKEN: "token-of-owner",
    };
    return exampleDeployer("heroku-cloudflare", here, env, now);
  };
  const failure = async (running: PromiseLike<unknown>): Promise<DeployError> => {
    const error = (await Promise.resolve(running).catch((thrown: unknown) => thrown)) as DeployError;
    expect(error).toMatchObject({ name: "DeployError", hint: expect.stringMatching(/\w/) });
    return error;
  };

  it("a CAA record that names another issuer: said while planning, and nothing is made", async () => {
    await names.addRecords(zone, [
      { name: zone, type: "CAA", data: { flags: 0, tag: "issue", value: "digicert.com" }, ttl: 300 },
    ]);
    const before = held();
    const plan = await deployer().plan();
    expect(plan.blocks).toMatchObject([{ code: "certificates.caa" }]);
    const error = await failure(deployer().up());
    const said = [error.message, error.hint, ...(error.problems ?? []).flatMap((one) => Object.values(one))];
    expect(said.join("\n")).toMatch(/www\.example\.org by example\.org CAA .*digicert\.com/);
    expect(said.join("\n")).toMatch(/letsencrypt\.org/);
    expect(there.state.apps).toEqual([]);
    expect(held()).toBe(before);
  });

  it("one that the issuer refuses: its reason is told at once, and the app serves meanwhile", async () => {
    const reason = "CAA records forbid letsencrypt.org";
    there.scripts.certificates.push({ hostname: `www.${zone}`, states: [{ status: "failed", reason }] });
    const error = await failure(deployer().up());
    expect(error).toMatchObject({ code: "certificates.failed" });
    expect(error.message).toContain(`www.${zone}: ${reason}`);
    expect(there.state.apps.flatMap(({ dynos }) => dynos.map(({ state }) => state))).toEqual(["up"]);
  });

  it("one that is never issued: what it waited for, and for how long", async () => {
    const reason = "DNS has not propagated yet";
    there.scripts.certificates.push({ hostname: `www.${zone}`, states: [{ status: "failing", reason }] });
    let passed = 0;
    const running = deployer(() => Date.now() + passed).up();
    const waits: DeployEvent[] = [];
    const watching = async (): Promise<void> => {
      for await (const event of running) {
        if (!event.message?.includes(reason)) continue;
        waits.push(event);
        passed = 26 * 60_000;
      }
    };
    const [error] = await Promise.all([failure(running), watching().catch(() => undefined)]);
    expect(waits).not.toEqual([]);
    expect(error).toMatchObject({ code: "certificates.not-issued", retryable: false });
    expect(error.message).toMatch(
      /no certificate within 26 minutes: www\.example\.org: DNS has not propagated yet/,
    );
    expect(error.hint).toMatch(/the app itself serves.*again/);
  });
});

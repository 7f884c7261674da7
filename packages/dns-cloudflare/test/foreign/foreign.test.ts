import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type CloudflareDouble,
  createCloudflareDouble,
  findPowerDns,
  powerDnsMissing,
} from "@deploy/cloudflare-double";
import { runAmongForeign } from "@deploy/conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleClient } from "../../../../scripts/lib/bundle-client.mjs";
import { toRecords } from "../../src/records.js";

/*
 * Deploy among records of others at Cloudflare: killed at any call, answers lost, another writer between two calls. A few
 * runs by a fixed seed; `npm run foreign -- --vendor=cloudflare` makes as many as are asked for.
 */

const runs = Number(process.env.DEPLOY_FOREIGN_RUNS ?? 6);
const seed = Number(process.env.DEPLOY_FOREIGN_SEED ?? 1);
const from = Number(process.env.DEPLOY_FOREIGN_FROM ?? 1);
const token = "token-of-owner";
const zone = "example.test";
const missing = findPowerDns() === undefined;
if (missing) console.warn(`skipped: ${powerDnsMissing}`);

describe.skipIf(missing)("among foreign records at Cloudflare", () => {
  let directory: string;
  let double: CloudflareDouble;
  let client: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "deploy-foreign-cloudflare-"));
    client = await bundleClient(fileURLToPath(new URL("client.ts", import.meta.url)), directory);
    double = await createCloudflareDouble({
      zones: [{ name: zone, plan: "free", quota: null }],
      callsPerFiveMinutes: Number.POSITIVE_INFINITY,
    });
    // What a root is flattened to has to be there.
    await double.addZone({ name: "reference.test" });
    await double.addRecords("reference.test", [
      { name: "ingress.reference.test", type: "A", content: "192.0.2.1", ttl: 300 },
    ]);
  }, 120_000);
  afterAll(async () => {
    await double?.close();
    rmSync(directory, { recursive: true, force: true });
    expect(double?.violations).toEqual([]);
    expect(double?.failures).toEqual([]);
  });

  it("leaves every one of them as it is", { timeout: 3_600_000 }, async () => {
    const report = await runAmongForeign(
      {
        zone,
        endpoint: new URL(double.url),
        types: ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "SRV", "NS"],
        apexHost: true,
        client: [process.execPath, client],
        env: (address) => ({
          PATH: process.env.PATH,
          TMPDIR: directory,
          CLOUDFLARE_API_TOKEN: token,
          CLOUDFLARE_DOUBLE: address.href,
        }),
        promise: "untouched",
        reset: () => double.removeRecords(zone, () => true),
        plant: async (record, marker) =>
          void (await double.addRecords(zone, [...toRecords(record, marker ?? "").values()])),
        uproot: ({ name, type }) =>
          double.removeRecords(zone, (held) => held.name === name && held.type === type),
        holds: async () =>
          [...double.zone(zone).records.values()].map((record) => ({
            name: record.name,
            type: record.type,
            text: JSON.stringify(record),
          })),
      },
      { runs, seed, from, progress: console.error },
    );
    console.log(JSON.stringify(report));
    expect(report.wrong).toEqual([]);
  });
});

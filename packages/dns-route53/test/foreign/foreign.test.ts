import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  ChangeResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { runAmongForeign } from "@deploy/conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleClient } from "../../../../scripts/lib/bundle-client.mjs";
import { route53 } from "../../src/index.js";
import { contextOf, has, useRoute53 } from "../vendor.js";

/*
 * Deploy among records of others at Route 53: killed at any call, answers lost, another writer between two calls. A few
 * runs by a fixed seed; `npm run foreign -- --vendor=route53` makes as many as are asked for.
 */

const runs = Number(process.env.DEPLOY_FOREIGN_RUNS ?? 6);
const seed = Number(process.env.DEPLOY_FOREIGN_SEED ?? 1);
const from = Number(process.env.DEPLOY_FOREIGN_FROM ?? 1);
const zone = "example.test";

/** As another tool would write it. */
function quoted(text: string): string {
  const parts = text.match(/.{1,255}/gs) ?? [""];
  return parts.map((part) => `"${part.replace(/["\\]/g, "\\$&")}"`).join(" ");
}

/** A name as everybody but Route 53 writes it. */
const plain = (name = ""): string => name.replace(/\.$/, "").replace(/^\\052/, "*");

describe.skipIf(!(await has("python")))("among foreign records at Route 53", () => {
  const vendor = useRoute53();
  let directory: string;
  let client: string;
  let sdk: Route53Client;
  let id: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "deploy-foreign-route53-"));
    client = await bundleClient(fileURLToPath(new URL("client.ts", import.meta.url)), directory);
    id = await vendor().createZone(zone);
    sdk = new Route53Client({
      endpoint: String(vendor().env.AWS_ENDPOINT_URL),
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
  }, 300_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const remove = async (sets: readonly ResourceRecordSet[]): Promise<void> => {
    if (sets.length === 0) return;
    const Changes = sets.map((ResourceRecordSet) => ({ Action: "DELETE", ResourceRecordSet }) as const);
    await sdk.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch: { Changes } }));
  };
  const isGiven = ({ Name, Type }: ResourceRecordSet): boolean =>
    plain(Name) === zone && (Type === "NS" || Type === "SOA");

  it("leaves every one of them as it is", { timeout: 3_600_000 }, async () => {
    const { env, held, plant } = vendor();
    const report = await runAmongForeign(
      {
        zone,
        endpoint: new URL(String(env.AWS_ENDPOINT_URL)),
        types: ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "SRV", "NS"],
        apexHost: false,
        client: [process.execPath, client],
        env: (address) => ({ ...env, TMPDIR: directory, AWS_ENDPOINT_URL: address.href }),
        promise: "untouched",
        reset: async () => remove((await held(id)).filter((one) => !isGiven(one))),
        plant: async (record, marker) => {
          if (marker !== undefined) {
            await route53().dns.apply(contextOf(vendor()), zone, [{ action: "create", record, marker }]);
            return;
          }
          const { name, type, values, ttl = 300 } = record;
          const ResourceRecords = values.map((value) => ({ Value: type === "TXT" ? quoted(value) : value }));
          await plant(id, { Name: name, Type: type as "TXT", TTL: ttl, ResourceRecords });
        },
        uproot: async ({ name, type }) =>
          remove((await held(id)).filter((one) => plain(one.Name) === name && one.Type === type)),
        holds: async () =>
          (await held(id)).map((one) => ({
            name: plain(one.Name),
            type: one.Type ?? "",
            text: JSON.stringify(one),
          })),
      },
      { runs, seed, from, progress: console.error },
    );
    console.log(JSON.stringify(report));
    expect(report.wrong).toEqual([]);
  });
});

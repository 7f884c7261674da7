import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runAmongForeign } from "@deploy/conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleClient } from "../../../../scripts/lib/bundle-client.mjs";
import { namecheap } from "../../src/index.js";
import { type Account, fastClock, found, openAccount } from "../account.js";

/*
 * Deploy among records of others at Namecheap, which replaces zones as a whole: killed at any call, answers lost, another
 * writer between two calls, or one that writes an older zone back over ours. What gets lost is said, and put back by
 * `restore`; what was written between our last read and our write cannot be seen by anybody, and is counted. A few runs
 * by a fixed seed; `npm run foreign -- --vendor=namecheap` makes as many as are asked for.
 */

const runs = Number(process.env.DEPLOY_FOREIGN_RUNS ?? 6);
const seed = Number(process.env.DEPLOY_FOREIGN_SEED ?? 1);
const from = Number(process.env.DEPLOY_FOREIGN_FROM ?? 1);
const zone = "example.test";
const isParked = ({ type, address }: { readonly type: string; readonly address: string }): boolean =>
  (type === "CNAME" && /^parkingpage\.namecheap\.com\.?$/.test(address)) ||
  (type === "URL" && address === `http://www.${zone}/`);

describe.skipIf(!found)("among foreign records at Namecheap", () => {
  let directory: string;
  let client: string;
  let account: Account;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "deploy-foreign-namecheap-"));
    client = await bundleClient(fileURLToPath(new URL("client.ts", import.meta.url)), directory);
    account = await openAccount({ domains: [{ name: zone, emailType: "MX", hosts: [] }] });
  }, 120_000);
  afterAll(async () => {
    await account?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const labelOf = (name: string): string => (name === zone ? "@" : name.slice(0, -zone.length - 1));

  it("loses none of them without a word", { timeout: 3_600_000 }, async () => {
    const { double, env } = account;
    const uproot = (record: { readonly name: string; readonly type: string }): Promise<void> =>
      double.uproot(zone, labelOf(record.name), record.type);
    const report = await runAmongForeign(
      {
        zone,
        endpoint: new URL(new URL(double.url).origin),
        types: ["A", "AAAA", "CNAME", "TXT", "MX", "CAA"],
        apexHost: true,
        client: [process.execPath, client],
        env: (address) => ({
          ...env,
          PATH: process.env.PATH,
          TMPDIR: directory,
          NAMECHEAP_API_URL: new URL("/xml.response", address).href,
        }),
        isMutation: ({ path, body }) => /setHosts/i.test(path) || /setHosts/i.test(body.toString()),
        promise: "restorable",
        reset: async () => {
          for (const { name, type } of double.domain(zone).hosts) await double.uproot(zone, name, type);
        },
        plant: async ({ name, type, values: said, ttl = 300 }, marker) => {
          // Namecheap's API keeps no quotes in texts.
          const values = type === "TXT" ? said.map((text) => text.replaceAll(/["\\]/g, "'")) : said;
          if (marker !== undefined) {
            const context = account.context({ clock: fastClock(60) });
            const record = { name, type, values, ttl };
            await namecheap().dns.apply(context, zone, [{ action: "create", record, marker }]);
            return;
          }
          for (const value of values) {
            const [pref = "", ...rest] = value.split(" ");
            const isMail = type === "MX";
            // Whoever makes MX records at Namecheap has chosen custom MX there.
            if (isMail) double.domain(zone).emailType = "MX";
            await double.plant(zone, {
              name: labelOf(name),
              type,
              address: isMail ? rest.join(" ") : value,
              mxPref: isMail ? Number(pref) : 10,
              ttl,
            });
          }
        },
        uproot,
        overwrite: uproot,
        holds: async () => {
          const { hosts } = double.domain(zone);
          // Namecheap parks a zone from which the last record was taken: these two are nobody's.
          if (hosts.length === 2 && hosts.every(isParked)) return [];
          return hosts.map(({ id: _id, ...host }) => ({
            name: host.name === "@" ? zone : `${host.name}.${zone}`,
            type: host.type,
            text: JSON.stringify(host),
          }));
        },
      },
      { runs, seed, from, progress: console.error },
    );
    console.log(JSON.stringify(report));
    expect(report.wrong).toEqual([]);
  });
});

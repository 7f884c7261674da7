import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { referenceToken, referenceVendor } from "../reference/vendor.js";
import { runAmongForeign } from "./runs.js";
import { serveVendor } from "./testing/vendor-server.js";
import type { ForeignZone } from "./zone.js";

/*
 * The reference provider among foreign records: what the runs of each DNS vendor are made with is itself under test.
 * DEPLOY_FOREIGN_RUNS and DEPLOY_FOREIGN_SEED make more of them, and others; DEPLOY_FOREIGN_FROM begins at another run.
 */

const runs = Number(process.env.DEPLOY_FOREIGN_RUNS ?? 12);
const seed = Number(process.env.DEPLOY_FOREIGN_SEED ?? 1);
const from = Number(process.env.DEPLOY_FOREIGN_FROM ?? 1);
const zone = "example.test";
const vendor = referenceVendor([zone]);
let directory: string;
let server: Awaited<ReturnType<typeof serveVendor>>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "deploy-foreign-reference-"));
  await build({
    entryPoints: [fileURLToPath(new URL("./testing/reference-client.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile: join(directory, "client.mjs"),
    logLevel: "error",
    alias: { "@deploy/core": fileURLToPath(new URL("../../../core/src/index.ts", import.meta.url)) },
  });
  server = await serveVendor(vendor);
});
afterAll(async () => {
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

const records = () => vendor.state.zones.get(zone)!;
const subject = (changes: Partial<ForeignZone> = {}): ForeignZone => ({
  zone,
  endpoint: server.url,
  types: ["A", "AAAA", "CNAME", "TXT", "CAA", "MX", "SRV", "NS"],
  apexHost: true,
  client: [process.execPath, join(directory, "client.mjs")],
  env: (address) => ({
    PATH: process.env.PATH,
    TMPDIR: directory,
    REFERENCE_URL: String(address),
    REFERENCE_TOKEN: referenceToken,
  }),
  promise: "untouched",
  reset: async () => vendor.reset(),
  plant: async ({ name, type, values, ttl = 300 }, marker) => {
    for (const content of values)
      records().push({ id: ++vendor.state.numbers, name, type, content, ttl, comment: marker ?? null });
  },
  uproot: async ({ name, type }) => {
    vendor.state.zones.set(
      zone,
      records().filter((record) => record.name !== name || record.type !== type),
    );
  },
  holds: async () =>
    records().map((record) => ({ name: record.name, type: record.type, text: JSON.stringify(record) })),
  ...changes,
});

describe("runs among foreign records", () => {
  it("leave what others have as it is, whoever is killed and whoever writes meanwhile", {
    timeout: 600_000,
  }, async () => {
    const report = await runAmongForeign(subject(), { runs, seed, from, progress: console.error });
    console.log(JSON.stringify(report));
    expect(report.wrong).toEqual([]);
    expect(report.kills).toBeGreaterThan(0);
    expect(report.edits).toBeGreaterThan(0);
  });

  it("find a vendor that forgets a record of somebody else at each write", { timeout: 60_000 }, async () => {
    const forgetful = subject({
      // As a plugin does that replaces the whole zone by what it has listed before.
      holds: async () =>
        (await subject().holds()).filter(
          ({ type }) => type !== "MX" || !records().some(({ comment }) => comment?.startsWith("deploy:shop")),
        ),
    });
    const report = await runAmongForeign(forgetful, { runs: 10, seed });
    expect(report.wrong.map(({ what }) => what).join("\n")).toContain("changed although they are of others");
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redact } from "@deploy/core";
import { onTestFinished } from "vitest";
import { type MemoryCloud, memoryCloud } from "../../../../core/src/deployer/testing/memory-cloud.js";
import type { ConsoleEnvironment } from "../types.js";
import { type TestApp, testEnvironment } from "./environments.js";
import { type Rig, rig, type TestGrants } from "./rig.js";

/** Where the shop is asked about. */
export const shop = "/api/apps/shop/environments/production";

/** One person for each role, one for everything, one for nothing. */
export const grants = (): TestGrants => ({
  "vera@example.org": { shop: "viewer" },
  "dora@example.org": { shop: "deployer" },
  "olga@example.org": { shop: "operator" },
  "mona@example.org": { shop: "manager" },
  "anna@example.org": { "*": "manager" },
  "nobody@example.org": {},
});

/** An app that was deployed, and its vendor. */
export interface DeployedShop {
  readonly cloud: MemoryCloud;
  readonly environment: ConsoleEnvironment;
}

/** The shop with three releases, in front of a vendor that a test can look into. */
export async function deployedShop(options: TestApp = {}): Promise<DeployedShop> {
  const cloud = options.cloud ?? memoryCloud();
  let source = "v1";
  const declared = { secrets: ["SECRET_KEY"], ...options.declared };
  const vendor = { ...options.vendor, source: () => source };
  const first = testEnvironment({
    ...options,
    cloud,
    vendor,
    declared: { ...declared, config: { LOG_LEVEL: "info", OLD: "1" } },
  });
  await first.deployer.up({ secrets: { SECRET_KEY: redact("k3y-of-the-app") } });
  source = "v2";
  const environment = testEnvironment({
    ...options,
    cloud,
    vendor,
    declared: { ...declared, config: { LOG_LEVEL: "debug-value", NEW: "1" } },
  });
  await environment.deployer.up({ secrets: { SECRET_KEY: redact("another") } });
  return { cloud, environment };
}

/** The routes of the app pages with a console behind them, which ends with the test. */
export async function open(...args: Parameters<typeof rig>): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-apps-"));
  const made = await rig(args[0], { grants: grants(), directory, ...args[1] });
  onTestFinished(async () => {
    await made.close();
    await rm(directory, { recursive: true, force: true });
  });
  return made;
}

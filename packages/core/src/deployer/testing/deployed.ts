import { defineApp } from "../../app/define-app.js";
import type { AppInput, EnvironmentInput } from "../../app/types.js";
import type { DeployEvent, Operation } from "../../engine/events.js";
import { type Redacted, redact } from "../../redacted.js";
import { createDeployer } from "../create-deployer.js";
import type { Deployer, DeployerOptions } from "../types.js";
import { type MemoryCloud, memoryCloud } from "./memory-cloud.js";
import { type MemoryVendorOptions, memoryVendor } from "./memory-vendor.js";

/** The password in the URL of every database. */
export const password: string = "s3cret-password";
/** A secret of the app. */
export const key: Redacted = redact("k3y-of-the-app");

/** What a test wants to be different. */
export interface Options extends MemoryVendorOptions {
  readonly app?: Partial<AppInput>;
  readonly environment?: string;
  readonly extra?: Partial<EnvironmentInput>;
  readonly deployer?: Partial<DeployerOptions>;
}

/** A deployer of the tests' app, in front of a vendor. */
export function deployerOn(cloud: MemoryCloud, options: Options = {}): Deployer {
  const target = memoryVendor(cloud, options);
  const app = defineApp({
    name: "shop",
    build: { command: "make" },
    processes: {
      web: { command: "serve", health: "/healthz" },
      "billing-api": { command: "bill", internal: true },
    },
    release: "migrate",
    addons: { db: { kind: "postgres" } },
    secrets: ["SECRET_KEY"],
    config: { LOG_LEVEL: "info" },
    ...(options.app as object),
    environments: {
      production: { target, ...(options.extra as object) },
      staging: { target },
    },
  });
  return createDeployer(app, {
    environment: options.environment ?? "production",
    directory: "/",
    env: { MEMORY_TOKEN: "t", USER: "maria", PATH: process.env.PATH },
    ...options.deployer,
  });
}

/** Runs an operation, and keeps what it said. */
export async function eventsOf<T>(operation: Operation<T>): Promise<{ events: DeployEvent[]; result: T }> {
  const events: DeployEvent[] = [];
  for await (const event of operation) events.push(event);
  return { events, result: await operation };
}

/** A vendor where the app is in service. */
export async function deployed(options: Options = {}): Promise<{ cloud: MemoryCloud; deployer: Deployer }> {
  const cloud = memoryCloud();
  const deployer = deployerOn(cloud, options);
  await deployer.up({ secrets: { SECRET_KEY: key } });
  return { cloud, deployer };
}

/** Calls that changed something. */
export function mutations(cloud: MemoryCloud): string[] {
  return cloud.calls.filter((call) => /^(put|create|run|switch|delete|set|scale|restart)/.test(call));
}

import { type AppInput, createDeployer, type Deployer, defineApp, type EnvironmentInput } from "@deploy/core";
import { type MemoryCloud, memoryCloud } from "../../../../core/src/deployer/testing/memory-cloud.js";
import {
  type MemoryVendorOptions,
  memoryVendor,
} from "../../../../core/src/deployer/testing/memory-vendor.js";
import type { AppRegistry, ConsoleEnvironment } from "../types.js";

/** What a test wants to be different. */
export interface TestApp {
  readonly app?: string;
  readonly environment?: string;
  readonly cloud?: MemoryCloud;
  readonly vendor?: MemoryVendorOptions & { readonly name?: string };
  readonly declared?: Partial<AppInput>;
  readonly bound?: Partial<EnvironmentInput>;
  /** Verbs to take the place of the deployer's own. */
  readonly verbs?: Partial<Deployer>;
}

/** An environment in front of a vendor in memory, which a test can look into. */
export function testEnvironment(options: TestApp = {}): ConsoleEnvironment & { readonly cloud: MemoryCloud } {
  const { app: name = "shop", environment = "production", cloud = memoryCloud() } = options;
  const vendor = memoryVendor(cloud, options.vendor ?? {});
  const app = defineApp({
    name,
    build: { command: "make" },
    processes: { web: { command: "serve", health: "/healthz" } },
    ...(options.declared as object),
    environments: {
      [environment]: {
        target: { ...vendor, name: options.vendor?.name ?? vendor.name },
        ...(options.bound as object),
      },
    },
  });
  const make = (author = "console"): Deployer => ({
    ...createDeployer(app, {
      environment,
      directory: "/",
      env: { MEMORY_TOKEN: "t", DEPLOY_AUTHOR: author, PATH: process.env.PATH },
    }),
    ...options.verbs,
  });
  return {
    app: name,
    environment,
    deployer: make(),
    file: `/srv/${name}/deploy.config.ts`,
    actingAs: make,
    cloud,
  };
}

/** A registry of these; `set` puts others in their place. */
export function testRegistry(
  first: readonly ConsoleEnvironment[],
  more: Partial<Pick<AppRegistry, "patterns" | "problems">> = {},
): AppRegistry & { set(next: readonly ConsoleEnvironment[]): void } {
  let list = first;
  return {
    list: () => list,
    find: (app, environment) => list.find((one) => one.app === app && one.environment === environment),
    patterns: more.patterns ?? (() => []),
    problems: more.problems ?? (() => []),
    onChange: () => () => undefined,
    close: async () => undefined,
    set: (next) => {
      list = next;
    },
  };
}

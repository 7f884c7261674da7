import {
  type AnyResource,
  applyPlan,
  type Context,
  type PreparedPlan,
  type Provider,
  preparePlan,
  prepareRemoval,
  type Scope,
  systemClock,
} from "@deploy/core";
import { createClients } from "../../src/clients.js";
import { type EcsOptions, settingsOf } from "../../src/options.js";
import { createOwned } from "../../src/owned.js";
import type { Parts } from "../../src/parts.js";
import { createFoundations } from "../../src/servers/create-foundation.js";
import { foundationFinder } from "../../src/servers/owned.js";
import type { Vendor } from "./use-vendor.js";

/** The servers element alone, with the real engine, at an emulator. */
export interface ServersBench {
  readonly parts: Parts;
  context(): Context;
  plan(scope: Scope, resources?: readonly AnyResource[]): Promise<PreparedPlan>;
  up(scope: Scope): Promise<PreparedPlan>;
  down(scope: Scope, deleteData?: readonly string[]): Promise<PreparedPlan>;
}

/** What an app of tests is called. */
export const shop: Scope = { app: "shop", environment: "production" };
/** Another app of the same group. */
export const blog: Scope = { app: "blog", environment: "production" };

/** A bench with these options. */
export function createServersBench(vendor: Vendor, options: Partial<EcsOptions> = {}): ServersBench {
  const settings = settingsOf({ region: "us-east-1", roleRestSeconds: 0, ...options });
  const clients = createClients(settings);
  const parts: Parts = { settings, clients, foundation: createFoundations(clients, settings) };
  const owned = createOwned([], foundationFinder(parts));
  const provider: Provider = { spec: 1, name: "ecs", credentials: {}, limits: { concurrency: 32 }, owned };
  const base = (): Pick<Context, "signal" | "env" | "fetch" | "clock" | "directory"> => ({
    signal: new AbortController().signal,
    env: vendor.env,
    fetch,
    clock: systemClock,
    directory: "/",
  });
  const plan: ServersBench["plan"] = (scope, resources = parts.foundation(scope).resources) =>
    preparePlan({ scope, providers: [provider], context: base(), operation: "up", resources, prune: true });
  return {
    parts,
    context: () => ({
      ...base(),
      log: () => undefined,
      output: () => undefined,
      shared: (_key, load) => load(),
    }),
    plan,
    async up(scope) {
      const prepared = await plan(scope);
      await applyPlan(prepared);
      return prepared;
    },
    async down(scope, deleteData = []) {
      const prepared = await prepareRemoval({
        scope,
        providers: [provider],
        context: base(),
        options: { force: true, deleteData },
      });
      await applyPlan(prepared);
      return prepared;
    },
  };
}

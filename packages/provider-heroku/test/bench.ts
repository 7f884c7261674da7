import {
  type AnyResource,
  type ApplyResult,
  applyPlan,
  type Context,
  type DeployEvent,
  type Owned,
  type PlanPermissions,
  type PreparedPlan,
  type Provider,
  preparePlan,
  prepareRemoval,
  type Scope,
  systemClock,
} from "@deploy/core";
import { createHerokuDouble, type DoubleOptions, type HerokuDouble } from "@deploy/heroku-double";
import { type HerokuOptions, type HerokuProvider, heroku } from "../src/index.js";
import { createSurroundings, type Surroundings } from "../src/surroundings.js";

/** The token of the double's first account. */
export const token = "token-of-owner";

/** What tests of this provider work with: a double of Heroku, and a provider that speaks to it. */
export interface Bench {
  readonly double: HerokuDouble;
  readonly scope: Scope;
  /** Surroundings as `heroku()` makes them, for tests of one element. */
  own(options?: HerokuOptions): Surroundings;
  provider(options?: HerokuOptions): HerokuProvider;
  context(changes?: Partial<Context>): Context;
  plan(
    resources: readonly AnyResource[],
    permissions?: PlanPermissions & { readonly prune?: boolean },
  ): Promise<PreparedPlan>;
  apply(resources: readonly AnyResource[], permissions?: PlanPermissions): Promise<ApplyResult>;
  /** Removes everything of the scope, data included. */
  down(provider?: Provider): Promise<readonly Owned[]>;
  /** Events of the last {@link apply}. */
  readonly events: DeployEvent[];
  /** Environment variables of every context. */
  readonly env: Record<string, string>;
}

/** A bench on a double of its own. */
export async function createBench(options: DoubleOptions = {}): Promise<Bench> {
  const double = await createHerokuDouble({ databases: false, registry: false, ...options });
  const endpoints = { api: double.url, data: double.dataUrl };
  const events: DeployEvent[] = [];
  const env: Record<string, string> = { HEROKU_API_KEY: token };
  const scope: Scope = { app: "shop", environment: "staging" };
  const base = {
    signal: new AbortController().signal,
    env,
    fetch: (...call: Parameters<typeof fetch>) => fetch(...call),
    clock: systemClock,
    directory: process.cwd(),
  };
  const bench: Bench = {
    double,
    scope,
    events,
    env,
    own: (given = {}) => createSurroundings({ endpoints, ...given }),
    provider: (given = {}) => heroku({ endpoints, ...given }),
    context: (changes = {}) => ({
      ...base,
      log: () => undefined,
      output: () => undefined,
      shared: (_key, load) => load(),
      ...changes,
    }),
    plan(resources, { prune = false, ...permissions } = {}) {
      return preparePlan({
        operation: "up",
        scope,
        providers: [bench.provider()],
        context: base,
        resources,
        prune,
        options: permissions,
      });
    },
    async apply(resources, permissions) {
      events.length = 0;
      return applyPlan(await bench.plan(resources, permissions), { emit: (event) => events.push(event) });
    },
    async down(provider = bench.provider()) {
      const owned = (await provider.owned?.(bench.context(), scope)) ?? [];
      const prepared = await prepareRemoval({
        scope,
        providers: [provider],
        context: base,
        options: { force: true, deleteData: owned.map(({ id }) => id) },
      });
      await applyPlan(prepared);
      return (await provider.owned?.(bench.context(), scope)) ?? [];
    },
  };
  return bench;
}

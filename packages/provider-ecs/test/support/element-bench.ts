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
  type Scope,
  systemClock,
} from "@deploy/core";
import { createClients } from "../../src/clients.js";
import { type EcsOptions, type Settings, settingsOf } from "../../src/options.js";
import type { Parts } from "../../src/parts.js";
import { createFoundations } from "../../src/servers/create-foundation.js";

/** Hands to try one element with, through core's own engine. */
export interface ElementBench {
  readonly settings: Settings;
  readonly parts: Parts;
  readonly scope: Scope;
  /** Names of the calls that were made, such as `CreateRepository`, in their order. */
  readonly calls: string[];
  /** Everything that was said: output, progress. */
  readonly said: string[];
  context(changes?: Partial<Context>): Context;
  plan(resources: readonly AnyResource[], permissions?: PlanPermissions): Promise<PreparedPlan>;
  /** Plans and applies. */
  apply(resources: readonly AnyResource[], permissions?: PlanPermissions): Promise<ApplyResult>;
}

/** How the bench is set up. */
export interface ElementBenchOptions {
  readonly url?: URL;
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly options?: Partial<EcsOptions>;
  readonly scope?: Scope;
  readonly fetch?: typeof fetch;
}

/** A bench in front of an emulator, or of nothing. */
export function createElementBench(input: ElementBenchOptions = {}): ElementBench {
  const settings = settingsOf({ region: "us-east-1", ...input.options });
  const clients = createClients(settings);
  const scope = input.scope ?? { app: "shop", environment: "production" };
  const calls: string[] = [];
  const said: string[] = [];
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
    ...(input.url === undefined ? {} : { AWS_ENDPOINT_URL: input.url.href.replace(/\/$/, "") }),
    ...input.env,
  };
  const counted: typeof fetch = (url, init) => {
    calls.push(nameOf(String(url), init));
    return (input.fetch ?? fetch)(url, init);
  };
  const base = {
    signal: new AbortController().signal,
    env,
    fetch: counted,
    clock: systemClock,
    directory: input.directory ?? "/",
  };
  const context = (changes: Partial<Context> = {}): Context => ({
    ...base,
    log: (line) => void said.push(line),
    output: (text) => void said.push(text),
    shared: (_key, load) => load(),
    ...changes,
  });
  const parts: Parts = { settings, clients, foundation: createFoundations(clients, settings) };
  const provider: Provider = { spec: 1, name: "ecs", credentials: {} };
  const other: Provider = { spec: 1, name: "registry", credentials: {} };
  const plan: ElementBench["plan"] = (resources, options = {}) =>
    preparePlan({
      operation: "up",
      scope,
      providers: [provider, other],
      context: base,
      resources,
      prune: false,
      options,
    });
  return {
    settings,
    parts,
    scope,
    calls,
    said,
    context,
    plan,
    apply: async (resources, permissions) =>
      applyPlan(await plan(resources, permissions), {
        emit: (event: DeployEvent) => void said.push(JSON.stringify(event)),
      }),
  };
}

/** Removes what a finder has found, whatever its order. */
export async function removeAll(bench: ElementBench, owned: readonly Owned[]): Promise<void> {
  for (const one of owned) await one.remove(bench.context());
}

function nameOf(url: string, init: RequestInit | undefined): string {
  const headers = new Headers(init?.headers);
  const target = headers.get("x-amz-target")?.split(".").at(-1);
  if (target !== undefined) return target;
  const { body } = init ?? {};
  const action = /(?:^|&)Action=(\w+)/.exec(typeof body === "string" ? body : "")?.[1];
  return action ?? `${init?.method ?? "GET"} ${new URL(url).pathname}`;
}

import type { Context, ElementName, Resource, Scope } from "@deploy/core";
import { type Client, createClient } from "./client.js";
import { findHome, type Home } from "./home.js";
import type { EnvironmentView } from "./protocol.js";
import { loadState } from "./supervisor/environment-state.js";
import { viewOnDisk } from "./supervisor/view-on-disk.js";

/** The provider's name: the first part of every id. */
export const providerName = "local";

/** Options of the provider, as far as the elements need them. */
export interface Settings {
  readonly port?: number;
  readonly startAtBoot: boolean;
}

/** The home and the client of a call. */
export function connect(context: Context): { readonly home: Home; readonly client: Client } {
  const home = findHome(context.env);
  return { home, client: createClient(home, context) };
}

/** What the supervisor knows of a scope, asked once per plan. */
export function readView(context: Context, scope: Scope): Promise<EnvironmentView | undefined> {
  return context.shared(`local view ${scope.app} ${scope.environment}`, async () => {
    const { client, home } = connect(context);
    if ((await client.facts()) !== undefined) return client.view(scope.app, scope.environment);
    const state = await loadState(home, scope.app, scope.environment);
    return state && viewOnDisk(state);
  });
}

/** The id of a resource of this provider. */
export function idOf(element: ElementName, scope: Scope, name: string): string {
  return `${providerName}/${element}/${scope.app}/${scope.environment}/${name}`;
}

/** The first parts of a call about a scope. */
export function pathOf(scope: Scope, ...rest: readonly string[]): readonly string[] {
  return ["environments", scope.app, scope.environment, ...rest];
}

/** A resource of this provider, typed by its own data. */
export function localResource<Desired, Observed>(
  element: ElementName,
  resource: Omit<Resource<Desired, Observed>, "provider" | "element">,
): Resource<Desired, Observed> {
  return { provider: providerName, element, pollEvery: 200, ...resource };
}

import {
  type Context,
  DeployError,
  type ElementName,
  type Foreign,
  isForeign,
  type Resource,
} from "@deploy/core";
import { providerName } from "./names.js";
import type { Settings } from "./options.js";

/** A resource of this provider, typed by its own data. */
export function ecsResource<Desired, Observed>(
  element: ElementName,
  resource: Omit<Resource<Desired, Observed>, "provider" | "element">,
): Resource<Desired, Observed> {
  return { provider: providerName, element, ...resource };
}

/**
 * Answers a read once per plan, see `Context.shared`. The region and the profile are in the key: two providers of one
 * name (a retired one of another region) share nothing.
 */
export function readOnce<T>(
  settings: Pick<Settings, "region" | "profile">,
  context: Context,
  key: string,
  load: () => Promise<T>,
): Promise<T> {
  return context.shared(`${settings.region} ${settings.profile ?? ""} ${key}`, load);
}

/** The same context without what a plan remembers: for reads right before or after a change. */
export function alone(context: Context): Context {
  return { ...context, shared: (_key, load) => load() };
}

/**
 * What was found after AWS said that something of this name exists already: ours, made by a run that was cut off.
 *
 * @throws `servers.foreign` when it is somebody else's; `servers.not-visible` when it is not to be seen yet.
 */
export function madeByUs<T>(found: T | Foreign<T> | undefined, what: string): T {
  if (found === undefined) throw notToBeSeen(what);
  if (!isForeign(found)) return found;
  throw new DeployError({
    code: "servers.foreign",
    message: `Somebody else has made ${what} meanwhile: ${found.description}.`,
    hint: "Run again: the plan says what can be done about it.",
  });
}

/** The error for something that exists and cannot be read. */
export function notToBeSeen(what: string): DeployError {
  return new DeployError({
    code: "servers.not-visible",
    message: `AWS says that ${what} exists, and does not show it.`,
    hint: "Run the same again in a minute.",
    retryable: true,
  });
}

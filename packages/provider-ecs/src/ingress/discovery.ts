import type { Scope } from "@deploy/core";
import { appName, groupName } from "../names.js";
import type { Settings } from "../options.js";

/** The private DNS namespace of a group in Cloud Map: `deploy-production.internal`. */
export function namespaceName(settings: Settings, scope: Scope): string {
  return `${groupName(settings, scope, 50)}.internal`;
}

/** The service of a process inside the namespace; one DNS label. */
export function discoveryService(scope: Scope, process: string): string {
  return appName(scope, 63, process).toLowerCase();
}

/**
 * The name under which a process of bridge mode is found: SRV records with the port of each instance that runs, kept by
 * ECS (`serviceRegistries` with `containerName` and `containerPort`).
 */
export function discoveryName(settings: Settings, scope: Scope, process: string): string {
  return `${discoveryService(scope, process)}.${namespaceName(settings, scope)}`;
}

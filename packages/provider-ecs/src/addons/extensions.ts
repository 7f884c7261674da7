import {
  type AnyResource,
  DeployError,
  type ResolvedAddon,
  type Resource,
  type Scope,
  type SecretReference,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import type { DatabaseAddress } from "./credentials.js";
import { addonId } from "./names.js";
import { present } from "./run-task.js";
import { taskGate } from "./task-gate.js";
import { clientOf, extensionContainer } from "./tools.js";

/** Refuses names that are none before anything is asked: they become part of a statement. @throws `addons.bad-extension`. */
export function checkExtensions(addon: ResolvedAddon): void {
  for (const name of addon.extensions) {
    if (/^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/.test(name)) continue;
    throw new DeployError({
      code: "addons.bad-extension",
      message: `"${name}" of the add-on ${addon.name} is not the name of an extension.`,
      hint: "Write it as CREATE EXTENSION does, such as pgcrypto.",
    });
  }
}

/**
 * The extensions of a Postgres, installed by a task: only from inside of the network it can be reached. Those that are no
 * longer declared stay, because columns may be made of their types.
 */
export function extensions(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  secret: Resource<unknown, SecretReference>,
  after: readonly AnyResource[],
  whereOf?: (context: Parameters<AnyResource["read"]>[0]) => Promise<DatabaseAddress>,
): AnyResource {
  return taskGate<string>(parts, scope, {
    id: addonId(parts.settings, scope, addon.name, "extensions"),
    label: `extensions of ${addon.name}`,
    verb: "install",
    mark: `${addon.name}.extensions`,
    value: [...addon.extensions].sort().join(" "),
    after,
    isEnough: (done, wanted) => {
      const there = new Set(done.value.split(" "));
      return wanted.split(" ").every((name) => there.has(name));
    },
    task: async (context) => {
      const [{ location }, at] = await Promise.all([present(context, secret), whereOf?.(context)]);
      const client = clientOf(scope, addon, location ?? "", at);
      return {
        addon: addon.name,
        purpose: "extensions",
        containers: [extensionContainer(parts, addon, client)],
      };
    },
  }) as AnyResource;
}

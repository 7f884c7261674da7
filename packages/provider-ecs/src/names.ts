import { createHash } from "node:crypto";
import type { ElementName, Scope } from "@deploy/core";
import type { Settings } from "./options.js";

/** The provider's name: the first part of every id. */
export const providerName = "ecs";

/** Eight hexadecimal digits that stand for `text`. */
export function shortHash(text: string, length = 8): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}

/**
 * A name of at most `limit` characters, the same in every run: the parts joined by hyphens where they fit, else cut and
 * made unique by a hash of the whole. Letters, digits and hyphens only, which every service takes.
 *
 * Limits (each from the service's API reference): load balancer and target group 32, role and instance profile 64,
 * cluster, service, task definition family 255, security group 255, launch template 128, schedule 64, capacity
 * provider 255 and not beginning with `aws`, `ecs` or `fargate`, database instance 63, cache 40.
 */
export function boundedName(limit: number, ...parts: readonly string[]): string {
  // A slash and a double hyphen must not meet: `review/12` and `review--12` are two names.
  const joined = parts.join("/");
  const plain = joined.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const exact = parts.every((part) => /^[A-Za-z0-9]+$/.test(part));
  if (exact && plain.length <= limit) return plain;
  const hash = shortHash(joined);
  return `${plain.slice(0, limit - hash.length - 1).replace(/-+$/, "")}-${hash}`;
}

/** The group that an environment belongs to: what its apps share is named after it. */
export function groupOf(settings: Pick<Settings, "group">, scope: Scope): string {
  return settings.group ?? scope.environment.split("/")[0]!;
}

/** A name of something of the group, such as its load balancer. */
export function groupName(
  settings: Settings,
  scope: Scope,
  limit: number,
  ...parts: readonly string[]
): string {
  return boundedName(limit, "deploy", groupOf(settings, scope), ...parts);
}

/** A name of something of one app in one environment. */
export function appName(scope: Scope, limit: number, ...parts: readonly string[]): string {
  return boundedName(limit, scope.app, scope.environment, ...parts);
}

/** A path of something of one app in one environment, for parameters, secrets and log groups: `/deploy/shop/review/12`. */
export function appPath(scope: Scope, ...parts: readonly string[]): string {
  return ["", "deploy", scope.app, scope.environment, ...parts].join("/");
}

/** The id of a resource of one app. The region is in it: a retired provider of another region has the same name. */
export function idOf(
  settings: Settings,
  element: ElementName,
  scope: Scope,
  ...parts: readonly string[]
): string {
  return [providerName, element, settings.region, scope.app, scope.environment, ...parts].join("/");
}

/** The id of a resource that the apps of a group share. */
export function groupIdOf(
  settings: Settings,
  element: ElementName,
  scope: Scope,
  ...parts: readonly string[]
): string {
  return [providerName, element, settings.region, `group:${groupOf(settings, scope)}`, ...parts].join("/");
}

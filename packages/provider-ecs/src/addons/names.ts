import type { ResolvedAddon, Scope } from "@deploy/core";
import { appName, appPath, idOf, shortHash } from "../names.js";
import type { Settings } from "../options.js";

/** User, database and owner of everything in an add-on's Postgres. */
export const databaseUser = "app";

/** Tag that says which add-on something belongs to. */
export const addonTag = "deploy:addon";

/** Id of an add-on's resource. */
export function addonId(
  settings: Settings,
  scope: Scope,
  addon: string,
  ...parts: readonly string[]
): string {
  return idOf(settings, "addons", scope, addon, ...parts);
}

/** The name of an add-on at a service of AWS: at most `limit` characters, lower case, beginning with a letter. */
export function addonName(scope: Scope, addon: string, limit: number, ...parts: readonly string[]): string {
  return appName(scope, limit, "addon", addon, ...parts).toLowerCase();
}

/**
 * What families of an add-on's task definitions begin with: none of a release does, because those go with the releases.
 * Underscores part it, which no name of an app or environment can hold.
 */
export function addonFamilies(scope: Scope): string {
  return `deploy-addon_${scope.app}_${scope.environment.replaceAll("/", "__")}_`;
}

/** Family of an add-on's task definitions: of its service, or of a task for a purpose. */
export function addonFamily(scope: Scope, addon: string, purpose = "service"): string {
  return `${addonFamilies(scope)}${purpose}_${addon}`;
}

/** Where backups of an add-on lie in the bucket. */
export function backupPrefix(scope: Scope, addon: string): string {
  return `${appPath(scope, addon).slice("/deploy/".length)}/`;
}

/**
 * Address of the instance as its own containers see it: the gateway of Docker's default bridge, which no ECS-optimized
 * machine image changes.
 */
export const gateway = "172.17.0.1";

/**
 * The instance's port that an add-on has for good. Below the range that dynamic ports come from (32768 on), above the doors of
 * the proxy, and closed from outside by the security group.
 */
export function addonPort(scope: Scope, addon: string): number {
  return 20_000 + (Number.parseInt(shortHash(`${scope.app}/${scope.environment}/${addon}`), 16) % 10_000);
}

/** Images that are used where the options name none. Both are mirrors by AWS, whose pulls Docker Hub does not count. */
const officialImages = {
  postgres: "public.ecr.aws/docker/library/postgres",
  redis: "public.ecr.aws/docker/library/redis",
} as const;

/** Versions where none is declared. */
const pinned = { postgres: "17.11-bookworm", redis: "7.4.5-alpine3.21" } as const;

/** The image that an add-on runs from, and its tools with it. */
export function addonImage(settings: Settings, addon: Pick<ResolvedAddon, "kind" | "version">): string {
  const kind = addon.kind === "redis" ? "redis" : "postgres";
  const suffix = kind === "postgres" ? "bookworm" : "alpine";
  const tag = addon.version === undefined ? pinned[kind] : `${addon.version}-${suffix}`;
  return settings.addons.images?.[kind] ?? `${officialImages[kind]}:${tag}`;
}

/** The image whose `aws` copies backups. */
export function awsCliImage(settings: Settings): string {
  return settings.addons.images?.["aws-cli"] ?? "public.ecr.aws/aws-cli/aws-cli:2.31.29";
}

/** Days that backups are kept. */
export function backupDays(settings: Settings): number {
  return settings.addons.backupDays ?? 14;
}

import {
  type AddonPlan,
  type AnyResource,
  DeployError,
  output,
  type ResolvedAddon,
  type Resource,
  type Scope,
  type SecretReference,
} from "@deploy/core";
import type { Parts } from "../parts.js";
import { besideResource } from "./beside.js";
import { address, type DatabaseAddress, password } from "./credentials.js";
import { databaseGroup } from "./database-network.js";
import { checkExtensions, extensions } from "./extensions.js";
import { externalAddress } from "./external.js";
import { managedPostgres, postgresUrl } from "./managed-postgres.js";
import { managedRedis, redisUrl } from "./managed-redis.js";
import { addonPort, databaseUser, gateway } from "./names.js";
import { present } from "./run-task.js";

/** An add-on as resources, by what each is. */
export interface AddonParts {
  readonly plan: AddonPlan;
  /** Absent where it is somebody else's. */
  readonly database?: AnyResource;
  readonly secret?: Resource<unknown, SecretReference>;
}

/**
 * The resources of an add-on: beside the app on `instance()`, else managed by AWS, or somebody else's.
 *
 * @throws `addons.unsupported`, `addons.bad-extension`, `addons.unknown-plan`.
 */
export function composeAddon(parts: Parts, scope: Scope, addon: ResolvedAddon): AddonParts {
  if (addon.kind !== "postgres" && addon.kind !== "redis") throw unsupported(addon);
  checkExtensions(addon);
  const variable = parts.settings.addons.external?.[addon.name];
  if (variable !== undefined) {
    const stored = externalAddress(parts, scope, addon, variable);
    return { plan: planOf(addon, stored, [stored as AnyResource]) };
  }
  checkPlan(parts, addon);
  return parts.settings.capacity.kind === "instance"
    ? beside(parts, scope, addon)
    : managed(parts, scope, addon);
}

function beside(parts: Parts, scope: Scope, addon: ResolvedAddon): AddonParts {
  const secret = password(parts, scope, addon.name);
  const database = besideResource(parts, scope, addon, secret) as AnyResource;
  const at = { host: gateway, port: addonPort(scope, addon.name) };
  const stored = address(
    parts,
    scope,
    addon.name,
    at,
    secret,
    addon.kind === "redis" ? redisBeside : postgresBeside,
  );
  const installed =
    addon.extensions.length === 0 ? [] : [extensions(parts, scope, addon, secret, [database])];
  const all = [secret as AnyResource, database, stored as AnyResource, ...installed];
  return { plan: planOf(addon, stored, all), database, secret };
}

function managed(parts: Parts, scope: Scope, addon: ResolvedAddon): AddonParts {
  const secret = password(parts, scope, addon.name);
  const group = databaseGroup(parts, scope, addon.name, addon.kind === "redis" ? 6379 : 5432);
  const placeOf = (made: { readonly host: string | undefined; readonly port: number }): DatabaseAddress => ({
    host: made.host ?? "",
    port: made.port,
  });
  const database =
    addon.kind === "redis"
      ? managedRedis(parts, scope, addon, secret, group)
      : managedPostgres(parts, scope, addon, secret, group);
  const at = output(database as Resource<unknown, { host: string | undefined; port: number }>, placeOf);
  const urlOf = addon.kind === "redis" ? redisUrl : postgresUrl;
  const stored = address(parts, scope, addon.name, at, secret, urlOf);
  const whereOf = async (context: Parameters<AnyResource["read"]>[0]): Promise<DatabaseAddress> =>
    placeOf(
      await present(context, database as Resource<unknown, { host: string | undefined; port: number }>),
    );
  const after = [database as AnyResource, ...parts.foundation(scope).ready];
  const installed =
    addon.extensions.length === 0 ? [] : [extensions(parts, scope, addon, secret, after, whereOf)];
  const all = [secret, group, database, stored] as readonly AnyResource[];
  return { plan: planOf(addon, stored, [...all, ...installed]), database: database as AnyResource, secret };
}

function planOf(
  addon: ResolvedAddon,
  stored: Resource<unknown, SecretReference>,
  all: readonly AnyResource[],
): AddonPlan {
  const reference = output(
    stored,
    ({ version, location }): SecretReference => ({
      name: addon.as,
      version,
      ...(location === undefined ? {} : { location }),
    }),
  );
  return { resources: all, config: {}, references: { [addon.as]: reference }, ready: all };
}

/** Between containers of one machine nothing passes a wire: no TLS. */
function postgresBeside({ host, port }: DatabaseAddress, secret: string): string {
  return `postgres://${databaseUser}:${encodeURIComponent(secret)}@${host}:${port}/${databaseUser}`;
}

function redisBeside({ host, port }: DatabaseAddress, secret: string): string {
  return `redis://:${encodeURIComponent(secret)}@${host}:${port}/0`;
}

/** A plan is the vendor's word for a size; the name of another vendor's is refused before it is sent. */
function checkPlan(parts: Parts, addon: ResolvedAddon): void {
  if (addon.plan === undefined) return;
  const isBeside = parts.settings.capacity.kind === "instance";
  const example = addon.kind === "redis" ? "cache.t4g.small" : "db.t4g.small";
  if (!isBeside && addon.plan.startsWith(example.slice(0, example.indexOf(".") + 1))) return;
  throw new DeployError({
    code: "addons.unknown-plan",
    message: isBeside
      ? `The add-on ${addon.name} has the plan "${addon.plan}", and add-ons of instance() share its memory and disk.`
      : `"${addon.plan}" of the add-on ${addon.name} is no size of AWS.`,
    hint: isBeside
      ? "Leave plan out, and choose instance({ instanceType })."
      : `Write it as AWS does, such as ${example}.`,
  });
}

function unsupported(addon: ResolvedAddon): DeployError {
  return new DeployError({
    code: "addons.unsupported",
    message: `There is no add-on of the kind ${addon.kind} on ECS.`,
    hint: "There are postgres and redis.",
  });
}

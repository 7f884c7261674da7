import { type AddonStatus, type Context, DeployError, type ResolvedAddon, type Scope } from "@deploy/core";
import { describeServices, describeTaskDefinition } from "../containers/describe.js";
import { unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { isOfApp, readTags } from "../tags.js";
import { besideService } from "./beside.js";
import { addonSecrets } from "./credentials.js";
import { postgresName } from "./managed-postgres.js";
import { redisName } from "./managed-redis.js";
import { addonFamily } from "./names.js";

/** An add-on as AWS holds it. */
export interface KnownAddon {
  readonly addon: ResolvedAddon;
  readonly where: "beside" | "rds" | "elasticache" | "external" | "gone";
  readonly status: AddonStatus;
}

/** Names of the add-ons of a scope: each has a password or an address in the store. */
export async function addonNames(parts: Parts, context: Context, scope: Scope): Promise<readonly string[]> {
  const stored = await addonSecrets(parts).list(context, scope);
  return addonsOf(stored.map(({ name }) => name));
}

/** The add-ons that these passwords and addresses are of. */
export function addonsOf(secrets: readonly string[]): readonly string[] {
  return [...new Set(secrets.map((name) => name.replace(/\.(?:password|url)$/, "")))].sort();
}

/** What an add-on is now, wherever it is. */
export async function knownAddon(
  parts: Parts,
  context: Context,
  scope: Scope,
  name: string,
): Promise<KnownAddon> {
  const { clients } = parts;
  const { clusterName } = parts.foundation(scope);
  const [[service], database, cache, stored] = await Promise.all([
    parts.settings.capacity.kind === "instance"
      ? describeServices(parts, context, clusterName, [besideService(scope, name)])
      : [],
    unlessGone(
      clients.send(context, "rds", "DescribeDBInstances", {
        DBInstanceIdentifier: postgresName(scope, name),
      }),
    ),
    unlessGone(
      clients.send(context, "elasticache", "DescribeReplicationGroups", {
        ReplicationGroupId: redisName(scope, name),
      }),
    ),
    addonSecrets(parts).list(context, scope),
  ]);
  const plain = { name, extensions: [], as: "", backup: true } as const;
  if (service !== undefined && isOfApp(readTags(service.tags), scope)) {
    const described = await describeTaskDefinition(parts, context, addonFamily(scope, name));
    const [container] = described?.taskDefinition?.containerDefinitions ?? [];
    const kind = container?.portMappings?.[0]?.containerPort === 6379 ? "redis" : "postgres";
    const version = /:([\d.]+)-/.exec(container?.image ?? "")?.[1];
    const running = (service.runningCount ?? 0) > 0;
    const state = running ? "running" : service.desiredCount === 0 ? "stopped" : "starting";
    const description = `${container?.image ?? kind} beside the app`;
    const addon = { ...plain, kind, ...(version === undefined ? {} : { version }) };
    return { addon, where: "beside", status: { name, kind, state, description } };
  }
  const instance = database?.DBInstances?.[0];
  if (instance !== undefined && isOfApp(readTags(instance.TagList), scope)) {
    const kind = "postgres";
    const description = `RDS PostgreSQL ${instance.EngineVersion}, ${instance.DBInstanceClass}, ${instance.AllocatedStorage} GB`;
    const state = stateOf(instance.DBInstanceStatus);
    return { addon: { ...plain, kind }, where: "rds", status: { name, kind, state, description } };
  }
  const group = cache?.ReplicationGroups?.[0];
  if (group !== undefined) {
    const kind = "redis";
    const description = `ElastiCache ${group.Engine ?? "Valkey"}, ${group.CacheNodeType}`;
    return {
      addon: { ...plain, kind },
      where: "elasticache",
      status: { name, kind, state: stateOf(group.Status), description },
    };
  }
  const isExternal = parts.settings.addons.external?.[name] !== undefined;
  const kept = stored.some((one) => one.name.startsWith(`${name}.`));
  const where = isExternal && kept ? "external" : "gone";
  const description = isExternal ? "somebody else's" : "it is gone; its password is kept";
  return {
    addon: { ...plain, kind: "postgres" },
    where,
    status: {
      name,
      kind: isExternal ? "external" : "postgres",
      state: isExternal ? "running" : "failed",
      description,
    },
  };
}

function stateOf(status: string | undefined): AddonStatus["state"] {
  if (status === "available" || status === "backing-up" || status === "snapshotting") return "running";
  if (status === "stopped" || status === "stopping") return "stopped";
  return /^(?:fail|incompatible|create-failed|inaccessible|restore-error|storage-full)/.test(status ?? "")
    ? "failed"
    : "starting";
}

/** The error of a verb that this add-on does not have. */
export function cannot(addon: string, what: string, hint: string): DeployError {
  return new DeployError({ code: "addons.unsupported", message: `${addon}: ${what}.`, hint });
}

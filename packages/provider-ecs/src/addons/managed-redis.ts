import {
  type Context,
  DeployError,
  type FieldChange,
  type Foreign,
  isForeign,
  output,
  type ResolvedAddon,
  type Resource,
  reveal,
  type Scope,
  type SecretReference,
} from "@deploy/core";
import type { Output } from "../clients/modules.js";
import { isAwsError, unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { alone, ecsResource, readOnce } from "../resources.js";
import type { SecurityGroupObserved } from "../servers/foundation.js";
import { ifOurs, readTags, upperTags } from "../tags.js";
import { addonSecrets, passwordName } from "./credentials.js";
import { addonTags } from "./database-network.js";
import { addonId, addonName, backupDays } from "./names.js";

const smallestNode = "cache.t4g.micro";
/** Valkey speaks Redis's protocol, and costs a fifth less at AWS. */
const engine = "valkey";
const defaultVersion = "8.0";

/** A cache of ElastiCache as it is. */
export interface RedisObserved {
  readonly id: string;
  readonly arn: string;
  readonly status: string;
  readonly host: string | undefined;
  readonly port: number;
  readonly node: string;
  readonly backupDays: number;
}

interface RedisDesired {
  readonly group: string;
  readonly subnets: readonly string[];
  readonly password: string;
}

/** The identifier of an add-on's cache: 40 characters at most. */
export function redisName(scope: Scope, addon: string): string {
  return addonName(scope, addon, 40);
}

/** The add-on as one node of ElastiCache: private, encrypted on disk and on the line, with a password. */
export function managedRedis(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  secret: Resource<unknown, SecretReference>,
  group: Resource<unknown, SecurityGroupObserved>,
): Resource<RedisDesired, RedisObserved> {
  const { clients, settings } = parts;
  const foundation = parts.foundation(scope);
  const id = redisName(scope, addon.name);
  const tags = addonTags(parts, scope, addon.name);
  const wanted = { node: addon.plan ?? smallestNode, backupDays: Math.min(35, backupDays(settings)) };
  const describe = async (context: Context): Promise<RedisObserved | Foreign<RedisObserved> | undefined> => {
    const found = await readOnce(settings, context, `cache ${id}`, async () => {
      const input = { ReplicationGroupId: id };
      const answer = await unlessGone(
        clients.send(context, "elasticache", "DescribeReplicationGroups", input),
      );
      const described = answer?.ReplicationGroups?.[0];
      if (described?.ARN === undefined) return undefined;
      const tagged = await unlessGone(
        clients.send(context, "elasticache", "ListTagsForResource", { ResourceName: described.ARN }),
      ).catch((error: unknown) => {
        // While it is being made, its tags cannot be read; only we make one of this name.
        if (isAwsError(error, "InvalidReplicationGroupState", "InvalidReplicationGroupStateFault"))
          return undefined;
        throw error;
      });
      return { described, tags: tagged === undefined ? tags : readTags(tagged.TagList) };
    });
    if (found === undefined) return undefined;
    return ifOurs("app", settings, scope, found.tags, `the cache ${id}`, observedOf(found.described));
  };
  return ecsResource<RedisDesired, RedisObserved>("addons", {
    id: addonId(settings, scope, addon.name),
    label: `redis ${addon.name}`,
    holdsData: `database ${addon.name}`,
    pollEvery: 5_000,
    desired: {
      group: output(group, (made) => made.groupId),
      subnets: output(foundation.network, (network) => network.subnetIds),
      password: output(secret, (reference) => reference.version),
    },
    read: describe,
    diff: (_desired, observed): readonly FieldChange[] => [
      ...(observed.node === wanted.node ? [] : [{ path: "node", from: observed.node, to: wanted.node }]),
      ...(observed.backupDays === wanted.backupDays
        ? []
        : [{ path: "backupDays", from: observed.backupDays, to: wanted.backupDays }]),
    ],
    pending: (observed) => {
      if (observed.status === "available" && observed.host !== undefined) return undefined;
      if (/^(?:available|creating|modifying|snapshotting)$/.test(observed.status)) return observed.status;
      throw new DeployError({
        code: "addons.cache-failed",
        message: `The cache ${id} is "${observed.status}".`,
        hint: `Look at it in the ElastiCache console (${settings.region}): it does not come back by itself.`,
        details: { status: observed.status },
      });
    },
    create: async (context, desired) => {
      const password = await addonSecrets(parts).reveal(context, scope, passwordName(addon.name));
      if (password === undefined) throw new Error(`${addon.name} has no password`);
      const CacheSubnetGroupName = id;
      try {
        await clients.send(context, "elasticache", "CreateCacheSubnetGroup", {
          CacheSubnetGroupName,
          CacheSubnetGroupDescription: `${addon.name} of ${scope.app} in ${scope.environment}`,
          SubnetIds: [...desired.subnets],
          Tags: upperTags(tags),
        });
      } catch (error) {
        if (!isAwsError(error, "CacheSubnetGroupAlreadyExists", "CacheSubnetGroupAlreadyExistsFault"))
          throw error;
      }
      try {
        const made = await clients.send(
          context,
          "elasticache",
          "CreateReplicationGroup",
          {
            ReplicationGroupId: id,
            ReplicationGroupDescription: `${addon.name} of ${scope.app} in ${scope.environment}`,
            Engine: engine,
            EngineVersion: addon.version ?? defaultVersion,
            CacheNodeType: wanted.node,
            NumCacheClusters: 1,
            AutomaticFailoverEnabled: false,
            CacheSubnetGroupName,
            SecurityGroupIds: [desired.group],
            AtRestEncryptionEnabled: true,
            TransitEncryptionEnabled: true,
            AuthToken: reveal(password),
            SnapshotRetentionLimit: wanted.backupDays,
            Tags: upperTags(tags),
          },
          { private: true },
        );
        return observedOf(made.ReplicationGroup ?? {});
      } catch (error) {
        // An earlier call has made it, whose answer was lost; or somebody else has, meanwhile.
        if (!isAwsError(error, "ReplicationGroupAlreadyExists", "ReplicationGroupAlreadyExistsFault"))
          throw error;
        const found = await describe(alone(context));
        if (found === undefined || isForeign(found)) throw error;
        return found;
      }
    },
    update: async (context) => {
      const answer = await clients.send(context, "elasticache", "ModifyReplicationGroup", {
        ReplicationGroupId: id,
        CacheNodeType: wanted.node,
        SnapshotRetentionLimit: wanted.backupDays,
        ApplyImmediately: true,
      });
      return observedOf(answer.ReplicationGroup ?? {});
    },
  });
}

type Described = NonNullable<Output<"elasticache", "DescribeReplicationGroups">["ReplicationGroups"]>[number];

function observedOf(found: Described): RedisObserved {
  const primary = found.NodeGroups?.[0]?.PrimaryEndpoint ?? found.ConfigurationEndpoint;
  return {
    id: found.ReplicationGroupId ?? "",
    arn: found.ARN ?? "",
    status: found.Status ?? "creating",
    host: primary?.Address,
    port: primary?.Port ?? 6379,
    node: found.CacheNodeType ?? "",
    backupDays: found.SnapshotRetentionLimit ?? 0,
  };
}

/** The address that processes get: over TLS, which the node insists on. */
export function redisUrl(
  { host, port }: { readonly host: string; readonly port: number },
  password: string,
): string {
  return `rediss://:${encodeURIComponent(password)}@${host}:${port}/0`;
}

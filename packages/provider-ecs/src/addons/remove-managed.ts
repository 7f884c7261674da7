import { type Context, DeployError, type ResolvedAddon, type Scope } from "@deploy/core";
import { isAwsError, unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { postgresName } from "./managed-postgres.js";
import { redisName } from "./managed-redis.js";

const pollMs = 5_000;
const longestMs = 28 * 60_000;
const again = { repeatable: true };

/** Removes a managed add-on after a last snapshot, which stays, and waits until it is gone; then its subnet group. */
export async function removeManaged(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: ResolvedAddon,
): Promise<void> {
  if (addon.kind === "redis") return removeRedis(parts, context, redisName(scope, addon.name));
  return removePostgres(parts, context, postgresName(scope, addon.name));
}

/** The name of the last snapshot: unique in the account, and the time is in it. */
function finalName(context: Context, id: string): string {
  return `${id}-final-${new Date(context.clock.now()).toISOString().replace(/[-:T]/g, "").slice(0, 14)}`;
}

async function removePostgres({ clients }: Parts, context: Context, id: string): Promise<void> {
  const DBInstanceIdentifier = id;
  const describe = async () => {
    const answer = await unlessGone(
      clients.send(context, "rds", "DescribeDBInstances", { DBInstanceIdentifier }),
    );
    return answer?.DBInstances?.[0];
  };
  const found = await describe();
  if (found !== undefined && found.DBInstanceStatus !== "deleting") {
    // The name was typed: that is what the protection asks for.
    if (found.DeletionProtection === true) {
      const input = { DBInstanceIdentifier, DeletionProtection: false, ApplyImmediately: true };
      await clients.send(context, "rds", "ModifyDBInstance", input, again);
    }
    const input = {
      DBInstanceIdentifier,
      SkipFinalSnapshot: false,
      FinalDBSnapshotIdentifier: finalName(context, id),
    };
    try {
      await unlessGone(clients.send(context, "rds", "DeleteDBInstance", input));
    } catch (error) {
      if ((await describe())?.DBInstanceStatus !== "deleting") throw error;
    }
  }
  await untilGone(context, id, async () => (await describe())?.DBInstanceStatus);
  await unlessGone(clients.send(context, "rds", "DeleteDBSubnetGroup", { DBSubnetGroupName: id }, again));
}

async function removeRedis({ clients }: Parts, context: Context, id: string): Promise<void> {
  const ReplicationGroupId = id;
  const describe = async () => {
    const answer = await unlessGone(
      clients.send(context, "elasticache", "DescribeReplicationGroups", { ReplicationGroupId }),
    );
    return answer?.ReplicationGroups?.[0]?.Status;
  };
  const status = await describe();
  if (status !== undefined && status !== "deleting") {
    const input = { ReplicationGroupId, FinalSnapshotIdentifier: finalName(context, id) };
    try {
      await unlessGone(clients.send(context, "elasticache", "DeleteReplicationGroup", input));
    } catch (error) {
      if (isAwsError(error, "InvalidReplicationGroupState") || (await describe()) !== "deleting") throw error;
    }
  }
  await untilGone(context, id, describe);
  await unlessGone(
    clients.send(context, "elasticache", "DeleteCacheSubnetGroup", { CacheSubnetGroupName: id }, again),
  );
}

async function untilGone(
  context: Context,
  id: string,
  statusOf: () => Promise<string | undefined>,
): Promise<void> {
  const startedAt = context.clock.now();
  for (let said = ""; ; ) {
    const status = await statusOf();
    if (status === undefined) return;
    if (status !== said) context.log(`${id}: ${status}`);
    said = status;
    if (context.clock.now() - startedAt > longestMs) {
      throw new DeployError({
        code: "addons.still-there",
        message: `${id} is still "${status}" after ${longestMs / 60_000} minutes.`,
        hint: "Run the same again: it goes on waiting.",
        retryable: true,
      });
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}

import {
  type AnyResource,
  type Backup,
  type Context,
  DeployError,
  type FieldChange,
  type Out,
  type ResolvedAddon,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { isAwsError, unlessGone } from "../errors.js";
import type { Parts } from "../parts.js";
import { ecsResource } from "../resources.js";
import { readTags, tagKey, upperTags } from "../tags.js";
import { addonTags } from "./database-network.js";
import { postgresName } from "./managed-postgres.js";
import { redisName } from "./managed-redis.js";
import { putMark, sharedMarks } from "./marks.js";
import { addonId, addonName, backupDays } from "./names.js";

/** A snapshot of ours. */
interface Snapshot {
  readonly id: string;
  readonly status: string;
  readonly createdAt: string;
  readonly bytes: number;
  readonly release: number | undefined;
}

/** Milliseconds between two looks, and until a snapshot has to be there. */
const pollMs = 5_000;
const longestMs = 25 * 60_000;

/** Snapshots of an add-on that we have taken, newest first. */
export async function listSnapshots(
  { clients }: Parts,
  context: Context,
  scope: Scope,
  addon: Pick<ResolvedAddon, "name" | "kind">,
): Promise<readonly Snapshot[]> {
  if (addon.kind === "redis") {
    const input = { ReplicationGroupId: redisName(scope, addon.name), SnapshotSource: "user" };
    const found = await unlessGone(
      clients.all(context, "elasticache", "DescribeSnapshots", input, (page) => page.Snapshots),
    );
    return newestFirst(
      (found ?? []).map((one) => ({
        id: one.SnapshotName ?? "",
        status: one.SnapshotStatus ?? "creating",
        createdAt: (one.NodeSnapshots?.[0]?.SnapshotCreateTime ?? new Date(0)).toISOString(),
        bytes: (Number.parseInt(one.NodeSnapshots?.[0]?.CacheSize ?? "0", 10) || 0) * 1_000_000,
        release: releaseIn(one.SnapshotName ?? ""),
      })),
    );
  }
  const input = { DBInstanceIdentifier: postgresName(scope, addon.name), SnapshotType: "manual" };
  const found = await unlessGone(
    clients.all(context, "rds", "DescribeDBSnapshots", input, (page) => page.DBSnapshots),
  );
  return newestFirst(
    (found ?? [])
      .filter((one) => readTags(one.TagList)[tagKey.app] === scope.app)
      .map((one) => ({
        id: one.DBSnapshotIdentifier ?? "",
        status: one.Status ?? "creating",
        createdAt: (one.SnapshotCreateTime ?? new Date(0)).toISOString(),
        // RDS tells the size of the disk, not what of it is used.
        bytes: (one.AllocatedStorage ?? 0) * 1_000_000_000,
        release: releaseIn(one.DBSnapshotIdentifier ?? ""),
      })),
  );
}

function newestFirst(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  return [...snapshots].sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
}

function releaseIn(id: string): number | undefined {
  const found = /-r(\d+)$/.exec(id)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** A snapshot's name says which release it was taken before; so it is taken once. */
function snapshotName(scope: Scope, addon: string, suffix: string): string {
  return `${addonName(scope, addon, 180)}-${suffix}`;
}

/** Begins a snapshot and waits until it is whole; one of this name that is there is taken as it is. */
async function take(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: Pick<ResolvedAddon, "name" | "kind">,
  id: string,
): Promise<Snapshot> {
  const Tags = upperTags(addonTags(parts, scope, addon.name));
  try {
    if (addon.kind === "redis") {
      await parts.clients.send(context, "elasticache", "CreateSnapshot", {
        ReplicationGroupId: redisName(scope, addon.name),
        SnapshotName: id,
        Tags,
      });
    } else {
      await parts.clients.send(context, "rds", "CreateDBSnapshot", {
        DBInstanceIdentifier: postgresName(scope, addon.name),
        DBSnapshotIdentifier: id,
        Tags,
      });
    }
  } catch (error) {
    const there = ["DBSnapshotAlreadyExists", "DBSnapshotAlreadyExistsFault", "SnapshotAlreadyExistsFault"];
    if (!isAwsError(error, ...there)) throw error;
  }
  const startedAt = context.clock.now();
  for (let said = ""; ; ) {
    const found = (await listSnapshots(parts, context, scope, addon)).find((one) => one.id === id);
    if (found?.status === "available") return found;
    const status = found?.status ?? "not visible yet";
    if (status === "failed" || context.clock.now() - startedAt > longestMs) {
      throw new DeployError({
        code: "addons.backup-failed",
        message: `The snapshot ${id} of ${addon.name} is "${status}".`,
        hint: "Look at it in the AWS console, remove it and run again; or set backup: false on the add-on.",
        details: { snapshot: id, status },
      });
    }
    if (status !== said) context.log(`snapshot of ${addon.name}: ${status}`);
    said = status;
    await context.clock.sleep(pollMs, context.signal);
  }
}

/** Snapshots of ours that are older than the kept days go, but for the newest. */
async function removeOld(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: Pick<ResolvedAddon, "name" | "kind">,
): Promise<void> {
  if (addon.kind === "redis") return;
  const limit = context.clock.now() - backupDays(parts.settings) * 86_400_000;
  const [, ...earlier] = await listSnapshots(parts, context, scope, addon);
  for (const { id } of earlier.filter((one) => Date.parse(one.createdAt) < limit)) {
    const input = { DBSnapshotIdentifier: id };
    await unlessGone(parts.clients.send(context, "rds", "DeleteDBSnapshot", input, { repeatable: true }));
  }
}

/** A snapshot before a release; the first release has nothing that a migration could spoil. */
export function snapshotBefore(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  release: Out<number>,
  database: AnyResource,
): AnyResource {
  const name = `${addon.name}.backup`;
  const work = async (context: Context, { release: wanted }: { readonly release: number }) => {
    if (wanted > 1) {
      await take(parts, context, scope, addon, snapshotName(scope, addon.name, `r${wanted}`));
      await removeOld(parts, context, scope, addon);
    }
    const startedAt = new Date(context.clock.now()).toISOString();
    await putMark(parts, context, scope, name, { value: String(wanted), state: "done", startedAt });
    return { release: wanted };
  };
  return ecsResource<{ readonly release: number }, { readonly release: number }>("addons", {
    id: addonId(parts.settings, scope, addon.name, "backup"),
    label: `backup of ${addon.name}`,
    verb: "back up",
    desired: { release },
    after: [database],
    read: async (context) => {
      const mark = (await sharedMarks(parts, context, scope)).get(name);
      return mark === undefined ? undefined : { release: Number(mark.value) };
    },
    diff: (desired, observed): readonly FieldChange[] => {
      const wanted =
        desired === UNKNOWN ? UNKNOWN : (desired as { release: number | typeof UNKNOWN }).release;
      if (wanted === UNKNOWN) return [{ path: "before release", from: observed.release, unknown: true }];
      return wanted > observed.release
        ? [{ path: "before release", from: observed.release, to: wanted }]
        : [];
    },
    create: work,
    update: work,
  }) as AnyResource;
}

/** Takes a snapshot now. */
export async function snapshotNow(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: Pick<ResolvedAddon, "name" | "kind">,
): Promise<Backup> {
  const stamp = new Date(context.clock.now()).toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return backupOf(await take(parts, context, scope, addon, snapshotName(scope, addon.name, stamp)));
}

/** A snapshot as a person sees it. */
export function backupOf({ id, createdAt, bytes, release }: Snapshot): Backup {
  return { id, createdAt, bytes, ...(release === undefined ? {} : { release }) };
}

import {
  type AnyResource,
  type Backup,
  type Context,
  DeployError,
  type Out,
  type ResolvedAddon,
  type Resource,
  type Scope,
  type SecretReference,
} from "@deploy/core";
import { appName, idOf, shortHash } from "../names.js";
import type { Parts } from "../parts.js";
import type { RoleObserved } from "../servers/foundation.js";
import { partitionOf } from "../servers/role-policies.js";
import { role } from "../servers/roles.js";
import { appTags } from "../tags.js";
import { backupBucket, bucketName, listBackups } from "./bucket.js";
import { addonId, backupPrefix } from "./names.js";
import { finishOneOff, type OneOff, present, startOneOff } from "./run-task.js";
import { taskGate } from "./task-gate.js";
import { backupContainers, clientOf, restoreContainers, sharedVolume } from "./tools.js";

/** The role that backup tasks take: this environment's part of the bucket, and nothing else. */
function backupRole(parts: Parts, scope: Scope): Resource<unknown, RoleObserved> {
  const { settings, clients } = parts;
  const partition = partitionOf(settings.region);
  const bucket = `arn:${partition}:s3:::deploy-backups-*-${settings.region}`;
  return role(clients, settings, scope, {
    id: idOf(settings, "servers", scope, "role", "backup"),
    label: "role of backups",
    name: appName(scope, 64, settings.region, "backup"),
    owner: "app",
    tags: appTags(settings, scope),
    service: "ecs-tasks.amazonaws.com",
    policy: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"],
          Resource: [`${bucket}/${backupPrefix(scope, "x").slice(0, -2)}*`],
        },
      ],
    },
    attached: [],
  }) as Resource<unknown, RoleObserved>;
}

/** Key of a backup in the bucket: sortable by time, and with the release that it was taken before. */
function backupKey(scope: Scope, addon: string, at: number, release?: number): string {
  const stamp = new Date(at)
    .toISOString()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "Z");
  return `${backupPrefix(scope, addon)}${stamp}${release === undefined ? "" : `-r${release}`}`;
}

/** A backup as a person sees it; its id is the last part of its key. */
export function describeBackup(one: {
  readonly key: string;
  readonly bytes: number;
  readonly createdAt: string;
}): Backup {
  const id = one.key.slice(one.key.lastIndexOf("/") + 1);
  const release = /-r(\d+)$/.exec(id)?.[1];
  const { createdAt, bytes } = one;
  return { id, createdAt, bytes, ...(release === undefined ? {} : { release: Number(release) }) };
}

/** What dumps an add-on beside the app. */
async function backupTask(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: ResolvedAddon,
  password: string,
  key: string,
): Promise<Omit<OneOff, "token">> {
  const [bucket, { arn }] = await Promise.all([
    bucketName(parts, context),
    present(context, backupRole(parts, scope)),
  ]);
  return {
    addon: addon.name,
    purpose: "backup",
    containers: backupContainers(parts, addon, clientOf(scope, addon, password), { bucket, key }),
    volumes: [sharedVolume],
    taskRole: arn,
  };
}

/** A backup in front of the release command; the first release has nothing that a migration could spoil. */
export function besideBackupBefore(
  parts: Parts,
  scope: Scope,
  addon: ResolvedAddon,
  release: Out<number>,
  database: AnyResource,
  secret: Resource<unknown, SecretReference>,
): AnyResource {
  const bucket = backupBucket(parts, scope);
  const role_ = backupRole(parts, scope);
  return taskGate<number>(parts, scope, {
    id: addonId(parts.settings, scope, addon.name, "backup"),
    label: `backup of ${addon.name}`,
    verb: "back up",
    mark: `${addon.name}.backup`,
    value: release,
    after: [database, bucket as AnyResource, role_ as AnyResource],
    isEnough: (done, wanted) => Number(done.value) >= wanted,
    task: async (context, wanted) => {
      if (wanted <= 1) return undefined;
      const { location } = await present(context, secret);
      const key = backupKey(scope, addon.name, context.clock.now(), wanted);
      return backupTask(parts, context, scope, addon, location ?? "", key);
    },
  }) as AnyResource;
}

/** Takes a backup now, and waits for it. */
export async function backupNow(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: ResolvedAddon,
  secret: Resource<unknown, SecretReference>,
): Promise<Backup> {
  const { location } = await present(context, secret);
  for (const needed of [backupBucket(parts, scope), backupRole(parts, scope)] as AnyResource[]) {
    // A declared add-on without a release command has had none before.
    if ((await needed.read(context)) === undefined) await needed.create?.(context, needed.desired);
  }
  const key = backupKey(scope, addon.name, context.clock.now());
  const task = await backupTask(parts, context, scope, addon, location ?? "", key);
  const arn = await startOneOff(parts, context, scope, { ...task, token: shortHash(key, 32) });
  await finishOneOff(parts, context, scope, arn, `backup of ${addon.name}`);
  const found = (await listBackups(parts, context, key)).find((one) => one.key === key);
  if (found === undefined) throw unknownBackup(addon.name, key);
  return describeBackup(found);
}

/** Puts a backup in place of the present data. */
export async function restoreBackup(
  parts: Parts,
  context: Context,
  scope: Scope,
  addon: ResolvedAddon,
  secret: Resource<unknown, SecretReference>,
  backup: string,
): Promise<void> {
  const key = `${backupPrefix(scope, addon.name)}${backup}`;
  const found = (await listBackups(parts, context, key)).find((one) => one.key === key);
  if (found === undefined) throw unknownBackup(addon.name, backup);
  const [bucket, { arn }, { location }] = await Promise.all([
    bucketName(parts, context),
    present(context, backupRole(parts, scope)),
    present(context, secret),
  ]);
  const task = await startOneOff(parts, context, scope, {
    addon: addon.name,
    purpose: "restore",
    containers: restoreContainers(parts, addon, clientOf(scope, addon, location ?? ""), { bucket, key }),
    volumes: [sharedVolume],
    taskRole: arn,
    token: shortHash(`${key} ${context.clock.now()}`, 32),
  });
  await finishOneOff(parts, context, scope, task, `restoring ${addon.name}`);
}

/** The error of a backup that is not there. */
function unknownBackup(addon: string, backup: string): DeployError {
  return new DeployError({
    code: "addons.backup-unknown",
    message: `There is no backup ${backup} of ${addon}.`,
    hint: `Run: deploy addons backups ${addon}`,
  });
}

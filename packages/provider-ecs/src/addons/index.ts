import type { Addons } from "@deploy/core";
import type { Parts } from "../parts.js";
import { backupNow, besideBackupBefore, describeBackup, restoreBackup } from "./backup.js";
import { listBackups } from "./bucket.js";
import { composeAddon } from "./compose.js";
import { password } from "./credentials.js";
import { addonNames, cannot, knownAddon } from "./known.js";
import { backupPrefix } from "./names.js";
import { backupOf, listSnapshots, snapshotBefore, snapshotNow } from "./snapshots.js";

export { findAddons } from "./find-addons.js";
export type { AddonOptions } from "./options.js";

/** Backing services on AWS: beside the app on `instance()`, else RDS and ElastiCache; or somebody else's. */
export function createAddons(parts: Parts): Addons {
  const beside = parts.settings.capacity.kind === "instance";
  const elsewhere = "See to its backups where it is.";
  return {
    capabilities: {
      kinds: { postgres: true, redis: true },
      backup: true,
      restore: beside
        ? true
        : {
            no: "RDS restores a snapshot as a new database, which only a person can decide to take into use",
          },
      connect: { no: "databases are reachable from the app's tasks only; `deploy run psql` is one" },
    },
    addon: (scope, addon) => composeAddon(parts, scope, addon).plan,
    backupBefore: (scope, addon, release) => {
      const { plan, database, secret } = composeAddon(parts, scope, addon);
      // Somebody else's: there is nothing to do but to have its address.
      if (database === undefined || secret === undefined) return plan.ready[0]!;
      return beside
        ? besideBackupBefore(parts, scope, addon, release, database, secret)
        : snapshotBefore(parts, scope, addon, release, database);
    },
    status: async (context, scope) => {
      const names = await addonNames(parts, context, scope);
      const known = await Promise.all(names.map((name) => knownAddon(parts, context, scope, name)));
      return known.map((one) => one.status);
    },
    backups: async (context, scope, name) => {
      if (beside) return (await listBackups(parts, context, backupPrefix(scope, name))).map(describeBackup);
      const { addon, where } = await knownAddon(parts, context, scope, name);
      if (where === "external") throw cannot(name, "it is somebody else's", elsewhere);
      return (await listSnapshots(parts, context, scope, addon)).map(backupOf);
    },
    backup: async (context, scope, name) => {
      const { addon, where } = await knownAddon(parts, context, scope, name);
      if (where === "external" || where === "gone")
        throw cannot(name, "there is nothing of ours to back up", elsewhere);
      if (where !== "beside") return snapshotNow(parts, context, scope, addon);
      return backupNow(parts, context, scope, addon, password(parts, scope, name));
    },
    restore: async (context, scope, name, backup) => {
      if (!beside) throw cannot(name, "a snapshot becomes a new database", "Restore it in the AWS console.");
      const { addon, where } = await knownAddon(parts, context, scope, name);
      if (where !== "beside")
        throw cannot(name, "a snapshot becomes a new database", "Restore it in the AWS console.");
      if (addon.kind === "redis") {
        throw cannot(
          name,
          "a Redis takes up a dump only when it starts",
          "Scale the app down, and load the dump by hand.",
        );
      }
      await restoreBackup(parts, context, scope, addon, password(parts, scope, name), backup);
    },
  };
}

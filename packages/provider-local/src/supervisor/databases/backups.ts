import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { clearTemporary, namesIn } from "./files.js";
import type { Layout } from "./layout.js";
import type { Backup, BackupFormat } from "./types.js";

const kept = 5;
const endings: Readonly<Record<BackupFormat, string>> = {
  "pg-dump": "dump",
  "base-backup": "base.tar.gz",
  rdb: "rdb",
};

/** Where the backup of a release goes. Error: `addons.invalid-release`. */
export function backupFile(layout: Layout, release: number, format: BackupFormat): string {
  if (!Number.isSafeInteger(release) || release < 0) {
    throw new DeployError({
      code: "addons.invalid-release",
      message: `${release} is not a release number.`,
      hint: "Give the number of the release, such as 12.",
    });
  }
  return join(layout.backups, `release-${release}.${endings[format]}`);
}

/** The backups of an add-on, newest release first; unfinished ones are not among them. */
export async function listBackups(layout: Layout): Promise<Backup[]> {
  const backups: Backup[] = [];
  for (const name of await namesIn(layout.backups)) {
    const match = /^release-(\d+)\.(.+)$/.exec(name);
    const format = (Object.keys(endings) as BackupFormat[]).find((key) => endings[key] === match?.[2]);
    if (match === null || format === undefined) continue;
    const file = join(layout.backups, name);
    const found = await stat(file);
    backups.push({
      release: Number(match[1]),
      file,
      format,
      bytes: found.size,
      at: found.mtime.toISOString(),
    });
  }
  return backups.sort((one, other) => other.release - one.release || (one.at < other.at ? 1 : -1));
}

/** Deletes all but the newest five backups, and whatever an interrupted backup left. */
export async function pruneBackups(layout: Layout): Promise<void> {
  const byTime = (await listBackups(layout)).sort((one, other) => (one.at < other.at ? 1 : -1));
  for (const backup of byTime.slice(kept)) await rm(backup.file, { force: true });
  await clearTemporary(layout.backups);
}

/** The file to restore from: a path as it is, or the backup of a release. Error: `addons.backup-missing`. */
export async function chooseBackup(layout: Layout, from: string | number): Promise<string> {
  const backups = await listBackups(layout);
  const file = typeof from === "string" ? from : backups.find((backup) => backup.release === from)?.file;
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (file !== undefined && found?.isFile()) return file;
  const releases = backups.map((backup) => backup.release).join(", ");
  throw new DeployError({
    code: "addons.backup-missing",
    message:
      typeof from === "string" ? `There is no backup at ${from}.` : `There is no backup of release ${from}.`,
    hint:
      releases === ""
        ? "No backup has been made yet."
        : `Choose one of the releases with a backup: ${releases}.`,
  });
}

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, readdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DeployError } from "@deploy/core";
import { syncDirectory, temporaryName, writeNewFile } from "../../operating-system/atomic-file.js";
import { withDiskErrors } from "../../operating-system/disk-errors.js";

const keyBytes = 32;

/** Where the key of a secret store lies. */
export function keyPath(directory: string): string {
  return join(directory, "key");
}

/** Where the apps' secrets lie: not beside the key, or an app called `key` would be in its way. */
export function appsDirectory(directory: string): string {
  return join(directory, "apps");
}

/**
 * The store's key; made on first use, and read again for every operation so that it does not stay in memory.
 *
 * Errors: `secrets.key-exposed` (readable by others), `secrets.key-damaged` (wrong length or not a plain file),
 * `secrets.key-missing` (gone, while there are secrets which only it can read).
 */
export async function loadKey(directory: string): Promise<Buffer> {
  return (await readKey(keyPath(directory))) ?? createKey(directory);
}

async function readKey(path: string): Promise<Buffer | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw damaged(path, "it is a symbolic link");
    throw error;
  }
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw damaged(path, "it is not a plain file");
    if ((status.mode & 0o077) !== 0) {
      throw new DeployError({
        code: "secrets.key-exposed",
        message: `The key file ${path} can be read or written by others (mode ${(status.mode & 0o777).toString(8)}).`,
        hint: `Run \`chmod 600 ${path}\`, and set the secrets anew if somebody else may have read it.`,
        details: { path },
      });
    }
    if (status.size !== keyBytes) throw damaged(path, `it has ${status.size} bytes instead of ${keyBytes}`);
    const key = Buffer.alloc(keyBytes);
    await handle.read(key, 0, keyBytes, 0);
    return key;
  } finally {
    await handle.close();
  }
}

async function createKey(directory: string): Promise<Buffer> {
  const path = keyPath(directory);
  await refuseToReplaceLostKey(directory, path);
  await withDiskErrors({ path }, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const temporary = temporaryName(path);
    await writeNewFile(temporary, randomBytes(keyBytes), 0o600);
    try {
      // link(2) refuses an existing name: of two who start at once, both go on with the key of the first.
      await link(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      await unlink(temporary);
    }
    await syncDirectory(directory);
    await syncDirectory(dirname(directory));
  });
  const key = await readKey(path);
  if (key === undefined) throw damaged(path, "it disappeared while it was made");
  return key;
}

/** A new key beside old secrets would make them unreadable for good, and silently. */
async function refuseToReplaceLostKey(directory: string, path: string): Promise<void> {
  const apps = await readdir(appsDirectory(directory), { withFileTypes: true }).catch(() => []);
  for (const app of apps) {
    if (!app.isDirectory()) continue;
    const files = await readdir(join(appsDirectory(directory), app.name));
    if (!files.some((name) => name.endsWith(".json"))) continue;
    throw new DeployError({
      code: "secrets.key-missing",
      message: `The key file ${path} is missing, and the stored secrets cannot be read without it.`,
      hint: `Restore it from a backup, or remove ${directory} and set the secrets anew.`,
      details: { path },
    });
  }
}

function damaged(path: string, reason: string): DeployError {
  return new DeployError({
    code: "secrets.key-damaged",
    message: `The key file ${path} cannot be used: ${reason}.`,
    hint: "Restore it from a backup, or remove the whole directory and set the secrets anew.",
    details: { path },
  });
}

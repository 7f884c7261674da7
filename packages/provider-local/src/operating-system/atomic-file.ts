import { randomBytes } from "node:crypto";
import { link, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DeployError } from "@deploy/core";
import { withDiskErrors } from "./disk-errors.js";

/** How to write a file. */
export interface WriteFileAtomicOptions {
  /** Permission bits, whatever the umask says. Default `0o600`. */
  readonly mode?: number;
}

/** Makes the entries of a directory durable: a rename is on the disk only after this. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name beside `path` which no other call uses; it starts with a dot and carries our pid for {@link sweepTemporaryFiles}. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
}

/** Writes a new file with everything on the disk before it returns; removes it again when that fails. */
export async function writeNewFile(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    try {
      await handle.chmod(mode);
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
}

/**
 * Replaces a file so that a reader, and a crash at any moment, sees the old or the new content and never a mixture.
 *
 * Default mode 0600. Errors: `servers.disk-full`, `servers.state-read-only`.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteFileAtomicOptions = {},
): Promise<void> {
  const temporary = temporaryName(path);
  await withDiskErrors({ path }, async () => {
    await writeNewFile(temporary, data, options.mode ?? 0o600);
    try {
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    await syncDirectory(dirname(path));
  });
}

/** Removes what killed writers left in a directory: temporary files whose process is gone. Returns how many. */
export async function sweepTemporaryFiles(directory: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = /^\..+\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name)?.[1];
    if (pid === undefined || processExists(Number(pid))) continue;
    await unlink(join(directory, name)).then(
      () => removed++,
      () => undefined,
    );
  }
  return removed;
}

/** By pid alone: a reused pid only means that the file stays for the next sweep. */
function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Reads a JSON file which this program wrote; `undefined` when there is none.
 *
 * When it is not JSON, or `check` does not accept it, the file is moved aside as `<name>.corrupt-<n>`, so that the next
 * start finds a clean place and nothing is lost, and `servers.state-corrupted` names both.
 */
export async function readJson<T>(
  path: string,
  check: (value: unknown) => value is T,
): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let cause: unknown;
  try {
    const value: unknown = JSON.parse(text);
    if (check(value)) return value;
  } catch (error) {
    cause = error;
  }
  const aside = await moveAside(path);
  throw new DeployError({
    code: "servers.state-corrupted",
    message: `The state file ${path} is damaged.`,
    hint: `It was kept as ${aside}: restore ${basename(path)} from a backup, or run again to start without it.`,
    details: { path, keptAs: aside },
    // The parser quotes what it read, which a state file's owner may not want in a log.
    ...(cause === undefined ? {} : { cause: new Error("not valid JSON") }),
  });
}

/** Renames `path` to the first free `<path>.corrupt-<n>`, n from 1. */
async function moveAside(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const aside = `${path}.corrupt-${number}`;
    try {
      // link(2) refuses an existing name, rename(2) would replace an earlier corrupted file.
      await link(path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    await unlink(path);
    return aside;
  }
}

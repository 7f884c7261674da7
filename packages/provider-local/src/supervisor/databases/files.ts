import { randomBytes } from "node:crypto";
import {
  type FileHandle,
  lstat,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
} from "node:fs/promises";
import { dirname, join } from "node:path";

/** Whether a thrown value is a system error with this code, such as `ENOENT`. */
export function hasCode(thrown: unknown, ...codes: string[]): boolean {
  return thrown instanceof Error && "code" in thrown && codes.includes(String(thrown.code));
}

/** Whether anything is at `path`, a dangling link included. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Makes a rename in `directory` survive a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch (thrown) {
    // Some file systems refuse to sync a directory; their renames are as durable as they get.
    if (!hasCode(thrown, "EINVAL", "EPERM", "ENOTSUP")) throw thrown;
  } finally {
    await handle.close();
  }
}

/** Renames durably: after it resolves, not even a power cut brings the old name back. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/**
 * Writes a file whole or not at all: `write` fills a temporary sibling, which is synced and then takes the name.
 *
 * `mode` defaults to 0600.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  mode = 0o600,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameDurably(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
}

/** Deletes what {@link writeAtomically} left in a directory when it was killed. */
export async function clearTemporary(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (/\.[0-9a-f]{12}\.tmp$/.test(name)) await rm(join(directory, name), { force: true });
  }
}

/** Writes `value` as JSON, whole or not at all. */
export async function writeJson(path: string, value: unknown, mode = 0o600): Promise<void> {
  await writeAtomically(path, (file) => file.writeFile(`${JSON.stringify(value, null, 2)}\n`), mode);
}

/** Reads JSON that this module wrote; `undefined` when the file is not there. */
export async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (thrown) {
    if (hasCode(thrown, "ENOENT")) return undefined;
    throw thrown;
  }
}

/** Deletes a tree, also one that a dying process still writes into. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Names in a directory; none when it is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((thrown: unknown) => {
    if (hasCode(thrown, "ENOENT")) return [];
    throw thrown;
  });
}

/** Bytes that a tree takes on disk; what vanishes while it is counted counts as nothing. */
export async function sizeOnDisk(
  path: string,
  skip: (path: string) => boolean = () => false,
): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || skip(path)) return 0;
  if (!found.isDirectory()) return found.blocks * 512;
  const names = await readdir(path).catch(() => []);
  let total = found.blocks * 512;
  for (const name of names) total += await sizeOnDisk(join(path, name), skip);
  return total;
}

const logLimit = 8 * 1024 * 1024;

/**
 * Empties a log that has grown past 8 MiB.
 *
 * The server holds it open for appending, so that emptying works where renaming would not.
 */
export async function trimLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > logLimit) await truncate(path, 0);
}

/** The last lines of a log, for an error's details. Reads at most 8 KiB. */
export async function lastLines(path: string, count = 12): Promise<string[]> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const length = Math.min(size, 8192);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8").trimEnd().split("\n").slice(-count);
  } finally {
    await file.close();
  }
}

import { chmod, chown, lstat, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./files.js";
import { run } from "./processes.js";

/** The system user a server runs as, when that is not the user who runs Deploy. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Whether this process may become another user. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The user to run a server as: `undefined` means the invoking user, which is right for everybody but root.
 *
 * For root it is the owner of `data` when that exists, else the first of `names` that this machine has.
 */
export async function serviceAccount(data: string, names: readonly string[]): Promise<Account | undefined> {
  if (!isRoot()) return undefined;
  const owner = await lstat(data).catch(() => undefined);
  // The owner of the data decides, so that a system user which appears later does not lock the add-on out.
  if (owner !== undefined && owner.uid !== 0)
    return { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
  for (const name of names) {
    const uid = await run(["id", "-u", name], { env: process.env });
    const gid = await run(["id", "-g", name], { env: process.env });
    if (uid.code === 0 && gid.code === 0) return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return { name: "65534", uid: 65_534, gid: 65_534 };
}

/** Whether `account` can pass through every directory down to `path`, by mode bits; a missing end is not counted. */
export async function canReach(path: string, account: Account | undefined): Promise<boolean> {
  if (account === undefined) return true;
  for (let directory = path; ; directory = dirname(directory)) {
    const found = await lstat(directory).catch((thrown: unknown) => {
      if (hasCode(thrown, "ENOENT", "ENOTDIR")) return undefined;
      throw thrown;
    });
    if (found?.isDirectory()) {
      const bit = found.uid === account.uid ? 0o100 : found.gid === account.gid ? 0o010 : 0o001;
      if ((found.mode & bit) === 0) return false;
    }
    if (directory === dirname(directory)) return true;
  }
}

/** Makes a directory that only the server's user can enter, or takes over the one that is there. */
export async function makePrivate(directory: string, account: Account | undefined): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  // mkdir's mode is cut by the umask and says nothing about a directory that existed.
  await chmod(directory, 0o700);
}

/** Makes a directory that other users may pass through, but not list, when the server runs as one of them. */
export async function makePassable(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  await chmod(directory, isRoot() ? 0o711 : 0o700);
}

import { createHash, randomBytes } from "node:crypto";
import { link, readFile, rename, unlink } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { temporaryName, writeNewFile } from "./atomic-file.js";
import { withDiskErrors } from "./disk-errors.js";
import { isAlive, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** Who holds a lock, and what it says about itself. */
export interface LockHolder extends ProcessIdentity {
  /** What was passed to {@link acquireLock}: a port, a socket path, a version. Never a secret. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** A lock we hold, or who holds it instead. */
export type LockResult =
  | {
      readonly acquired: true /** Gives it back; a second call does nothing. */;
      readonly release: () => Promise<void>;
      /** Whether it is still this very lock that lies there: not broken, not taken anew, not by this process either. */
      readonly isHeld: () => Promise<boolean>;
    }
  | {
      readonly acquired: false /** `undefined` when it changed hands while we looked. */;
      readonly holder: LockHolder | undefined;
    };

interface LockRecord extends LockHolder {
  /** Unique per attempt to acquire: names this one lock among all that ever had this path. */
  readonly token: string;
}

const attempts = 200;

/**
 * Takes a lock which lives as long as this process does, or says who has it. It does not wait.
 *
 * The lock of a process that has ended, or whose pid now belongs to another one, is stolen, and of many who try at once
 * exactly one succeeds. How: the right to replace a stale lock is itself a file, named after the stale lock's token and
 * made by link(2), so only one contender can have it; whoever has it looks once more whether the stale lock is still in
 * place before it renames its own over it. When a thief dies halfway, its right is stale too, and is stolen in turn.
 *
 * Errors: `servers.disk-full`, `servers.state-read-only`.
 */
export async function acquireLock(
  path: string,
  info: Readonly<Record<string, unknown>> = {},
): Promise<LockResult> {
  const record: LockRecord = { ...(await ownIdentity()), info, token: randomBytes(12).toString("hex") };
  const own = temporaryName(path);
  const granted: LockResult = {
    acquired: true,
    release: () => release(path, record.token),
    isHeld: async () => (await readRecord(path))?.token === record.token,
  };
  return withDiskErrors({ path }, async () => {
    await writeNewFile(own, JSON.stringify(record), 0o600);
    try {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const present = await readRecord(path);
        if (present === undefined) {
          if (await tryLink(own, path)) return granted;
        } else if (await isAlive(present)) {
          return { acquired: false, holder: withoutToken(present) };
        } else if (await steal(path, present.token, own)) {
          return granted;
        } else {
          await wait(5 + Math.random() * 15);
        }
      }
      return { acquired: false, holder: await readHolder(path) };
    } finally {
      await unlink(own).catch(() => undefined);
    }
  });
}

/** Who holds the lock now; `undefined` when nobody does, a dead holder counting as nobody. */
export async function readHolder(path: string): Promise<LockHolder | undefined> {
  const record = await readRecord(path);
  return record !== undefined && (await isAlive(record)) ? withoutToken(record) : undefined;
}

/** Replaces the stale lock `token` by our own; false when another one is at it, or has done it. */
async function steal(path: string, token: string, own: string): Promise<boolean> {
  const rights: string[] = [];
  for (let stale = token; ; ) {
    const right = `${path}.${stale}`;
    rights.push(right);
    if (await tryLink(own, right)) break;
    const thief = await readRecord(right);
    if (thief === undefined || (await isAlive(thief))) return false;
    stale = thief.token;
  }
  // Nobody else can replace the lock `token` while we live and have the right to it; but it may be gone already,
  // when we were slow and the right we got is one that a successful thief has cleaned up.
  const mine = rights.at(-1) as string;
  if ((await readRecord(path))?.token !== token) {
    await unlink(mine).catch(() => undefined);
    return false;
  }
  await rename(mine, path);
  for (const right of rights.slice(0, -1)) await unlink(right).catch(() => undefined);
  return true;
}

async function release(path: string, token: string): Promise<void> {
  if ((await readRecord(path))?.token === token) await unlink(path).catch(() => undefined);
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** What a lock file says; one which is damaged counts as held by nobody alive. */
async function readRecord(path: string): Promise<LockRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<LockRecord> | null;
    if (
      typeof value?.pid === "number" &&
      typeof value.startTime === "string" &&
      /^[0-9a-f]{24}$/.test(value.token ?? "")
    ) {
      return {
        pid: value.pid,
        startTime: value.startTime,
        token: value.token as string,
        info: value.info ?? {},
      };
    }
  } catch {
    // Damaged, as after a power cut: falls through.
  }
  const token = createHash("sha256").update(text).digest("hex").slice(0, 24);
  return { pid: 0, startTime: "", info: {}, token };
}

function withoutToken({ pid, startTime, info }: LockRecord): LockHolder {
  return { pid, startTime, info };
}

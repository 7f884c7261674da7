import { constants } from "node:fs";
import { open, statfs } from "node:fs/promises";

/** A file that is written at known places. */
export interface StoreFile {
  /** Writes all of it, or throws. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** Resolves once everything that was written survives a loss of power. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** What the store does to files; tests put one in between that fails. */
export interface StoreFiles {
  /** Opens for writing, and makes the file where there is none, 0600. */
  open(path: string): Promise<StoreFile>;
  /** Makes what was created or removed in a directory survive a loss of power. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that could still be written beside a path; infinite where the system does not say. */
  free(path: string): Promise<number>;
}

/** The files of the machine. */
export const nodeFiles: StoreFiles = { open: openFile, syncDirectory, free };

async function openFile(path: string): Promise<StoreFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  return {
    async write(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no such call, and needs none.
  if (process.platform === "win32") return;
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function free(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Whether the system has given this reason for an error: `ENOSPC`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

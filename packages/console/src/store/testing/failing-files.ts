import { nodeFiles, type StoreFile, type StoreFiles } from "../files.js";

/** Files that fail when they are told to. */
export interface FailingFiles extends StoreFiles {
  /** Called before each call; what it throws is what the call throws. */
  before: (call: {
    readonly name: "open" | "write" | "sync" | "truncate";
    readonly path: string;
  }) => Promise<void> | void;
  /** A write that is refused leaves this share of its bytes behind. */
  leftover: number;
  /** Bytes that are said to be free. */
  room: number;
  /** Calls so far, such as `sync`. */
  readonly calls: string[];
}

/** The machine's files, and what a test makes of them. */
export function createFailingFiles(): FailingFiles {
  const files: FailingFiles = {
    before: () => undefined,
    leftover: 0,
    room: 1e9,
    calls: [],
    async open(path) {
      await files.before({ name: "open", path });
      return wrap(await nodeFiles.open(path), path);
    },
    syncDirectory: (path) => nodeFiles.syncDirectory(path),
    free: async () => files.room,
  };
  const wrap = (file: StoreFile, path: string): StoreFile => ({
    async write(bytes, position) {
      files.calls.push("write");
      try {
        await files.before({ name: "write", path });
      } catch (error) {
        await file.write(bytes.subarray(0, Math.floor(bytes.length * files.leftover)), position);
        throw error;
      }
      await file.write(bytes, position);
    },
    async sync() {
      files.calls.push("sync");
      await files.before({ name: "sync", path });
      await file.sync();
    },
    async truncate(length) {
      await files.before({ name: "truncate", path });
      await file.truncate(length);
    },
    close: () => file.close(),
  });
  return files;
}

/** What the system throws when there is no room. */
export const noSpace = (): Error =>
  Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });

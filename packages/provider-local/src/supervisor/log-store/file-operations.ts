import * as fs from "node:fs";

/** The calls that ingest makes to the file system where they can fail for want of space or rights. */
export interface FileOperations {
  /** Writes everything at a place in a file, or throws; what a failure left half written is the caller's to cut. */
  write(descriptor: number, buffers: readonly Buffer[], position: number): void;
  truncate(descriptor: number, length: number): void;
  /** Opens a segment for reading and writing, made if it is not there, readable by its owner alone. */
  open(path: string): number;
  /** Makes a folder and those above it. */
  makeFolder(path: string): void;
}

/** The file system of this machine. */
export const nodeFileOperations: FileOperations = {
  write: (descriptor, buffers, position) => {
    let rest = buffers.filter((buffer) => buffer.length > 0);
    let at = position;
    while (rest.length > 0) {
      let written = fs.writevSync(descriptor, rest, at);
      at += written;
      const left: Buffer[] = [];
      for (const buffer of rest) {
        if (written < buffer.length) left.push(buffer.subarray(written));
        written = Math.max(0, written - buffer.length);
      }
      rest = left;
    }
  },
  truncate: (descriptor, length) => fs.ftruncateSync(descriptor, length),
  open: (path) => fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600),
  makeFolder: (path) => {
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
  },
};

/** Closes a descriptor once what was written to it is on the disk; a failure to sync costs only safety in a power loss. */
export function syncAndClose(descriptor: number): Promise<void> {
  return new Promise((resolve) => {
    fs.fdatasync(descriptor, () => fs.close(descriptor, () => resolve()));
  });
}

/** Writes a file's data to the disk; a failure costs only safety in a power loss. */
export function syncData(descriptor: number): Promise<void> {
  return new Promise((resolve) => {
    fs.fdatasync(descriptor, () => resolve());
  });
}

import { closeSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FileOperations } from "./file-operations.js";
import { decodeDescription, encodeDescription, encodeHeader, type Frame } from "./frame.js";
import { createFrameScanner } from "./frame-scanner.js";
import type { LogLimits } from "./limits.js";
import type { LogPaths } from "./paths.js";

/** Keeps a copy of what builds and release commands print, by release, beyond the life of the segments. */
export interface ReleaseOutputs {
  /** Appends a frame that is in the segments already. Throws the file system's error. */
  append(release: number, frame: Frame): void;
  remove(release: number): void;
}

interface Part {
  readonly path: string;
  length: number;
  nextLine: number;
}

const partPattern = /^\d{10}\.log$/;
const partsKept = 5;

/** The files of one release's output, oldest first, as names within its folder. */
export function releaseParts(entries: readonly string[]): string[] {
  return entries.filter((entry) => partPattern.test(entry)).sort();
}

/** Writes release output under `paths.releases`, in parts of a fifth of the limit: the first and the last are kept. */
export function createReleaseOutputs(
  paths: LogPaths,
  limits: LogLimits,
  files: FileOperations,
): ReleaseOutputs {
  const current = new Map<number, Part>();

  function partFor(release: number): Part {
    const folder = join(paths.releases, String(release));
    let part = current.get(release);
    if (part === undefined) {
      files.makeFolder(folder);
      const last = releaseParts(readdirSync(folder)).at(-1);
      part = last === undefined ? newPart(folder, 0) : reopen(join(folder, last));
    } else if (part.length >= limits.releaseSize / partsKept) {
      part = newPart(folder, part.nextLine);
      const parts = releaseParts(readdirSync(folder));
      // How it began and how it ended tell why it failed; the middle goes first.
      for (const name of parts.slice(1, Math.max(1, parts.length - partsKept + 2)))
        rmSync(join(folder, name));
    }
    current.set(release, part);
    return part;
  }

  return {
    append: (release, frame) => {
      const part = partFor(release);
      const description = encodeDescription({ ...decodeDescription(frame.description), line: part.nextLine });
      const header = encodeHeader({ ...frame, description });
      const descriptor = files.open(part.path);
      try {
        files.truncate(descriptor, part.length);
        files.write(descriptor, [header, frame.body], part.length);
      } finally {
        closeSync(descriptor);
      }
      part.length += header.length + frame.body.length;
      part.nextLine += frame.lineCount;
    },
    remove: (release) => {
      current.delete(release);
      rmSync(join(paths.releases, String(release)), { recursive: true, force: true });
    },
  };
}

function newPart(folder: string, line: number): Part {
  return { path: join(folder, `${String(line).padStart(10, "0")}.log`), length: 0, nextLine: line };
}

function reopen(path: string): Part {
  let nextLine = Number.parseInt(path.slice(-14, -4), 10);
  const scanner = createFrameScanner();
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const room = scanner.room();
      const length = readSync(descriptor, room, 0, room.length, scanner.position());
      if (length === 0) break;
      scanner.fill(length);
      for (let found = scanner.next(); found !== undefined; found = scanner.next()) {
        nextLine = decodeDescription(found.frame.description).line + found.frame.lineCount;
      }
    }
  } finally {
    closeSync(descriptor);
  }
  return { path, length: scanner.soundEnd(), nextLine };
}

import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { ScannedFrame } from "./frame-scanner.js";
import { createFrameScanner } from "./frame-scanner.js";
import type { SegmentName } from "./paths.js";

/** Reads one segment forward, also while it is being written. */
export interface SegmentReader {
  readonly name: SegmentName;
  /** The next sound frame, or `undefined` at the present end. The one before is void then. */
  next(): Promise<ScannedFrame | undefined>;
  /** Place behind the last frame that was returned, in bytes. */
  position(): number;
  close(): Promise<void>;
}

/** Opens a segment; `undefined` when it has been dropped meanwhile. */
export async function openSegment(folder: string, name: SegmentName): Promise<SegmentReader | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(join(folder, name.file), "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const scanner = createFrameScanner();
  return {
    name,
    next: async () => {
      for (;;) {
        const found = scanner.next();
        if (found !== undefined) return found;
        const room = scanner.room();
        const { bytesRead } = await handle.read(room, 0, room.length, scanner.position());
        if (bytesRead > 0) {
          scanner.fill(bytesRead);
          continue;
        }
        // A write torn by a crash is cut off and written anew, so what is incomplete must be read again.
        scanner.seek(scanner.soundEnd());
        return undefined;
      }
    },
    position: () => scanner.soundEnd(),
    close: () => handle.close(),
  };
}

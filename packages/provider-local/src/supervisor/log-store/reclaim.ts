import { execFile } from "node:child_process";

/** Gives the disk space of ingested bytes back. Resolves with false when this file system cannot. */
type PunchHole = (path: string, from: number, to: number) => Promise<boolean>;

/** Holes begin and end at multiples of this, in bytes. */
const holeAlignment = 4096;

/**
 * Makes a hole in a file by util-linux' `fallocate`.
 *
 * A hole keeps every later byte at its offset, so a crash in between leaves nothing to find out. Collapsing the range
 * would keep the file's length small as well, but it moves what follows, and after a crash nobody could tell whether it
 * did: the process goes on appending, so neither length nor content is a witness. Nor would a `fallocate` that outlives
 * a killed daemon be harmless then, as it is with a hole. Every file system that can collapse
 * (ext4, XFS) can punch, and Btrfs and tmpfs can only punch.
 */
const punchHole: PunchHole = (path, from, to) =>
  new Promise((resolve) => {
    const range = ["--offset", String(from), "--length", String(to - from)];
    execFile("fallocate", ["--punch-hole", ...range, path], (error) => resolve(error === null));
  });

/** Decides, once per device, between holes and emptying, and does it. */
export interface Reclaimer {
  /** Resolves with the offset up to which space was given back, or `undefined` when the file must be emptied. */
  reclaim(path: string, device: number, from: number, to: number): Promise<number | undefined>;
}

/** Makes a reclaimer; `punch` is replaced in tests. */
export function createReclaimer(punch: PunchHole = punchHole): Reclaimer {
  const unable = new Set<number>();
  return {
    reclaim: async (path, device, from, to) => {
      if (unable.has(device)) return undefined;
      const end = to - (to % holeAlignment);
      if (end <= from || (await punch(path, from, end))) return end;
      unable.add(device);
      return undefined;
    },
  };
}

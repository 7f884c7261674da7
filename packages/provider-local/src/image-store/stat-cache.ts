import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../operating-system/atomic-file.js";

/** Remembers the hashes of files which have not changed since they were hashed. */
export interface StatCache {
  /** The hash of a file as `stats` describe it; `undefined` when it must be read. */
  get(path: string, stats: BigIntStats): string | undefined;
  /** Notes a hash; `hashedAtMs` is the time before the file was read. */
  set(path: string, stats: BigIntStats, sha256: string, hashedAtMs: number): void;
  /** Writes what was got or set since the cache was opened, and forgets the rest. */
  save(): Promise<void>;
}

type Row = readonly [size: string, mtimeNs: string, ctimeNs: string, inode: string, sha256: string];

/**
 * A file may change once more within the resolution of its time stamp without anybody being able to tell: a hash is
 * kept only when the file was at rest for this long before it was read.
 */
const restMs = 2000;

/** Opens the cache of one context below `<home>/cache/`; a damaged cache counts as empty. */
export async function openStatCache(home: string, directory: string): Promise<StatCache> {
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 32);
  const path = join(home, "cache", `context-${name}.json`);
  const text = await readFile(path, "utf8").catch(() => "");
  const old = parse(text);
  const rows = new Map<string, Row>();
  let changed = false;
  return {
    get(file, stats) {
      const row = old.get(file);
      if (row === undefined || !sameStats(row, stats)) return undefined;
      rows.set(file, row);
      return row[4];
    },
    set(file, stats, sha256, hashedAtMs) {
      const touchedMs = Number(stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs) / 1e6;
      if (touchedMs > hashedAtMs - restMs) return;
      rows.set(file, [...identity(stats), sha256]);
      changed = true;
    },
    async save() {
      if (!changed && rows.size === old.size) return;
      try {
        await mkdir(join(home, "cache"), { recursive: true, mode: 0o700 });
        await writeFileAtomic(path, JSON.stringify({ format: 1, directory, files: [...rows] }));
      } catch {
        // A cache only saves time: planning goes on without it, on a full or read-only disk as well.
      }
    },
  };
}

function identity(stats: BigIntStats): readonly [string, string, string, string] {
  // The change time catches what the modification time does not: tools which set the latter back.
  return [String(stats.size), String(stats.mtimeNs), String(stats.ctimeNs), String(stats.ino)];
}

function sameStats(row: Row, stats: BigIntStats): boolean {
  return identity(stats).every((field, index) => field === row[index]);
}

function parse(text: string): ReadonlyMap<string, Row> {
  try {
    const value = JSON.parse(text) as { format?: unknown; files?: unknown };
    if (value.format !== 1 || !Array.isArray(value.files)) return new Map();
    return new Map(value.files as readonly (readonly [string, Row])[]);
  } catch {
    return new Map();
  }
}

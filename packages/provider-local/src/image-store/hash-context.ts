import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";
import {
  type ContentRecord,
  digestOf,
  hashFile,
  type ImageBuild,
  inParallel,
  readLink,
} from "./content-digest.js";
import { contextError } from "./context-errors.js";
import { listContext } from "./list-context.js";
import { openStatCache } from "./stat-cache.js";

/** What to hash. */
export interface HashContextOptions {
  /** The build context. */
  readonly directory: string;
  readonly build: ImageBuild;
  /** The deploy home: holds the cache, and is itself never part of a context. */
  readonly home: string;
  readonly signal?: AbortSignal;
}

/** A build context in one line. */
export interface ContextDigest {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Number of files; links and directories do not count. */
  readonly files: number;
  /** Sum of the files' sizes. */
  readonly bytes: number;
}

/**
 * The digest of a build context: of paths, contents, executable bits, link targets, and of how it is built.
 *
 * Owners, times and other permission bits do not count. Errors: those of {@link listContext}, `images.link-outside`,
 * and `images.changed-while-building` (retryable) when a file vanishes on the way.
 */
export async function hashContext(options: HashContextOptions): Promise<ContextDigest> {
  const { home, signal } = options;
  const entries = await listContext(options);
  const root = await realpath(options.directory);
  const cache = await openStatCache(home, root);
  const records = await inParallel(entries, async ({ path, kind }): Promise<ContentRecord> => {
    const absolute = join(root, path);
    try {
      signal?.throwIfAborted();
      if (kind === "directory") return { path, kind };
      if (kind === "link") return { path, kind, target: await readLink(root, path) };
      const stats = await lstat(absolute, { bigint: true });
      const startedAt = Date.now();
      let sha256 = cache.get(path, stats);
      if (sha256 === undefined) {
        sha256 = await hashFile(absolute, Number(stats.size), signal);
        cache.set(path, stats, sha256, startedAt);
      }
      return { path, kind, executable: isExecutable(stats.mode), sha256, bytes: Number(stats.size) };
    } catch (error) {
      throw contextError(absolute, error, true);
    }
  });
  await cache.save();
  return { digest: digestOf(records, options.build), ...countFiles(records) };
}

/** Whether the owner may execute a file of this mode. */
export function isExecutable(mode: number | bigint): boolean {
  return (Number(mode) & 0o100) !== 0;
}

/** Number and size of the files among the records. */
export function countFiles(records: readonly ContentRecord[]): {
  readonly files: number;
  readonly bytes: number;
} {
  const files = records.filter((record) => record.kind === "file");
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}

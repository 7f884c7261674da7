import { constants } from "node:fs";
import { access, chmod, copyFile, lstat, mkdir, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toDiskError } from "../operating-system/disk-errors.js";
import { type ContentRecord, hashFile, inParallel, readLink } from "./content-digest.js";
import { contextError } from "./context-errors.js";
import { isExecutable } from "./hash-context.js";
import { type ContextOptions, listContext } from "./list-context.js";

/**
 * Copies a context into an empty directory and returns what was copied, hashed from the copy.
 *
 * Every image has files of its own: processes may write into their directory, and a file which two images shared by a
 * hard link would then change in both. Where the file system can, a copy shares its blocks with the original until one
 * of the two is written to (`COPYFILE_FICLONE`), and costs next to nothing.
 *
 * Errors: those of {@link listContext}, `images.link-outside`, `images.changed-while-building`, `servers.disk-full`,
 * `servers.state-read-only`.
 */
export async function copyContext(
  options: ContextOptions,
  target: string,
): Promise<readonly ContentRecord[]> {
  const { signal } = options;
  const entries = await listContext(options);
  const root = await realpath(options.directory);
  await makeDirectories(
    target,
    entries.map(({ path, kind }) => (kind === "directory" ? path : dirname(path))),
  );
  return inParallel(entries, async ({ path, kind }): Promise<ContentRecord> => {
    signal?.throwIfAborted();
    const source = join(root, path);
    const copy = join(target, path);
    if (kind === "directory") return { path, kind };
    if (kind === "link") {
      const linkTarget = await readLink(root, path).catch((error: unknown) => {
        throw contextError(source, error, true);
      });
      await symlink(linkTarget, copy).catch((error: unknown) => {
        throw toDiskError(error, { path: copy });
      });
      return { path, kind, target: linkTarget };
    }
    const stats = await lstat(source).catch((error: unknown) => {
      throw contextError(source, error, true);
    });
    const executable = isExecutable(stats.mode);
    try {
      await copyFile(source, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      await chmod(copy, executable ? 0o755 : 0o644);
      return {
        path,
        kind,
        executable,
        sha256: await hashFile(copy, stats.size, signal),
        bytes: stats.size,
      };
    } catch (error) {
      // The system names both files in its error, and does not say which of them it could not open.
      const readable = await access(source, constants.R_OK).then(
        () => true,
        () => false,
      );
      throw readable ? toDiskError(error, { path: copy }) : contextError(source, error, true);
    }
  });
}

async function makeDirectories(target: string, directories: readonly string[]): Promise<void> {
  for (const directory of new Set(directories)) {
    const path = join(target, directory);
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw toDiskError(error, { path });
    });
  }
}

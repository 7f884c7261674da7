import { rmdir } from "node:fs/promises";
import { acquireLock } from "../operating-system/lock-file.js";
import {
  appDirectory,
  discardImage,
  type ImageManifest,
  imagePaths,
  listDirectories,
  readManifest,
  sweepUnfinished,
} from "./image-directory.js";

/** Whose images. */
export interface ImagesOfApp {
  /** The deploy home. */
  readonly home: string;
  readonly app: string;
}

/** A complete image. */
export interface StoredImage extends Omit<ImageManifest, "format"> {
  /** The directory in which the app's processes run. */
  readonly path: string;
}

/** The complete images of an app, oldest first. */
export async function listImages({ home, app }: ImagesOfApp): Promise<readonly StoredImage[]> {
  const images: StoredImage[] = [];
  for (const hex of await listDirectories(home, app)) {
    const paths = imagePaths(home, app, hex);
    const manifest = await readManifest(paths);
    if (manifest === undefined) continue;
    const { format: _, ...rest } = manifest;
    images.push({ ...rest, path: paths.files });
  }
  return images.sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
}

/**
 * Removes the images which are not in `keep`, and what killed runs left; returns the digests removed.
 *
 * What a living process is making at this moment is left alone. `keep` must name every image that is in use.
 */
export async function pruneImages(
  options: ImagesOfApp & { readonly keep: readonly string[] },
): Promise<readonly string[]> {
  const { home, app } = options;
  const keep = new Set(options.keep);
  const removed: string[] = [];
  for (const { digest } of await listImages({ home, app })) {
    if (keep.has(digest)) continue;
    const paths = imagePaths(home, app, digest);
    const lock = await acquireLock(paths.lock);
    if (!lock.acquired) continue;
    try {
      await discardImage(paths);
      removed.push(digest);
    } finally {
      await lock.release();
    }
  }
  await sweepUnfinished(home, app);
  return removed;
}

/** Removes all images of an app; fine when there are none. Returns the digests removed. */
export async function removeImages({ home, app }: ImagesOfApp): Promise<readonly string[]> {
  const removed = await pruneImages({ home, app, keep: [] });
  // Not empty when a living process is making an image: its directory stays, and so does this one.
  await rmdir(appDirectory(home, app)).catch(() => undefined);
  return removed;
}

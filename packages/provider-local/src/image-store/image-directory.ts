import { chmod, lstat, readdir, readFile, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { sweepTemporaryFiles } from "../operating-system/atomic-file.js";
import { withDiskErrors } from "../operating-system/disk-errors.js";
import { acquireLock } from "../operating-system/lock-file.js";
import { endProcessGroup, type ProcessGroup } from "../operating-system/process-group.js";

/** What `image.json` says; its presence is what makes an image complete. */
export interface ImageManifest {
  readonly format: 1;
  readonly app: string;
  readonly digest: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Number of files of the context, before the build. */
  readonly files: number;
  /** Size of the context in bytes, before the build. */
  readonly bytes: number;
}

/** Where the parts of one image lie. */
export interface ImagePaths {
  readonly directory: string;
  /** What the app's processes see as their own directory. */
  readonly files: string;
  readonly manifest: string;
  /** The process group of the running build. */
  readonly buildRecord: string;
  readonly lock: string;
}

const hexDigest = /^[0-9a-f]{64}$/;

/** The directory of an app's images. `images.bad-app-name` for a name which cannot be a directory's. */
export function appDirectory(home: string, app: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,99}$/i.test(app)) return join(home, "images", app);
  throw new DeployError({
    code: "images.bad-app-name",
    message: `${JSON.stringify(app)} is not a valid name for an app.`,
    hint: "Use letters, digits, hyphens and underscores, beginning with a letter or digit.",
  });
}

/** The directory of the locks of all images. */
export function locksDirectory(home: string): string {
  return join(home, "images", ".locks");
}

/** The places of the image with this digest. `images.bad-digest` when it is none. */
export function imagePaths(home: string, app: string, digest: string): ImagePaths {
  const hex = digest.replace(/^sha256:/, "");
  if (!hexDigest.test(hex)) {
    throw new DeployError({
      code: "images.bad-digest",
      message: `${JSON.stringify(digest)} is not an image digest.`,
    });
  }
  const directory = join(appDirectory(home, app), hex);
  return {
    directory,
    files: join(directory, "files"),
    manifest: join(directory, "image.json"),
    buildRecord: join(directory, "build.json"),
    lock: join(locksDirectory(home), `${app}.${hex}`),
  };
}

/** The manifest of a complete image; `undefined` when there is none, or one which was never finished. */
export async function readManifest(paths: ImagePaths): Promise<ImageManifest | undefined> {
  try {
    const value = JSON.parse(await readFile(paths.manifest, "utf8")) as Partial<ImageManifest> | null;
    return value?.format === 1 && typeof value.digest === "string" ? (value as ImageManifest) : undefined;
  } catch {
    return undefined;
  }
}

/** The hex digests of an app's directories, complete or not. */
export async function listDirectories(home: string, app: string): Promise<readonly string[]> {
  const names = await readdir(appDirectory(home, app)).catch(() => []);
  return names.filter((name) => hexDigest.test(name));
}

/** Removes an image, finished or not, and ends the build which still runs in it. The caller has its lock. */
export async function discardImage(paths: ImagePaths): Promise<void> {
  await withDiskErrors({ path: paths.directory, doing: "remove" }, async () => {
    const build = await readBuildRecord(paths);
    if (build !== undefined) await endProcessGroup(build, { signal: "SIGKILL", graceMs: 0 });
    // The manifest goes first: killed in between, the rest is an unfinished image, which the next run sweeps.
    await unlink(paths.manifest).catch(ignoreMissing);
    await removeTree(paths.directory);
  });
}

/** Removes what killed runs of this app left behind; what a living process works at is left alone. */
export async function sweepUnfinished(home: string, app: string): Promise<void> {
  const locks = (await readdir(locksDirectory(home)).catch(() => [])).flatMap((name) => {
    const hex = name.startsWith(`${app}.`) ? name.slice(app.length + 1) : "";
    return hexDigest.test(hex) ? [hex] : [];
  });
  for (const hex of new Set([...(await listDirectories(home, app)), ...locks])) {
    const paths = imagePaths(home, app, hex);
    if ((await readManifest(paths)) !== undefined && !locks.includes(hex)) continue;
    const lock = await acquireLock(paths.lock);
    if (!lock.acquired) continue;
    try {
      if ((await readManifest(paths)) === undefined) await discardImage(paths);
    } finally {
      await lock.release();
    }
  }
  await sweepTemporaryFiles(locksDirectory(home));
}

async function readBuildRecord(paths: ImagePaths): Promise<ProcessGroup | undefined> {
  try {
    const value = JSON.parse(await readFile(paths.buildRecord, "utf8")) as ProcessGroup;
    return typeof value.pgid === "number" && typeof value.leader?.startTime === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Removes a tree even when a build made directories in it read-only, as package managers' caches do. */
async function removeTree(directory: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(directory, options);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    await makeWritable(directory);
    await rm(directory, options);
  }
}

async function makeWritable(directory: string): Promise<void> {
  if (!(await lstat(directory)).isDirectory()) return;
  await chmod(directory, 0o700);
  for (const child of await readdir(directory, { withFileTypes: true })) {
    if (child.isDirectory()) await makeWritable(join(directory, child.name));
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
}

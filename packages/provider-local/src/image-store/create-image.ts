import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { syncDirectory, writeFileAtomic } from "../operating-system/atomic-file.js";
import { toDiskError, withDiskErrors } from "../operating-system/disk-errors.js";
import { acquireLock } from "../operating-system/lock-file.js";
import { digestOf, type ImageBuild } from "./content-digest.js";
import { cancelledError, changedError } from "./context-errors.js";
import { copyContext } from "./copy-context.js";
import { countFiles } from "./hash-context.js";
import {
  discardImage,
  type ImageManifest,
  type ImagePaths,
  imagePaths,
  locksDirectory,
  readManifest,
  sweepUnfinished,
} from "./image-directory.js";
import { type OnOutput, runBuild } from "./run-build.js";

/** The image to make. */
export interface CreateImageOptions {
  /** The deploy home. */
  readonly home: string;
  readonly app: string;
  /** The build context. */
  readonly directory: string;
  readonly build: ImageBuild;
  /** As `hashContext` gave it for this directory and build. */
  readonly digest: string;
  readonly signal?: AbortSignal;
  /** Receives the output of the build command. */
  readonly onOutput?: OnOutput;
  /** The caller's environment, of which a build sees the harmless part. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** An image that is there. */
export interface CreatedImage {
  readonly digest: string;
  /** The directory in which the app's processes run. */
  readonly path: string;
  /** True when it was there already and nothing was built. */
  readonly reused: boolean;
}

/**
 * Makes the image with this digest, or finds it: copies the context, runs the build command in the copy.
 *
 * The build runs at the place where the image will stay, because what it makes may hold that path (the scripts of a
 * Python virtual environment do). So an image becomes complete not when its directory is renamed but when `image.json`
 * appears in it, which is the last thing written and atomic. A lock per digest, which does not survive its process,
 * keeps two runs apart; the second one waits and finds the image. What a killed run leaves is removed by the next one.
 *
 * Errors: `images.changed-while-building` (retryable), `images.build-failed`, `run.cancelled`, `images.link-outside`,
 * `images.special-file`, `images.context-unreadable`, `servers.disk-full`, `servers.state-read-only`.
 */
export async function createImage(options: CreateImageOptions): Promise<CreatedImage> {
  const { home, app, digest, signal } = options;
  const paths = imagePaths(home, app, digest);
  if ((await readManifest(paths)) !== undefined) return { digest, path: paths.files, reused: true };
  await withDiskErrors({ path: locksDirectory(home) }, async () => {
    await mkdir(locksDirectory(home), { recursive: true, mode: 0o700 });
  });
  await sweepUnfinished(home, app);
  const release = await waitForLock(paths.lock, signal);
  try {
    if ((await readManifest(paths)) !== undefined) return { digest, path: paths.files, reused: true };
    await discardImage(paths);
    try {
      await makeImage(options, paths);
    } catch (error) {
      // The first error is the one to tell, whatever the cleaning meets.
      await discardImage(paths).catch(() => undefined);
      if (signal?.aborted) throw cancelledError(signal);
      throw toDiskError(error, { path: paths.directory });
    }
    return { digest, path: paths.files, reused: false };
  } finally {
    await release();
  }
}

async function makeImage(options: CreateImageOptions, paths: ImagePaths): Promise<void> {
  const { app, build, digest, signal } = options;
  await mkdir(paths.files, { recursive: true, mode: 0o755 });
  const records = await copyContext(options, paths.files);
  if (digestOf(records, build) !== digest) throw changedError(options.directory);
  if (build.command !== undefined) {
    await runBuild({
      command: build.command,
      env: { ...inheritedVariables(options.env ?? process.env), ...build.env },
      directory: paths.files,
      buildRecord: paths.buildRecord,
      signal,
      onOutput: options.onOutput,
    });
    await rm(paths.buildRecord, { force: true });
  }
  signal?.throwIfAborted();
  await flush(paths.directory);
  const manifest: ImageManifest = {
    format: 1,
    app,
    digest,
    createdAt: new Date().toISOString(),
    ...countFiles(records),
  };
  await writeFileAtomic(paths.manifest, `${JSON.stringify(manifest)}\n`);
  await syncDirectory(dirname(paths.directory));
}

async function waitForLock(path: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  for (;;) {
    if (signal?.aborted) throw cancelledError(signal);
    const lock = await acquireLock(path);
    if (lock.acquired) return lock.release;
    await wait(100);
  }
}

/**
 * Has the system write the image's files to the disk before the manifest says that they are there.
 *
 * One call for the whole file system instead of an fsync for each of some ten thousand files. Where the program is
 * missing, a power cut (not a crash) in the next seconds may leave empty files in the image.
 */
function flush(directory: string): Promise<void> {
  const programArguments = process.platform === "linux" ? ["-f", directory] : [];
  return new Promise((resolve) => {
    execFile("sync", programArguments, { timeout: 60_000 }, () => resolve());
  });
}

const inherited =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.+|TZ|TMPDIR|TERM|XDG_.+|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|(https?|no|all)_proxy)$/i;

/** What a build needs to find its tools and the network; credentials of the caller stay outside. */
function inheritedVariables(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && inherited.test(entry[0]),
    ),
  );
}

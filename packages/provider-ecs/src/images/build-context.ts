import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  type ContextEntry,
  contextError,
  DeployError,
  type DockerIgnore,
  parseDockerIgnore,
  type ResolvedBuild,
  walkContext,
} from "@deploy/core";

/** A build context, found and hashed. */
export interface BuildContext {
  /** Absolute path of the directory that is built. */
  readonly directory: string;
  /** Absolute path of the Dockerfile. */
  readonly dockerfile: string;
  /** 64 hex digits over contents, Dockerfile, arguments, stage and platform: equal ones build the same image. */
  readonly hash: string;
  /** The ignore file belongs to one Dockerfile (`Dockerfile.dockerignore`), which only BuildKit knows. */
  readonly ownIgnoreFile: boolean;
  /** `.git` would be sent, and does not count for the hash. */
  readonly holdsGit: boolean;
}

/** Files that are read at the same time. */
const concurrency = 16;

/**
 * Reads a build context as `docker build` would send it, and hashes it.
 *
 * Owners and dates do not count, of permissions the owner's executable bit does; `.git` never does.
 *
 * @throws `images.no-dockerfile`, `images.bad-ignore-pattern`, and what core's `walkContext` throws.
 */
export async function readBuildContext(
  base: string,
  build: ResolvedBuild,
  platform: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  const directory = resolve(base, build.context);
  const dockerfile = resolve(directory, build.dockerfile ?? "Dockerfile");
  await readdir(directory).catch((error: unknown) => {
    throw contextError(directory, error);
  });
  const text = await readFile(dockerfile).catch((error: unknown) => {
    throw noDockerfile(dockerfile, build.context, error);
  });
  const { ignore, own } = await readIgnoreFile(directory, dockerfile);
  const { entries, holdsGit } = await walkContext({ directory, rules: ignore, signal });

  const hash = createHash("sha256");
  // Every record is a line of JSON: no name can look like the end of a record or of a field.
  record(hash, "deploy image", 1, platform, build.stage ?? null);
  record(hash, "args", Object.entries(build.args).sort(byFirst));
  record(hash, "dockerfile", createHash("sha256").update(text).digest("hex"));
  for (const contents of await contentsOf(directory, entries, signal)) record(hash, ...contents);
  return { directory, dockerfile, hash: hash.digest("hex"), ownIgnoreFile: own, holdsGit };
}

function record(hash: Hash, ...fields: readonly unknown[]): void {
  hash.update(`${JSON.stringify(fields)}\n`);
}

function byFirst(one: readonly [string, string], other: readonly [string, string]): number {
  return one[0] < other[0] ? -1 : 1;
}

async function readIgnoreFile(
  directory: string,
  dockerfile: string,
): Promise<{ readonly ignore: DockerIgnore | undefined; readonly own: boolean }> {
  for (const [path, own] of [
    [`${dockerfile}.dockerignore`, true],
    [join(directory, ".dockerignore"), false],
  ] as const) {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return undefined;
      throw contextError(path, error);
    });
    if (text !== undefined) return { ignore: parseDockerIgnore(text, path), own };
  }
  return { ignore: undefined, own: false };
}

async function contentsOf(
  root: string,
  entries: readonly ContextEntry[],
  signal: AbortSignal,
): Promise<readonly (readonly unknown[])[]> {
  const records = new Array<readonly unknown[]>(entries.length);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed && next < entries.length) {
      const index = next++;
      const { path, kind } = entries[index] as ContextEntry;
      const absolute = join(root, path);
      try {
        signal.throwIfAborted();
        records[index] = await contentOf(absolute, path, kind, signal);
      } catch (error) {
        failed = true;
        if (signal.aborted) throw error;
        throw contextError(absolute, error, true);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return records;
}

async function contentOf(
  absolute: string,
  path: string,
  kind: ContextEntry["kind"],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  if (kind === "directory") return [kind, path];
  if (kind === "link") return [kind, path, await readlink(absolute)];
  const { mode, size } = await lstat(absolute);
  const hash = createHash("sha256");
  // A small file is read in one go: a stream costs several trips to the thread pool more.
  if (size <= 256 * 1024) hash.update(await readFile(absolute));
  else await pipeline(createReadStream(absolute), hash, { signal });
  return [kind, path, (mode & 0o100) !== 0, hash.digest("hex")];
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}

function noDockerfile(path: string, context: string, cause: unknown): unknown {
  if (codeOf(cause) !== "ENOENT" && codeOf(cause) !== "ENOTDIR") return contextError(path, cause);
  return new DeployError({
    code: "images.no-dockerfile",
    message: `There is no ${path}: the image is built from a Dockerfile.`,
    hint: `Write one, or say where it is with build.dockerfile, relative to ${context}.`,
    details: { path },
  });
}

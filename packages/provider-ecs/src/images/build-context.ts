import { createHash, type Hash } from "node:crypto";
import { createReadStream, type Dirent } from "node:fs";
import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { DeployError, type DockerIgnore, parseDockerIgnore, type ResolvedBuild } from "@deploy/core";

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

interface Entry {
  readonly path: string;
  readonly kind: "file" | "link" | "directory";
}

/** Files that are read at the same time. */
const concurrency = 16;

/**
 * Reads a build context as `docker build` would send it, and hashes it.
 *
 * Owners and dates do not count, of permissions the owner's executable bit does; `.git` never does, because Git itself
 * rewrites it without any change of the source.
 *
 * @throws `images.context-missing`, `images.context-unreadable`, `images.no-dockerfile`, `images.special-file`,
 * `images.bad-file-name`, `images.bad-ignore-pattern`, `images.changed-while-reading` (retryable).
 */
export async function readBuildContext(
  base: string,
  build: ResolvedBuild,
  platform: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  const directory = resolve(base, build.context);
  const dockerfile = resolve(directory, build.dockerfile ?? "Dockerfile");
  const isDirectory = await stat(directory).then((found) => found.isDirectory(), missing);
  if (!isDirectory) throw contextMissing(directory);
  const text = await readFile(dockerfile).catch((error: unknown) => {
    throw noDockerfile(dockerfile, build.context, error);
  });
  const { ignore, own } = await readIgnoreFile(directory, dockerfile);
  const { entries, holdsGit } = await walk(directory, ignore, signal);

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
      throw unreadable(path, error);
    });
    if (text !== undefined) return { ignore: parseDockerIgnore(text, path), own };
  }
  return { ignore: undefined, own: false };
}

async function walk(
  root: string,
  ignore: DockerIgnore | undefined,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly Entry[]; readonly holdsGit: boolean }> {
  const entries: Entry[] = [];
  let holdsGit = false;
  const visit = async (directory: string, ignored: boolean): Promise<void> => {
    signal.throwIfAborted();
    const absolute = join(root, directory);
    const children = await readdir(absolute, { withFileTypes: true }).catch((error: unknown) => {
      throw readFailure(absolute, error, directory !== "");
    });
    if (children.length === 0 && directory !== "" && !ignored)
      entries.push({ path: directory, kind: "directory" });
    for (const child of children) {
      const path = directory === "" ? child.name : `${directory}/${child.name}`;
      const childIgnored = ignore?.ignores(path) ?? false;
      if (child.name === ".git") {
        holdsGit ||= !childIgnored;
      } else if (child.isDirectory()) {
        if (!childIgnored || ignore?.mayContainException(path) === true) await visit(path, childIgnored);
      } else if (!childIgnored) {
        entries.push({ path, kind: kindOf(child, join(root, path)) });
      }
    }
  };
  await visit("", false);
  // By code unit, not by locale: the same order on every machine.
  entries.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { entries, holdsGit };
}

function kindOf(child: Dirent, path: string): "file" | "link" {
  // Node decodes names as UTF-8; one which is something else cannot be opened again.
  if (child.name.includes("\uFFFD")) {
    throw new DeployError({
      code: "images.bad-file-name",
      message: `The name of ${path} is not valid UTF-8.`,
      hint: "Rename the file, or leave it out with .dockerignore.",
      details: { path },
    });
  }
  if (child.isFile()) return "file";
  if (child.isSymbolicLink()) return "link";
  const kind = child.isSocket() ? "a socket" : child.isFIFO() ? "a named pipe" : "a device";
  throw new DeployError({
    code: "images.special-file",
    message: `${path} is ${kind}, which cannot be part of an image.`,
    hint: "Remove it, or leave it out with .dockerignore.",
    details: { path },
  });
}

async function contentsOf(
  root: string,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<readonly (readonly unknown[])[]> {
  const records = new Array<readonly unknown[]>(entries.length);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed && next < entries.length) {
      const index = next++;
      const { path, kind } = entries[index] as Entry;
      const absolute = join(root, path);
      try {
        signal.throwIfAborted();
        records[index] = await contentOf(absolute, path, kind, signal);
      } catch (error) {
        failed = true;
        if (signal.aborted) throw error;
        throw readFailure(absolute, error, true);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return records;
}

async function contentOf(
  absolute: string,
  path: string,
  kind: Entry["kind"],
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

function missing(error: unknown): false {
  if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
  throw error;
}

function contextMissing(path: string): DeployError {
  return new DeployError({
    code: "images.context-missing",
    message: `The build context ${path} does not exist, or is not a directory.`,
    hint: "Correct build.context in the configuration.",
    details: { path },
  });
}

function noDockerfile(path: string, context: string, cause: unknown): DeployError {
  if (codeOf(cause) !== "ENOENT" && codeOf(cause) !== "ENOTDIR") return unreadable(path, cause);
  return new DeployError({
    code: "images.no-dockerfile",
    message: `There is no ${path}: the image is built from a Dockerfile.`,
    hint: `Write one, or say where it is with build.dockerfile, relative to ${context}.`,
    details: { path },
  });
}

function readFailure(path: string, error: unknown, wasThere: boolean): unknown {
  const code = codeOf(error);
  if (DeployError.is(error) || code === undefined) return error;
  if (code !== "ENOENT" && code !== "ENOTDIR") return unreadable(path, error);
  if (!wasThere) return contextMissing(path);
  return new DeployError({
    code: "images.changed-while-reading",
    message: `${path} vanished while the build context was read.`,
    hint: "Run the same command again; if it keeps changing, leave what changes out with .dockerignore.",
    retryable: true,
    details: { path },
  });
}

function unreadable(path: string, cause: unknown): DeployError {
  return new DeployError({
    code: "images.context-unreadable",
    message: `${path} belongs to the build context and cannot be read (${String(codeOf(cause) ?? "unknown error")}).`,
    hint: "Make it readable for this user, or leave it out with .dockerignore.",
    details: { path },
    cause,
  });
}

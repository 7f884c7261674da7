import type { Dirent } from "node:fs";
import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { DeployError, type DockerIgnore, parseDockerIgnore } from "@deploy/core";
import { contextError } from "./context-errors.js";
import { createGitIgnore } from "./git-ignore.js";

/** One thing in a build context. */
export interface ContextEntry {
  /** Relative to the context, with slashes. */
  readonly path: string;
  /** Directories are listed only when they are empty on the disk: all others follow from their files. */
  readonly kind: "file" | "link" | "directory";
}

/** Which context to walk. */
export interface WalkOptions {
  readonly directory: string;
  /** The deploy home: left out when it lies within the context. */
  readonly home: string;
  readonly signal?: AbortSignal;
}

interface Rules {
  readonly enter: (directory: string, names: readonly Dirent[]) => Promise<void>;
  readonly ignores: (path: string, isDirectory: boolean) => boolean;
  readonly mayContainException: (directory: string) => boolean;
}

/**
 * Lists what belongs to a build context, sorted by path.
 *
 * `.dockerignore` is honoured when there is one, else `.gitignore` at every level; `.git` and the deploy home are
 * always left out. Errors: `images.context-missing`, `images.context-unreadable`, `images.special-file` (a socket,
 * device or pipe), `images.bad-file-name`, `images.bad-ignore-pattern`.
 */
export async function walkContext(options: WalkOptions): Promise<readonly ContextEntry[]> {
  const root = await realpath(options.directory).catch((error: unknown) => {
    throw contextError(options.directory, error);
  });
  const home = await realpath(options.home).catch(() => options.home);
  const rules = await loadRules(root);
  const entries: ContextEntry[] = [];

  const visit = async (directory: string, ignored: boolean): Promise<void> => {
    options.signal?.throwIfAborted();
    const absolute = join(root, directory);
    const children = await readdir(absolute, { withFileTypes: true }).catch((error: unknown) => {
      throw contextError(absolute, error);
    });
    if (children.length === 0 && directory !== "" && !ignored)
      entries.push({ path: directory, kind: "directory" });
    await rules.enter(directory, children);
    for (const child of children) {
      const path = directory === "" ? child.name : `${directory}/${child.name}`;
      if (child.name === ".git" || join(root, path) === home) continue;
      const isDirectory = child.isDirectory();
      const childIgnored = rules.ignores(path, isDirectory);
      if (isDirectory) {
        if (!childIgnored || rules.mayContainException(path)) await visit(path, childIgnored);
      } else if (!childIgnored) {
        entries.push({ path, kind: kindOf(child, join(root, path)) });
      }
    }
  };
  await visit("", false);
  // By code unit, not by locale: the same order on every machine.
  return entries.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function kindOf(child: Dirent, path: string): "file" | "link" {
  // Node decodes names as UTF-8, and a name which is something else cannot be opened again.
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

async function loadRules(root: string): Promise<Rules> {
  const dockerIgnore = await readIfThere(join(root, ".dockerignore"));
  return dockerIgnore === undefined ? gitRules(root) : dockerRules(parseDockerIgnore(dockerIgnore));
}

function dockerRules(docker: DockerIgnore): Rules {
  return {
    enter: async () => undefined,
    ignores: (path) => docker.ignores(path),
    mayContainException: (directory) => docker.mayContainException(directory),
  };
}

function gitRules(root: string): Rules {
  const git = createGitIgnore();
  return {
    async enter(directory, names) {
      if (!names.some((entry) => entry.name === ".gitignore" && entry.isFile())) return;
      const text = await readIfThere(join(root, directory, ".gitignore"));
      if (text !== undefined) git.add(directory, text);
    },
    ignores: (path, isDirectory) => git.ignores(path, isDirectory),
    // Git itself never looks into an ignored directory.
    mayContainException: () => false,
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw contextError(path, error);
  }
}

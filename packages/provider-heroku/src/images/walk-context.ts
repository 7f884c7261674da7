import type { Dirent } from "node:fs";
import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { DeployError, parseDockerIgnore } from "@deploy/core";
import { createGitIgnore } from "./git-ignore.js";

/** One thing in a build context. */
export interface ContextEntry {
  /** Relative to the context, with slashes. */
  readonly path: string;
  /** Directories are listed only when they are empty: all others follow from their files. */
  readonly kind: "file" | "link" | "directory";
}

interface Rules {
  readonly enter: (directory: string, names: readonly Dirent[]) => Promise<void>;
  readonly ignores: (path: string, isDirectory: boolean) => boolean;
  readonly mayContainException: (directory: string) => boolean;
}

/**
 * Lists what belongs to a build context, sorted by code unit: the same order on every machine.
 *
 * `.dockerignore` is honoured when there is one, as Docker does; else, for a build at Heroku, `.gitignore` at every
 * level: ignored files are never pushed there. The Dockerfile and `.dockerignore` themselves always belong to it, since the
 * builder needs them; `.git` never does.
 *
 * @throws `images.context-missing`, `images.context-unreadable`, `images.special-file`, `images.bad-ignore-pattern`.
 */
export async function walkContext(options: {
  readonly directory: string;
  /** Relative to the context; files which the builder reads although they are ignored. */
  readonly always: readonly string[];
  /** Where there is no `.dockerignore`: honour `.gitignore`. Default true; Docker itself does not. */
  readonly gitIgnore?: boolean;
  readonly signal: AbortSignal;
}): Promise<readonly ContextEntry[]> {
  const root = await realpath(options.directory).catch((error: unknown) => {
    throw contextError(options.directory, error);
  });
  const rules = await loadRules(root, options.gitIgnore ?? true);
  const always = new Set([...options.always, ".dockerignore"]);
  const entries: ContextEntry[] = [];

  const visit = async (directory: string, ignored: boolean): Promise<void> => {
    options.signal.throwIfAborted();
    const absolute = join(root, directory);
    const children = await readdir(absolute, { withFileTypes: true }).catch((error: unknown) => {
      throw contextError(absolute, error);
    });
    if (children.length === 0 && directory !== "" && !ignored)
      entries.push({ path: directory, kind: "directory" });
    await rules.enter(directory, children);
    for (const child of children) {
      const path = directory === "" ? child.name : `${directory}/${child.name}`;
      if (child.name === ".git") continue;
      const isDirectory = child.isDirectory();
      const childIgnored = rules.ignores(path, isDirectory);
      if (isDirectory) {
        const holdsWanted = [...always].some((wanted) => wanted.startsWith(`${path}/`));
        if (!childIgnored || rules.mayContainException(path) || holdsWanted) await visit(path, childIgnored);
      } else if (!childIgnored || always.has(path)) {
        entries.push({ path, kind: kindOf(child, join(root, path)) });
      }
    }
  };
  await visit("", false);
  return entries.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function kindOf(child: Dirent, path: string): "file" | "link" {
  if (child.isFile()) return "file";
  if (child.isSymbolicLink()) return "link";
  throw new DeployError({
    code: "images.special-file",
    message: `${path} is a socket, a pipe or a device, which cannot be part of an image.`,
    hint: "Remove it, or leave it out with .dockerignore.",
  });
}

const everything: Rules = {
  enter: async () => undefined,
  ignores: () => false,
  mayContainException: () => false,
};

async function loadRules(root: string, gitIgnore: boolean): Promise<Rules> {
  const text = await readIfThere(join(root, ".dockerignore"));
  if (text === undefined) return gitIgnore ? gitRules(root) : everything;
  const docker = parseDockerIgnore(text);
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
      if (text !== undefined) await git.add(directory, text);
    },
    ignores: (path, isDirectory) => git.ignores(path, isDirectory),
    // Git itself never looks into an ignored directory.
    mayContainException: () => false,
  };
}

/** The text of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw contextError(path, error);
  }
}

/** What a failure to read a build context means to its owner. */
export function contextError(path: string, error: unknown): DeployError {
  const reason = (error as NodeJS.ErrnoException).code;
  if (reason === "ENOENT") {
    return new DeployError({
      code: "images.context-missing",
      message: `There is no ${path} to build from.`,
      hint: 'Look at "build.context" of the app: it is relative to the configuration file.',
      cause: error,
    });
  }
  return new DeployError({
    code: "images.context-unreadable",
    message: `${path} cannot be read (${reason ?? "unknown reason"}).`,
    hint: "Make it readable, or leave it out with .dockerignore.",
    cause: error,
  });
}

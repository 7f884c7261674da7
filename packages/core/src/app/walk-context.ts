import type { Dirent } from "node:fs";
import { join } from "node:path";
import { DeployError } from "../errors.js";

/** One thing in a build context. */
export interface ContextEntry {
  /** Relative to the context, with slashes. */
  readonly path: string;
  /** Directories are listed only when they are empty on the disk: all others follow from their files. */
  readonly kind: "file" | "link" | "directory";
}

/** What is left out of a build context; what `parseDockerIgnore` answers is one. */
export interface ContextRules {
  /** Whether a path is left out. Asked of a directory before its children, which are passed over with it. */
  ignores(path: string, isDirectory: boolean): boolean;
  /** Whether an ignored directory has to be looked into all the same. */
  mayContainException(directory: string): boolean;
  /** Told of each directory with the names in it, before it is asked about them: for ignore files of its own. */
  enter?(directory: string, names: readonly string[]): Promise<void>;
}

/** Which context to walk. */
export interface WalkContextOptions {
  /** An existing directory. */
  readonly directory: string;
  /** Default: nothing is left out but `.git`. */
  readonly rules?: ContextRules | undefined;
  /** Relative to the context: files that belong to it although a rule names them, since the builder reads them. */
  readonly always?: readonly string[];
  /** Real absolute paths that never belong to it. */
  readonly except?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** What a build context consists of. */
export interface WalkedContext {
  /** Sorted by code unit: the same order on every machine. */
  readonly entries: readonly ContextEntry[];
  /** There is a `.git` that no rule names: the Docker CLI would send it, although it is not listed here. */
  readonly holdsGit: boolean;
}

/**
 * Lists what belongs to a build context.
 *
 * `.git` is never listed: Git itself rewrites it without any change of the source. Links are listed, and not followed.
 *
 * @throws `images.context-missing`, `images.context-unreadable`, `images.changed-while-building` (retryable),
 * `images.special-file` (a socket, pipe or device), `images.bad-file-name` (not UTF-8), and what the rules throw.
 */
export async function walkContext(options: WalkContextOptions): Promise<WalkedContext> {
  const { rules, signal } = options;
  const { readdir, realpath } = process.getBuiltinModule("node:fs/promises");
  const root = await realpath(options.directory).catch((error: unknown) => {
    throw contextError(options.directory, error);
  });
  const always = new Set(options.always);
  const holders = new Set([...always].flatMap(parentsOf));
  const except = new Set(options.except);
  const entries: ContextEntry[] = [];
  let holdsGit = false;

  const visit = async (directory: string, ignored: boolean): Promise<void> => {
    signal?.throwIfAborted();
    const absolute = join(root, directory);
    const children = await readdir(absolute, { withFileTypes: true }).catch((error: unknown) => {
      throw contextError(absolute, error, directory !== "");
    });
    if (children.length === 0 && directory !== "" && !ignored)
      entries.push({ path: directory, kind: "directory" });
    await rules?.enter?.(
      directory,
      children.map(({ name }) => name),
    );
    for (const child of children) {
      const path = directory === "" ? child.name : `${directory}/${child.name}`;
      if (except.has(join(root, path))) continue;
      const isDirectory = child.isDirectory();
      const childIgnored = rules?.ignores(path, isDirectory) ?? false;
      if (child.name === ".git") {
        holdsGit ||= !childIgnored;
      } else if (isDirectory) {
        const isSearched = !childIgnored || rules?.mayContainException(path) === true || holders.has(path);
        if (isSearched) await visit(path, childIgnored);
      } else if (!childIgnored || always.has(path)) {
        entries.push({ path, kind: kindOf(child, join(root, path)) });
      }
    }
  };
  await visit("", false);
  entries.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { entries, holdsGit };
}

/**
 * What a failure to read the user's own files means: `images.context-missing`, `images.context-unreadable`, or
 * `images.changed-while-building` (retryable) where the path was there a moment ago. What is no failure of the file
 * system is answered as it is.
 *
 * @param path Absolute.
 */
export function contextError(path: string, thrown: unknown, wasThere = false): unknown {
  const reason = (thrown as { readonly code?: unknown } | undefined)?.code;
  if (DeployError.is(thrown) || !(thrown instanceof Error) || typeof reason !== "string") return thrown;
  // An abort has a code, too.
  if (thrown.name === "AbortError") return thrown;
  const about = { details: { path }, cause: thrown };
  if (reason !== "ENOENT" && reason !== "ENOTDIR") {
    return new DeployError({
      code: "images.context-unreadable",
      message: `${path} belongs to the build context and cannot be read (${reason}).`,
      hint: "Make it readable for this user, or leave it out with .dockerignore.",
      ...about,
    });
  }
  if (wasThere) {
    return new DeployError({
      code: "images.changed-while-building",
      message: `${path} vanished while the build context was read.`,
      hint: "Run the same command again; if it keeps changing, leave what changes out with .dockerignore.",
      retryable: true,
      ...about,
    });
  }
  return new DeployError({
    code: "images.context-missing",
    message: `The build context ${path} does not exist, or is not a directory.`,
    hint: "Correct build.context in the configuration: it is relative to the configuration file.",
    ...about,
  });
}

/** `["a", "a/b"]` for `a/b/c`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
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

import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { type ContextEntry, type ContextRules, parseDockerIgnore, walkContext } from "@deploy/core";
import { contextError } from "./context-errors.js";
import { createGitIgnore } from "./git-ignore.js";

/** Which context to list. */
export interface ContextOptions {
  readonly directory: string;
  /** The deploy home: left out when it lies within the context. */
  readonly home: string;
  readonly signal?: AbortSignal;
}

/**
 * Lists what belongs to a build context, sorted by path.
 *
 * `.dockerignore` is honoured when there is one, else `.gitignore` at every level; `.git` and the deploy home are
 * always left out. Errors: those of core's `walkContext`, and `images.bad-ignore-pattern`.
 */
export async function listContext(options: ContextOptions): Promise<readonly ContextEntry[]> {
  const { directory, signal } = options;
  const [rules, home] = await Promise.all([
    loadRules(directory),
    realpath(options.home).catch(() => options.home),
  ]);
  return (await walkContext({ directory, rules, except: [home], signal })).entries;
}

async function loadRules(root: string): Promise<ContextRules> {
  const dockerIgnore = await readIfThere(join(root, ".dockerignore"));
  return dockerIgnore === undefined ? gitRules(root) : parseDockerIgnore(dockerIgnore);
}

function gitRules(root: string): ContextRules {
  const git = createGitIgnore();
  return {
    async enter(directory, names) {
      if (!names.includes(".gitignore")) return;
      const text = await readIfThere(join(root, directory, ".gitignore"));
      if (text !== undefined) git.add(directory, text);
    },
    ignores: (path, isDirectory) => git.ignores(path, isDirectory),
    // Git itself never looks into an ignored directory.
    mayContainException: () => false,
  };
}

/** The text of a file; undefined where there is none, or something else of that name. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(String((error as NodeJS.ErrnoException).code)))
      return undefined;
    throw contextError(path, error);
  }
}

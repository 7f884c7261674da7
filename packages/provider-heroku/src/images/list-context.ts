import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ContextEntry,
  type ContextRules,
  contextError,
  parseDockerIgnore,
  walkContext,
} from "@deploy/core";
import { createGitIgnore } from "./git-ignore.js";

/**
 * Lists what belongs to a build context, sorted by code unit: the same order on every machine.
 *
 * `.dockerignore` is honoured when there is one, as Docker does; else, for a build at Heroku, `.gitignore` at every
 * level: ignored files are never pushed there. The Dockerfile and `.dockerignore` themselves always belong to it, since the
 * builder needs them; `.git` never does.
 *
 * @throws what core's `walkContext` throws, and `images.bad-ignore-pattern`.
 */
export async function listContext(options: {
  readonly directory: string;
  /** Relative to the context; files which the builder reads although they are ignored. */
  readonly always: readonly string[];
  /** Where there is no `.dockerignore`: honour `.gitignore`. Default true; Docker itself does not. */
  readonly gitIgnore?: boolean;
  readonly signal: AbortSignal;
}): Promise<readonly ContextEntry[]> {
  const { directory, signal, gitIgnore = true } = options;
  const always = [...options.always, ".dockerignore"];
  const rules = await loadRules(directory, gitIgnore);
  return (await walkContext({ directory, rules, always, signal })).entries;
}

async function loadRules(root: string, gitIgnore: boolean): Promise<ContextRules | undefined> {
  const text = await readIfThere(join(root, ".dockerignore"));
  if (text !== undefined) return parseDockerIgnore(text);
  return gitIgnore ? gitRules(root) : undefined;
}

function gitRules(root: string): ContextRules {
  const git = createGitIgnore();
  return {
    async enter(directory, names) {
      if (!names.includes(".gitignore")) return;
      const text = await readIfThere(join(root, directory, ".gitignore"));
      if (text !== undefined) await git.add(directory, text);
    },
    ignores: (path, isDirectory) => git.ignores(path, isDirectory),
    // Git itself never looks into an ignored directory.
    mayContainException: () => false,
  };
}

/** The text of a file; undefined where there is none, or something else of that name. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(String((error as NodeJS.ErrnoException).code)))
      return undefined;
    throw contextError(path, error);
  }
}

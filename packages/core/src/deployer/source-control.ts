import type { ReleaseOrigin } from "../elements/containers.js";

/** Where a release comes from, as far as the machine and its version control know. */
export type SourceState = Pick<ReleaseOrigin, "author" | "commit" | "dirty" | "message">;

/** Long enough for any tree that is read from a disk; a hanging network mount must not hang a deployment. */
const timeoutMs = 2_000;

/**
 * Author, commit, first line and dirtiness of the tree that `directory` is in.
 *
 * Outside version control, and where git is absent or slow, only the author is there: the name of the user.
 */
export async function readSourceState(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<SourceState> {
  const [author, head, changes] = await Promise.all([
    readAuthor(directory, env),
    git(directory, env, ["log", "-1", "--format=%H%n%s"]),
    git(directory, env, ["status", "--porcelain", "--untracked-files=normal", "--", "."]),
  ]);
  const [commit, message] = head?.split("\n") ?? [];
  return {
    author,
    ...(commit ? { commit, dirty: (changes ?? "") !== "" } : {}),
    ...(message ? { message } : {}),
  };
}

/**
 * Who works in `directory`: as version control knows them, else the name of the user. `DEPLOY_AUTHOR` goes before both,
 * where one program acts for many people.
 */
export async function readAuthor(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const acting = env.DEPLOY_AUTHOR?.trim();
  if (acting) return acting;
  const name = await git(directory, env, ["config", "user.name"]);
  return name?.trim() || (await userName(env));
}

async function userName(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const named = env.USER ?? env.LOGNAME ?? env.USERNAME;
  if (named !== undefined && named !== "") return named;
  try {
    return (await import("node:os")).userInfo().username;
  } catch {
    // A user without an entry in the password file, as in many containers.
    return "unknown";
  }
}

/** What git prints, or undefined when it fails, is absent or takes too long. */
async function git(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Promise<string | undefined> {
  const { execFile } = await import("node:child_process");
  return new Promise((resolve) => {
    execFile(
      "git",
      // A repository's own configuration may name a program to run (fsmonitor): the tree is not trusted that far.
      ["-c", "core.fsmonitor=false", "-C", directory, ...args],
      {
        timeout: timeoutMs,
        maxBuffer: 16 * 1024 * 1024,
        env: { ...env, GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" },
      },
      (error, stdout) => resolve(error === null ? stdout.trimEnd() : undefined),
    );
  });
}

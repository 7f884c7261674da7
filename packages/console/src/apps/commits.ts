import { execFile } from "node:child_process";
import type { ReleaseDiff } from "../shared/app-types.js";

type Commits = Pick<NonNullable<ReleaseDiff["commits"]>, "list" | "more">;

/** As many as a person reads. */
const most = 50;
/** A repository on a slow disk must not hold up the page, milliseconds. */
const timeoutMs = 2_000;
/** Never in what git prints of a commit. */
const separator = "\u0000";

/**
 * First lines of the commits behind `from` up to `to`, newest first; nothing where `directory` is no copy of the
 * repository, or has not fetched them.
 */
export async function commitsBetween(directory: string, from: string, to: string): Promise<Commits> {
  // Both come from the vendor: what is no commit's name must not be read as an option.
  if (![from, to].every((commit) => /^[0-9a-f]{7,64}$/.test(commit))) return {};
  const format = "--format=%H%x00%s%x00%an";
  const printed = await git(directory, [
    "log",
    `--max-count=${most + 1}`,
    format,
    `${from}..${to}`,
    "--",
    ".",
  ]);
  if (printed === undefined) return {};
  const all = printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [commit = "", subject = "", author = ""] = line.split(separator);
      return { commit, subject, author };
    });
  return { list: all.slice(0, most), ...(all.length > most ? { more: true } : {}) };
}

function git(directory: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { cwd: directory, timeout: timeoutMs, maxBuffer: 1_000_000, encoding: "utf8" } as const;
    const child = execFile("git", [...args], options, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
    child.stdin?.end();
  });
}

import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repository } from "../../../core/src/deployer/testing/repository.js";
import { commitsBetween } from "./commits.js";

it("lists the commits between two releases, newest first, and no more than a person reads", async () => {
  const directory = await repository();
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: directory,
      encoding: "utf8",
      env: {
        ...process.env,
        GIT_AUTHOR_NAME: "Lee",
        GIT_AUTHOR_EMAIL: "l@x",
        GIT_COMMITTER_NAME: "Lee",
        GIT_COMMITTER_EMAIL: "l@x",
      },
    }).trim();
  const from = git("rev-parse", "HEAD");
  git("commit", "-q", "--allow-empty", "-m", "Elsewhere");
  const to = git("rev-parse", "HEAD");
  // What touches nothing of this directory is not of this app.
  expect(await commitsBetween(directory, from, to)).toEqual({ list: [] });
  for (let index = 1; index <= 51; index += 1) {
    appendFileSync(join(directory, "app.txt"), `${index}\n`);
    git("commit", "-qam", `Change ${index} | <b>`);
  }
  const { list = [], more } = await commitsBetween(directory, from, git("rev-parse", "HEAD"));
  expect(list).toHaveLength(50);
  expect(more).toBe(true);
  expect(list[0]).toEqual({
    commit: git("rev-parse", "HEAD"),
    subject: "Change 51 | <b>",
    author: "Lee",
  });
});

it("lists nothing where there is no such commit, and takes no option for one", async () => {
  const directory = await repository();
  expect(await commitsBetween(directory, "a".repeat(40), "b".repeat(40))).toEqual({});
  expect(await commitsBetween(directory, "--output=/tmp/x", "b".repeat(40))).toEqual({});
  expect(await commitsBetween("/nowhere", "a".repeat(40), "b".repeat(40))).toEqual({});
});

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

/** A repository with one commit of Maria's, gone when the test is. */
export async function repository(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "deploy-source-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const git = (...args: string[]): Promise<unknown> =>
    promisify(execFile)("git", ["-C", directory, ...args], {
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: "/dev/null" },
    });
  await git("init", "--quiet");
  await git("config", "user.name", "Maria");
  await git("config", "user.email", "maria@example.org");
  await writeFile(join(directory, "app.txt"), "hello");
  await git("add", "app.txt");
  await git("commit", "--quiet", "-m", "First line\n\nand the rest");
  return directory;
}

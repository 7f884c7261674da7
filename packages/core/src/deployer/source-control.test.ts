import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readSourceState } from "./source-control.js";
import { repository } from "./testing/repository.js";

const env = { PATH: process.env.PATH, USER: "kim", GIT_CONFIG_GLOBAL: "/dev/null" };

it("reads author, commit and first line, and sees what is not committed", async () => {
  const directory = await repository();
  const clean = await readSourceState(directory, env);
  expect(clean).toEqual({
    author: "Maria",
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    dirty: false,
    message: "First line",
  });
  await writeFile(join(directory, "app.txt"), "changed");
  expect((await readSourceState(directory, env)).dirty).toBe(true);
});

it("names whom a program acts for, where it says so", async () => {
  const directory = await repository();
  expect((await readSourceState(directory, { ...env, DEPLOY_AUTHOR: "lee@example.org" })).author).toBe(
    "lee@example.org",
  );
  expect((await readSourceState(directory, { ...env, DEPLOY_AUTHOR: " " })).author).toBe("Maria");
});

it("takes the user's name where there is no repository, or no git", async () => {
  const directory = await mkdtemp(join(tmpdir(), "deploy-plain-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const outside = { ...env, GIT_CEILING_DIRECTORIES: tmpdir() };
  expect(await readSourceState(directory, outside)).toEqual({ author: "kim" });
  expect(await readSourceState(await repository(), { USER: "kim", PATH: "/nowhere" })).toEqual({
    author: "kim",
  });
  expect((await readSourceState(directory, { PATH: "/nowhere" })).author).not.toBe("");
});

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listContext } from "./list-context.js";

let root = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "walk-")));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
const walk = async (): Promise<readonly string[]> =>
  (await listContext({ directory: root, home: join(root, ".deploy") })).map((entry) => entry.path);

test(".git and the deploy home are always left out, everything else belongs to it without rules", async () => {
  write({
    a: "",
    "b/c": "",
    ".git/HEAD": "",
    "sub/.git": "gitdir: x",
    ".deploy/images/x": "",
    "node_modules/m/i.js": "",
  });
  mkdirSync(join(root, "empty"));
  expect(await walk()).toEqual(["a", "b/c", "empty", "node_modules/m/i.js"]);
});

test(".dockerignore is taken instead of .gitignore, and looked into for exceptions", async () => {
  write({
    ".dockerignore": "*\n!src\n!keep/**/x\nsrc/*.log\n",
    ".gitignore": "src",
    "src/a": "",
    "src/a.log": "",
    "keep/deep/er/x": "",
    "keep/deep/er/y": "",
    other: "",
  });
  expect(await walk()).toEqual(["keep/deep/er/x", "src/a"]);
});

test("nested .gitignore files count, and the deeper one wins", async () => {
  write({
    ".gitignore": "*.log\nbuild/\n/only-root\n",
    "a.log": "",
    "build/x": "",
    "only-root": "",
    "web/.gitignore": "!keep.log\n/local\ndist\n",
    "web/keep.log": "",
    "web/b.log": "",
    "web/local": "",
    "web/x/local": "",
    "web/x/dist/y": "",
    "web/only-root": "",
    "dist/y": "",
  });
  expect(await walk()).toEqual([
    ".gitignore",
    "dist/y",
    "web/.gitignore",
    "web/keep.log",
    "web/only-root",
    "web/x/local",
  ]);
});

test("agrees with Git on any combination of nested .gitignore files", async () => {
  const env = {
    PATH: process.env.PATH,
    HOME: root,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const git = (...argv: readonly string[]): string =>
    execFileSync("git", argv, { cwd: root, env, encoding: "utf8" });
  git("init", "-q");
  const name = fc.constantFrom("a", "b", "c", "a.log", "B", "#x", "!y");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const rulePart = fc.constantFrom("a", "b", "c", "*.log", "*", "**", "?", "[ab]", "B");
  const rule = fc
    .record({
      negated: fc.boolean(),
      leading: fc.boolean(),
      parts: fc.array(rulePart, { minLength: 1, maxLength: 3 }),
      trailing: fc.boolean(),
    })
    .map(({ negated, leading, parts, trailing }) =>
      [negated ? "!" : "", leading ? "/" : "", parts.join("/"), trailing ? "/" : ""].join(""),
    );
  const line = fc.oneof({ weight: 8, arbitrary: rule }, fc.constantFrom("# c", "", "\\#x", "\\!y", "a  "));
  const ignoreFile = fc.record({
    directory: fc.constantFrom("", "a", "a/b", "b", "c/a"),
    lines: fc.array(line, { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(path, { minLength: 1, maxLength: 14 }),
      fc.array(ignoreFile, { minLength: 1, maxLength: 3 }),
      async (paths, ignoreFiles) => {
        for (const entry of readdirSync(root))
          if (entry !== ".git") rmSync(join(root, entry), { recursive: true });
        for (const each of paths) {
          try {
            write({ [each]: "" });
          } catch {
            // A file is already where a directory would have to be, or the other way round.
          }
        }
        for (const { directory, lines } of ignoreFiles) {
          try {
            write({ [join(directory, ".gitignore")]: lines.join("\n") });
          } catch {
            // As above.
          }
        }
        const expected = git("ls-files", "--others", "--exclude-standard", "-z")
          .split("\0")
          .filter(Boolean)
          .sort();
        expect(await walk()).toEqual(expected);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

test("sockets, devices and pipes are refused by name unless they are ignored", async () => {
  execFileSync("mkfifo", [join(root, "pipe")]);
  await expect(walk()).rejects.toMatchObject({
    code: "images.special-file",
    details: { path: join(root, "pipe") },
  });
  write({ ".gitignore": "pipe" });
  expect(await walk()).toEqual([".gitignore"]);
});

test("a context which is not there is named", async () => {
  const directory = join(root, "none");
  await expect(listContext({ directory, home: root })).rejects.toMatchObject({
    code: "images.context-missing",
    details: { path: directory },
  });
});

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseDockerIgnore } from "./docker-ignore.js";
import { type WalkContextOptions, walkContext } from "./walk-context.js";

let root = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "walk-")));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
}
const walk = async (options: Partial<WalkContextOptions> = {}): Promise<readonly string[]> =>
  (await walkContext({ directory: root, ...options })).entries.map(({ path }) => path);

describe("walkContext", () => {
  it("lists files, links and empty directories, sorted by code unit, without .git", async () => {
    write("b/c", "a", "B", ".git/HEAD", "sub/.git", "sub/d");
    mkdirSync(join(root, "empty"));
    symlinkSync("nowhere", join(root, "link"));
    const { entries, holdsGit } = await walkContext({ directory: root });
    expect(entries).toEqual([
      { path: "B", kind: "file" },
      { path: "a", kind: "file" },
      { path: "b/c", kind: "file" },
      { path: "empty", kind: "directory" },
      { path: "link", kind: "link" },
      { path: "sub/d", kind: "file" },
    ]);
    expect(holdsGit).toBe(true);
  });

  it("leaves out what the rules name, and looks into ignored directories for exceptions", async () => {
    write("src/a", "src/a.log", "keep/deep/x", "keep/deep/y", "other", ".git/HEAD");
    mkdirSync(join(root, "void"));
    const rules = parseDockerIgnore("*\n!src\n!keep/**/x\nsrc/*.log\n");
    const { entries, holdsGit } = await walkContext({ directory: root, rules });
    expect(entries.map(({ path }) => path)).toEqual(["keep/deep/x", "src/a"]);
    expect(holdsGit).toBe(false);
  });

  it("keeps what the builder reads, however deep, and leaves out what never belongs to it", async () => {
    write("deploy/docker/Dockerfile", "deploy/docker/notes", "state/images/x", "app");
    const rules = parseDockerIgnore("deploy\n");
    const always = ["deploy/docker/Dockerfile"];
    expect(await walk({ rules, always, except: [join(root, "state")] })).toEqual([
      "app",
      "deploy/docker/Dockerfile",
    ]);
  });

  it("tells the rules of each directory before it asks about what is in it", async () => {
    write("a/x", "a/b/y", "gone/z");
    const told: string[] = [];
    const rules = {
      enter: async (directory: string, names: readonly string[]) => {
        told.push(`${directory}: ${[...names].sort().join(" ")}`);
      },
      ignores: (path: string, isDirectory: boolean) => isDirectory && path === "gone",
      mayContainException: () => false,
    };
    expect(await walk({ rules })).toEqual(["a/b/y", "a/x"]);
    expect(told).toEqual([": a gone", "a: b x", "a/b: y"]);
  });

  it("refuses pipes and sockets by name, unless they are left out", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    await expect(walk()).rejects.toMatchObject({
      code: "images.special-file",
      details: { path: join(root, "pipe") },
    });
    expect(await walk({ rules: parseDockerIgnore("pipe\n") })).toEqual([]);
  });

  it.skipIf(process.platform === "darwin")("refuses names that are not UTF-8", async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), "");
    await expect(walk()).rejects.toMatchObject({ code: "images.bad-file-name" });
  });

  it("names a context that is not there, and a directory that cannot be read", async () => {
    const directory = join(root, "none");
    await expect(walk({ directory })).rejects.toMatchObject({
      code: "images.context-missing",
      details: { path: directory },
    });
    write("file");
    await expect(walk({ directory: join(root, "file") })).rejects.toMatchObject({
      code: "images.context-missing",
    });
    if (process.getuid?.() === 0) return;
    mkdirSync(join(root, "closed"));
    chmodSync(join(root, "closed"), 0);
    await expect(walk()).rejects.toMatchObject({ code: "images.context-unreadable" });
  });

  it("stops when it is aborted", async () => {
    await expect(walk({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

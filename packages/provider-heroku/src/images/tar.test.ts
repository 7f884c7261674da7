import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listContext } from "./list-context.js";
import { tarOf } from "./tar.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "deploy-heroku-tar-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

async function paths(always: readonly string[] = ["Dockerfile"]): Promise<string[]> {
  const entries = await listContext({ directory: root, always, signal: new AbortController().signal });
  return entries.map(({ path }) => path);
}

async function tar(written: Parameters<typeof tarOf>[2] = []): Promise<Buffer> {
  const entries = await listContext({ directory: root, always: [], signal: new AbortController().signal });
  const pieces: Uint8Array[] = [];
  for await (const piece of tarOf(root, entries, written)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("tarOf", () => {
  it("is read by tar: long paths, links, empty directories, executable bits, text of its own", async () => {
    const long = `${"directory-with-a-name/".repeat(8)}grüße.txt`;
    put(long, "long");
    put("run.sh", "#!/bin/sh\n");
    chmodSync(join(root, "run.sh"), 0o755);
    put("exact.bin", "x".repeat(1024));
    put("heroku.yml", "of the user");
    symlinkSync("run.sh", join(root, "link"));
    mkdirSync(join(root, "empty"));
    const archive = await tar([
      { path: "heroku.yml", text: "ours" },
      { path: "new.txt", text: "" },
    ]);
    const out = mkdtempSync(join(tmpdir(), "deploy-heroku-untar-"));
    try {
      execFileSync("tar", ["-xf", "-", "-C", out], { input: archive });
      expect(readFileSync(join(out, long), "utf8")).toBe("long");
      expect(readFileSync(join(out, "heroku.yml"), "utf8")).toBe("ours");
      expect(readFileSync(join(out, "new.txt"), "utf8")).toBe("");
      expect(readFileSync(join(out, "exact.bin"), "utf8")).toHaveLength(1024);
      expect(
        execFileSync("find", [".", "-printf", "%P %y %m %l\\n"], { cwd: out, encoding: "utf8" }),
      ).toMatch(/^link l 777 run\.sh$/m);
      expect(execFileSync("stat", ["-c", "%a %F", "run.sh", "empty"], { cwd: out, encoding: "utf8" })).toBe(
        "755 regular file\n755 directory\n",
      );
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
  it("is the same whenever and by whomever the files were written", async () => {
    put("a", "1");
    put("b/c", "2");
    const first = await tar();
    utimesSync(join(root, "a"), 1, 1);
    chmodSync(join(root, "b/c"), 0o600);
    expect(await tar()).toEqual(first);
    chmodSync(join(root, "b/c"), 0o700);
    expect(await tar()).not.toEqual(first);
  });
});

describe("listContext", () => {
  it("honours .dockerignore alone where there is one, and keeps what the builder needs", async () => {
    for (const path of ["Dockerfile", "app.js", "secret.env", "keep/x", "keep/y", ".git/HEAD"]) put(path, "");
    put(".gitignore", "app.js\n");
    put(".dockerignore", "Dockerfile\n.dockerignore\n*.env\nkeep\n!keep/y\n");
    expect(await paths()).toEqual([".dockerignore", ".gitignore", "Dockerfile", "app.js", "keep/y"]);
  });
  it("honours .gitignore at every level where there is none, the nearest first", async () => {
    for (const path of ["Dockerfile", "a.log", "web/a.log", "web/keep.log", "web/build/x", "build/x"])
      put(path, "");
    put(".gitignore", "*.log\n/build\n");
    put("web/.gitignore", "!keep.log\nbuild/\n");
    expect(await paths()).toEqual([".gitignore", "Dockerfile", "web/.gitignore", "web/keep.log"]);
  });
  it("says what is missing", async () => {
    rmSync(root, { recursive: true });
    await expect(paths()).rejects.toMatchObject({ code: "images.context-missing" });
  });
});

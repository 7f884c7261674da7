import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImageBuild } from "./content-digest.js";
import { hashContext } from "./hash-context.js";

let base = "";
let directory = "";
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "hash-")));
  directory = join(base, "app");
  mkdirSync(join(directory, "src"), { recursive: true });
  writeFileSync(join(directory, "src/a.js"), "a");
  writeFileSync(join(directory, "run.sh"), "run", { mode: 0o755 });
  symlinkSync("src/a.js", join(directory, "link"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const hash = async (build: ImageBuild = {}, at = directory): Promise<string> =>
  (await hashContext({ directory: at, build, home: join(base, "home") })).digest;

test("the digest is of content, not of place, time or other permissions", async () => {
  const first = await hashContext({ directory, build: {}, home: join(base, "home") });
  expect(first).toMatchObject({ files: 2, bytes: 4 });
  expect(first.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  const copy = join(base, "copy");
  cpSync(directory, copy, { recursive: true, verbatimSymlinks: true });
  utimesSync(join(copy, "run.sh"), 1, 1);
  chmodSync(join(copy, "src/a.js"), 0o600);
  expect(await hash({}, copy)).toBe(first.digest);
});

test("everything that matters changes the digest, each in its own way", async () => {
  const digests = [await hash()];
  const change = async (work: () => void): Promise<void> => {
    work();
    digests.push(await hash());
  };
  await change(() => writeFileSync(join(directory, "src/a.js"), "b"));
  await change(() => renameSync(join(directory, "src/a.js"), join(directory, "src/b.js")));
  await change(() => chmodSync(join(directory, "run.sh"), 0o644));
  await change(() => {
    unlinkSync(join(directory, "link"));
    symlinkSync("src/b.js", join(directory, "link"));
  });
  await change(() => mkdirSync(join(directory, "uploads")));
  digests.push(
    await hash({ command: "npm ci" }),
    await hash({ command: ["npm ci"] }),
    await hash({ env: { A: "1" } }),
  );
  expect(new Set(digests).size).toBe(digests.length);
  expect(await hash({ env: { A: "1", B: "2" } })).toBe(await hash({ env: { B: "2", A: "1" } }));
});

test("the cache answers for files at rest, and is not trusted for fresh ones", async () => {
  utimesSync(join(directory, "src/a.js"), 1000, 1000);
  const before = await hash();
  const home = join(base, "home");
  const file = (): string => join(home, "cache", readdirSync(join(home, "cache"))[0] as string);
  // Everything was written within the last two seconds: nothing is kept.
  expect(existsSync(home)).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  expect(await hash()).toBe(before);
  const cached = readFileSync(file(), "utf8");
  expect(JSON.parse(cached).files).toHaveLength(2);
  // A lie in the cache is believed, which shows that the file is not read.
  const digestOfA = createHash("sha256").update("a").digest("hex");
  writeFileSync(file(), cached.replace(digestOfA, "0".repeat(64)));
  expect(await hash()).not.toBe(before);
  // Damaged, it is as if there were none.
  writeFileSync(file(), cached.slice(0, -5));
  expect(await hash()).toBe(before);
  // The same size and modification time do not deceive it.
  expect(JSON.parse(readFileSync(file(), "utf8")).files).toHaveLength(2);
  writeFileSync(join(directory, "src/a.js"), "b");
  utimesSync(join(directory, "src/a.js"), 1000, 1000);
  expect(await hash()).not.toBe(before);
});

test("a home which cannot be written to does not stop planning", async () => {
  writeFileSync(join(base, "home"), "a file");
  expect(await hash()).toMatch(/^sha256:/);
});

test("links stay links inside, and are refused when they lead outside", async () => {
  const before = await hash();
  unlinkSync(join(directory, "link"));
  symlinkSync(join(directory, "src/a.js"), join(directory, "link"));
  expect(await hash()).toBe(before);
  symlinkSync("nowhere", join(directory, "src/dangling"));
  await hash();
  symlinkSync(base, join(directory, ".hidden"));
  writeFileSync(join(directory, ".dockerignore"), ".hidden\nout*\n!out");
  for (const target of ["../secret", "/etc/passwd", "src/../../x", ".hidden/x", "../app-not"]) {
    writeFileSync(join(base, "x"), "");
    symlinkSync(target, join(directory, "out"));
    await expect(hash(), target).rejects.toMatchObject({
      code: "images.link-outside",
      details: { path: join(directory, "out"), target },
    });
    unlinkSync(join(directory, "out"));
  }
});

test("a large file is hashed in pieces to what the whole would be", async () => {
  const { hashFile } = await import("./content-digest.js");
  const data = Buffer.alloc(3_000_001, "deploy");
  writeFileSync(join(base, "large"), data);
  for (const knownSize of [data.length, 0]) {
    expect(await hashFile(join(base, "large"), knownSize)).toBe(
      createHash("sha256").update(data).digest("hex"),
    );
  }
});

test("an aborted signal stops it", async () => {
  const options = { directory, build: {}, home: join(base, "home"), signal: AbortSignal.abort() };
  await expect(hashContext(options)).rejects.toMatchObject({ name: "AbortError" });
});

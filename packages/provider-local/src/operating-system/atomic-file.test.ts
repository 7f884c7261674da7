import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readJson, sweepTemporaryFiles, writeFileAtomic } from "./atomic-file.js";
import { toDiskError } from "./disk-errors.js";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "atomic-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const isList = (value: unknown): value is readonly number[] => Array.isArray(value);

test("a file is replaced whole, with the mode asked for", async () => {
  const path = join(directory, "state.json");
  await writeFileAtomic(path, "[1]");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await writeFileAtomic(path, "[1,2]", { mode: 0o664 });
  expect(statSync(path).mode & 0o777).toBe(0o664);
  expect(await readJson(path, isList)).toEqual([1, 2]);
  expect(readdirSync(directory)).toEqual(["state.json"]);
  expect(await readJson(join(directory, "none"), isList)).toBeUndefined();
});

test("a damaged file is kept aside under a free name and named in the error", async () => {
  const path = join(directory, "state.json");
  for (const [index, content] of ["{", '{"not":"a list"}', ""].entries()) {
    writeFileSync(path, content);
    const aside = `${path}.corrupt-${index + 1}`;
    const error = await readJson(path, isList).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "servers.state-corrupted", details: { path, keptAs: aside } });
    expect(String((error as Error).message)).toContain(path);
    expect(readFileSync(aside, "utf8")).toBe(content);
    expect(await readJson(path, isList)).toBeUndefined();
  }
});

test("temporary files of dead writers are swept, others stay", async () => {
  writeFileSync(join(directory, `.a.${2 ** 22 + 1}.0123456789ab.tmp`), "");
  writeFileSync(join(directory, `.a.${process.pid}.0123456789ab.tmp`), "");
  writeFileSync(join(directory, ".a.tmp"), "");
  expect(await sweepTemporaryFiles(directory)).toBe(1);
  expect(await sweepTemporaryFiles(join(directory, "none"))).toBe(0);
  expect(readdirSync(directory)).toHaveLength(2);
});

test("disk failures are worded, other errors pass through", () => {
  const failure = (code: string): Error => Object.assign(new Error(`${code}: oops`), { code });
  const codes = ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE"].map((code) => {
    const error = toDiskError(failure(code), { path: "/srv/x" });
    return DeployError.is(error) && error.message.includes("/srv/x") && error.hint ? error.code : undefined;
  });
  expect(new Set(codes)).toEqual(
    new Set(["servers.disk-full", "servers.state-read-only", "servers.too-many-open-files"]),
  );
  const other = failure("toString");
  expect(toDiskError(other, { path: "/" })).toBe(other);
  expect(toDiskError("text", { path: "/" })).toBe("text");
});

const root = process.platform === "linux" && process.getuid?.() === 0;
test.skipIf(!root)("a full and a read-only disk leave the old file as it was", async () => {
  const disk = join(directory, "disk");
  await mkdir(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
  try {
    const path = join(disk, "state.json");
    await writeFileAtomic(path, "[1]");
    const full = writeFileAtomic(path, Buffer.alloc(1024 * 1024));
    await expect(full).rejects.toMatchObject({ code: "servers.disk-full", details: { path } });
    expect(await readJson(path, isList)).toEqual([1]);
    expect(readdirSync(disk)).toEqual(["state.json"]);
    execFileSync("mount", ["-o", "remount,ro", disk]);
    await expect(writeFileAtomic(path, "[2]")).rejects.toMatchObject({ code: "servers.state-read-only" });
  } finally {
    execFileSync("umount", [disk]);
  }
});

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readProcess } from "../operating-system/process-table.js";
import type { ImageBuild } from "./content-digest.js";
import { type CreatedImage, type CreateImageOptions, createImage } from "./create-image.js";
import { hashContext } from "./hash-context.js";
import { listImages, pruneImages, removeImages } from "./stored-images.js";

let home = "";
let directory = "";
let base = "";
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "image-")));
  home = join(base, "home");
  directory = join(base, "app");
  mkdirSync(join(directory, "src/empty"), { recursive: true });
  writeFileSync(join(directory, "src/a.js"), "a");
  writeFileSync(join(directory, "run.sh"), "run", { mode: 0o750 });
  symlinkSync("src/a.js", join(directory, "link"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

async function create(build: ImageBuild = {}, more: Partial<CreateImageOptions> = {}): Promise<CreatedImage> {
  const { digest } = await hashContext({ directory, build, home });
  return createImage({ home, app: "shop", directory, build, digest, ...more });
}

/** What lies in the home's image directory, apart from complete images. */
async function leftovers(): Promise<readonly string[]> {
  const complete = (await listImages({ home, app: "shop" })).map((image) => image.digest.slice(7));
  const app = join(home, "images/shop");
  const locks = join(home, "images/.locks");
  return [
    ...(existsSync(app) ? readdirSync(app) : []),
    ...(existsSync(locks) ? readdirSync(locks) : []),
  ].filter((name) => !complete.includes(name));
}

test("an image is a copy which does not share anything with its context or with another image", async () => {
  const image = await create();
  expect(image.reused).toBe(false);
  expect(readdirSync(image.path).sort()).toEqual(["link", "run.sh", "src"]);
  expect(statSync(join(image.path, "run.sh")).mode & 0o777).toBe(0o755);
  expect(readlinkSync(join(image.path, "link"))).toBe("src/a.js");
  expect(statSync(join(image.path, "src/empty")).isDirectory()).toBe(true);
  const other = await create({ env: { A: "1" } });
  writeFileSync(join(other.path, "src/a.js"), "changed");
  expect(readFileSync(join(image.path, "src/a.js"), "utf8")).toBe("a");
  expect(readFileSync(join(directory, "src/a.js"), "utf8")).toBe("a");
  expect(await create()).toEqual({ ...image, reused: true });
  expect(await listImages({ home, app: "shop" })).toMatchObject([
    { app: "shop", digest: image.digest, files: 2, bytes: 4, path: image.path },
    { digest: other.digest },
  ]);
  expect(await leftovers()).toEqual([]);
});

test("the build runs once, where the image will stay, with its own environment only", async () => {
  const output: string[] = [];
  const build = {
    command: 'echo "out $A $SECRET"; echo err >&2; pwd > where; cat; echo run >> ../runs',
    env: { A: "1" },
  };
  const more = {
    env: { PATH: process.env.PATH, SECRET: "hidden" },
    onOutput: (text: string, stream: string) => void output.push(`${stream}: ${text}`),
  };
  const image = await create(build, more);
  expect(output.sort()).toEqual(["stderr: err\n", "stdout: out 1 \n"]);
  expect(readFileSync(join(image.path, "where"), "utf8").trim()).toBe(image.path);
  expect((await create(build, more)).reused).toBe(true);
  expect(readFileSync(join(image.path, "../runs"), "utf8")).toBe("run\n");
  expect(readdirSync(join(image.path, "..")).sort()).toEqual(["files", "image.json", "runs"]);
  expect(existsSync(join(directory, "where"))).toBe(false);
  const array = await create({ command: ["sh", "-c", 'echo "$0 $1" > said', "a b", "$HOME"] });
  expect(readFileSync(join(array.path, "said"), "utf8")).toBe("a b $HOME\n");
});

test("two runs at once make one image", async () => {
  const build = { command: "sleep 0.3; echo x >> ../runs" };
  const images = await Promise.all([create(build), create(build), create(build)]);
  expect(images.map((image) => image.reused).sort()).toEqual([false, true, true]);
  expect(readFileSync(join(images[0]?.path ?? "", "../runs"), "utf8")).toBe("x\n");
});

test("a failing build tells its exit code and last lines, and leaves nothing", async () => {
  const command = "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done; printf unfinished; exit 3";
  const error = await create({ command }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "images.build-failed", retryable: false, details: { exitCode: 3 } });
  const { lastLines } = (error as { details: { lastLines: readonly string[] } }).details;
  expect(lastLines).toHaveLength(30);
  expect(lastLines.slice(-2)).toEqual(["line 100", "unfinished"]);
  await expect(
    create({ command: ["no-such-program"] }, { env: { PATH: "/usr/bin:/bin" } }),
  ).rejects.toMatchObject({
    code: "images.build-failed",
    details: { exitCode: 127 },
  });
  expect(await leftovers()).toEqual([]);
});

test("what a build leaves running is ended, and does not keep it waiting", async () => {
  const startedAt = Date.now();
  const image = await create({ command: "sleep 60 & echo $! > pid" });
  expect(Date.now() - startedAt).toBeLessThan(5000);
  const pid = Number(readFileSync(join(image.path, "pid"), "utf8"));
  // A zombie which waits for init to notice it has ended as well.
  expect((await readProcess(pid))?.zombie ?? true).toBe(true);
});

test("aborted, the whole build ends and nothing is left", async () => {
  const abort = new AbortController();
  const pidFile = join(base, "pid");
  const onOutput = (): void => abort.abort();
  const building = create(
    { command: ["sh", "-c", 'sleep 60 & echo $! > "$0"; echo started; wait', pidFile] },
    { signal: abort.signal, onOutput },
  );
  await expect(building).rejects.toMatchObject({ code: "run.cancelled" });
  expect((await readProcess(Number(readFileSync(pidFile, "utf8"))))?.zombie ?? true).toBe(true);
  expect(await leftovers()).toEqual([]);
  await expect(create({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "run.cancelled" });
});

test("a tree which is not what was planned is refused, and may be tried again", async () => {
  const { digest } = await hashContext({ directory, build: {}, home });
  writeFileSync(join(directory, "src/b.js"), "new");
  const error = createImage({ home, app: "shop", directory, build: {}, digest });
  await expect(error).rejects.toMatchObject({ code: "images.changed-while-building", retryable: true });
  expect(await leftovers()).toEqual([]);
  expect((await create()).reused).toBe(false);
});

test("names and digests which could lead elsewhere are refused", async () => {
  for (const app of ["", "..", "a/b", ".locks", "a.b"]) {
    await expect(create({}, { app })).rejects.toMatchObject({ code: "images.bad-app-name" });
  }
  await expect(create({}, { digest: "sha256:../x" })).rejects.toMatchObject({ code: "images.bad-digest" });
});

test("pruning keeps what is in use, removing takes all, both can be repeated", async () => {
  const images = [await create(), await create({ env: { A: "1" } }), await create({ env: { A: "2" } })];
  const digests = images.map((image) => image.digest);
  const readOnly = join(images[0]?.path ?? "", "cache");
  mkdirSync(readOnly);
  writeFileSync(join(readOnly, "x"), "");
  chmodSync(readOnly, 0o555);
  const keep = digests.slice(1, 2);
  expect([...(await pruneImages({ home, app: "shop", keep }))].sort()).toEqual(
    digests.filter((digest) => !keep.includes(digest)).sort(),
  );
  expect(await pruneImages({ home, app: "shop", keep })).toEqual([]);
  expect((await listImages({ home, app: "shop" })).map((image) => image.digest)).toEqual(keep);
  expect(await removeImages({ home, app: "shop" })).toEqual(keep);
  expect(await removeImages({ home, app: "shop" })).toEqual([]);
  expect(await listImages({ home, app: "shop" })).toEqual([]);
  expect(readdirSync(join(home, "images"))).toEqual([".locks"]);
});

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAllProcesses } from "../operating-system/process-table.js";
import { compileChildProgram, startChildProgram } from "../operating-system/testing/child-program.js";
import { createImage } from "./create-image.js";
import { hashContext } from "./hash-context.js";
import { listImages, pruneImages } from "./stored-images.js";

let base = "";
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "crash-")));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function makeContext(files: number, bytes: number): string {
  const directory = join(base, "app");
  mkdirSync(directory);
  for (let index = 0; index < files; index++)
    writeFileSync(join(directory, `f${index}`), Buffer.alloc(bytes, index + 1));
  return directory;
}

/** Every path below a directory with its content. */
function contentOf(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "base64")]));
}

/** Whether a killed run got so far as to begin an image, and not so far as to complete it. */
function isUnfinished(image: string): boolean {
  return existsSync(image) && !existsSync(join(image, "image.json"));
}

test("killed at any moment, the next run makes what an undisturbed one makes and leaves nothing else", async () => {
  const directory = makeContext(200, 4096);
  const mark = `7${process.pid}.5`;
  // Long enough to be killed in, and with a process of its own which must not survive.
  const build = { command: `cat f1 f2 > sum; sleep ${mark} & sleep 0.15; echo done >> sum; kill $!` };
  const undisturbedHome = join(base, "undisturbed");
  const { digest } = await hashContext({ directory, build, home: undisturbedHome });
  const undisturbed = await createImage({ home: undisturbedHome, app: "shop", directory, build, digest });
  const expected = contentOf(undisturbed.path);
  expect(Object.keys(expected)).toHaveLength(201);

  const program = await compileChildProgram(
    new URL("./testing/create-image-program.ts", import.meta.url).href,
    base,
  );
  const home = join(base, "home");
  const options = { home, app: "shop", directory, build, digest };
  let unfinished = 0;
  for (let round = 0; round < 15; round++) {
    // Every second round something of another digest is cut off as well.
    const other = round % 2 === 1;
    const env = other ? { ROUND: String(round) } : undefined;
    const plan = env ? { ...build, env } : build;
    const planned = env ? (await hashContext({ directory, build: plan, home })).digest : digest;
    const child = startChildProgram(program, [JSON.stringify({ ...options, build: plan, digest: planned })]);
    const exited = once(child, "exit");
    const target = join(home, "images/shop", planned.slice(7));
    // Some at any moment, and most while the image is being made, however slow this machine is today.
    if (round % 3 === 0) await Promise.race([wait(Math.random() * 400), exited]);
    else {
      while (!existsSync(target) && child.exitCode === null) await wait(2);
      await wait(Math.random() * 150);
    }
    child.kill("SIGKILL");
    await exited;
    if (isUnfinished(target)) unfinished++;

    const image = await createImage(options);
    expect(contentOf(image.path)).toEqual(expected);
    const complete = (await listImages({ home, app: "shop" })).map((each) => each.digest.slice(7));
    // A reused image does not sweep; the next one which is made does, and so does pruning.
    if (!image.reused) expect(readdirSync(join(home, "images/shop")).sort()).toEqual([...complete].sort());
    if (round % 4 !== 3) rmSync(join(home, "images/shop", digest.slice(7)), { recursive: true });
  }
  // Or the test would not have tested anything.
  expect(unfinished).toBeGreaterThan(2);
  await createImage(options);
  await pruneImages({ home, app: "shop", keep: [digest] });
  expect(readdirSync(join(home, "images/shop"))).toEqual([digest.slice(7)]);
  expect(readdirSync(join(home, "images/.locks"))).toEqual([]);
  const argv = (pid: number): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };
  if (process.platform === "linux") {
    expect((await readAllProcesses()).filter((entry) => argv(entry.pid).includes(mark))).toEqual([]);
  }
}, 90_000);

const canMount = process.platform === "linux" && process.getuid?.() === 0;
if (!canMount)
  console.warn("skipped: a full disk and a read-only disk (needs root on Linux to mount a tmpfs)");

test.skipIf(!canMount)(
  "a full disk and a read-only disk are named, and nothing half-made stays",
  async () => {
    const directory = makeContext(40, 100_000);
    const home = join(base, "home");
    mkdirSync(home);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", home]);
    try {
      const { digest } = await hashContext({ directory, build: {}, home });
      const creating = (): Promise<unknown> =>
        createImage({ home, app: "shop", directory, build: {}, digest });
      const error = await creating().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: "servers.disk-full",
        details: { path: expect.stringContaining(home) },
      });
      expect((error as { hint: string }).hint).not.toBe("");
      expect(readdirSync(join(home, "images/shop"))).toEqual([]);
      expect(readdirSync(join(home, "images/.locks"))).toEqual([]);
      for (let index = 15; index < 40; index++) rmSync(join(directory, `f${index}`));
      const smaller = await hashContext({ directory, build: {}, home });
      await createImage({ home, app: "shop", directory, build: {}, digest: smaller.digest });
      execFileSync("mount", ["-o", "remount,ro", home]);
      await expect(creating()).rejects.toMatchObject({ code: "servers.state-read-only" });
      // What is there can still be used.
      const again = createImage({ home, app: "shop", directory, build: {}, digest: smaller.digest });
      expect(await again).toMatchObject({ reused: true });
    } finally {
      execFileSync("umount", [home]);
    }
  },
);

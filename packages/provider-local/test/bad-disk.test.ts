import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainServer } from "./support/apps.js";
import { ensureBuilt } from "./support/built.js";
import { eventually } from "./support/poll.js";
import { isRunning } from "./support/processes.js";
import { ask, createWorkspace, errorOf, logsOf, type Workspace } from "./support/workspace.js";

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn("bad-disk.test.ts: skipped, mounting a small disk needs root");

let disk: string;
let space: Workspace;

const app = (value: string) =>
  ({
    name: "shop",
    config: { VALUE: value },
    processes: { web: { command: ["node", "server.cjs"], health: "/healthz", drain: "1 s" } },
  }) as const;

/** Leaves `free` bytes on the disk, about. */
function fill(free: number): void {
  const { bavail, bsize } = statfsSync(disk);
  const file = openSync(join(disk, "filler"), "a");
  const block = Buffer.alloc(4096);
  try {
    for (let left = bavail * bsize - free; left > 0; left -= block.length) writeSync(file, block);
  } catch {
    // Full is what was wanted.
  } finally {
    closeSync(file);
  }
}

function makeRoom(): void {
  rmSync(join(disk, "filler"), { force: true });
}

describe.skipIf(!isRoot)("a disk that fails", () => {
  beforeAll(() => ensureBuilt(), 180_000);

  beforeEach(async () => {
    disk = mkdtempSync(join(tmpdir(), "deploy-disk-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", disk]);
    space = await createWorkspace({ home: join(disk, "home") });
    space.files("shop", { "server.cjs": plainServer, "data.bin": "1".repeat(500_000) });
    await space.deployer(app("1")).up();
  });

  afterEach(async () => {
    await space.remove();
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  // Without room for anything, for the lock only, and for the image in part.
  it.each([0, 20_000, 200_000, 400_000])(
    "full, with %i bytes left: one clear error, the old release answers, and room is enough to go on",
    async (free) => {
      const before = (await ask(space, "shop.localhost")).text;
      const supervisor = space.supervisor();
      // Another image, so that all of it has to be written.
      space.files("shop", { "data.bin": "2".repeat(500_000) });
      fill(free);

      const error = await errorOf(space.deployer(app("2")).up());
      expect(error).toMatchObject({
        code: "servers.disk-full",
        message: expect.stringContaining("there is no space left on the disk"),
        hint: expect.stringContaining("Free some disk space"),
      });
      expect((await ask(space, "shop.localhost")).text).toBe(before);
      expect((await space.deployer(app("1")).status()).release).toBe(1);

      makeRoom();
      await space.deployer(app("2")).up();
      expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("2");
      expect(space.supervisor()).toEqual(supervisor);
      expect(space.pids()).toHaveLength(1);
      const lines = await logsOf(space.deployer(app("2")), { processes: ["web"] });
      expect(lines.map((line) => line.text)).toContain("serving none on release 1");
      await space.deployer(app("2")).down({ confirm: "shop" });
      expect(isRunning(supervisor.pid)).toBe(false);
    },
    60_000,
  );

  it("full while the app crashes: it is started again", async () => {
    const [pid] = space.pids();
    fill(0);
    await ask(space, "shop.localhost", "/crash");
    await eventually("another process answers", async () => {
      const { status, text } = await ask(space, "shop.localhost");
      return status === 200 && (JSON.parse(text) as { pid: number }).pid !== pid;
    });
    makeRoom();
    await space.deployer(app("2")).up();
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("2");
  }, 60_000);

  it("read-only: one clear error, the old release answers, and a writable one is enough to go on", async () => {
    const before = (await ask(space, "shop.localhost")).text;
    const { home } = space;
    // The supervisor holds files open for writing: only a mount over it can be made read-only under it.
    execFileSync("mount", ["--bind", home, home]);
    execFileSync("mount", ["-o", "remount,ro,bind", home]);
    try {
      const error = await errorOf(space.deployer(app("2")).up());
      expect(error).toMatchObject({
        code: "servers.state-read-only",
        message: expect.stringContaining("the file system is read-only"),
        hint: expect.stringContaining("point DEPLOY_HOME at a directory you may write"),
      });
      expect((await ask(space, "shop.localhost")).text).toBe(before);
    } finally {
      execFileSync("umount", [home]);
    }
    await space.deployer(app("2")).up();
    expect((await ask(space, "shop.localhost", "/env/VALUE")).text).toBe("2");
  }, 60_000);

  it("read-only from the start: nothing is begun", async () => {
    const place = join(disk, "read-only");
    mkdirSync(place);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", place]);
    const other = await createWorkspace({ home: join(place, "home") });
    other.files("shop", { "server.cjs": plainServer });
    try {
      const error = await errorOf(other.deployer(app("1")).up());
      expect(error).toMatchObject({
        code: "servers.state-read-only",
        message: expect.stringContaining(`Cannot make the state directory ${join(place, "home")}`),
        hint: expect.stringContaining("set DEPLOY_HOME to a directory which is"),
      });
    } finally {
      execFileSync("umount", [place]);
      await other.remove();
    }
  });
});

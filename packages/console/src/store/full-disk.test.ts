import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createFailingFiles, noSpace } from "./testing/failing-files.js";
import { manyLines, newLine } from "./testing/lines.js";
import {
  eventually,
  filesOf,
  freshDirectory,
  openStore,
  readAll,
  searchAll,
  textsOf,
} from "./testing/open.js";
import type { LogStore } from "./types.js";

const readOnly = (store: LogStore): Promise<void> =>
  eventually(() => expect(store.state()).toMatchObject({ state: "read-only" }));

describe("a disk that does not take more", () => {
  test.each([0, 0.5, 1])(
    "is told; what was refused is not there, and it goes on by itself (%d left behind)",
    async (leftover) => {
      const directory = await freshDirectory();
      const files = createFailingFiles();
      const { store, stream } = await openStore(directory, {}, { files });
      await stream.append(manyLines(3), { source: "logs", cursor: "a" });
      const states: string[] = [];
      store.onState(({ state }) => states.push(state));
      files.leftover = leftover;
      files.room = 0;
      files.before = ({ name }) => {
        if (name === "write") throw noSpace();
      };
      const refused = {
        code: "console.store-read-only",
        message: expect.stringContaining("full"),
        hint: expect.any(String),
      };
      // Two that are written together: the second must not come back from behind the end.
      const together = [[newLine("x".repeat(3000))], manyLines(2, 3)];
      const appended = together.map((lines) => stream.append(lines, { source: "logs", cursor: "b" }));
      for (const { status } of await Promise.allSettled(appended)) expect(status).toBe("rejected");
      await expect(appended[1]).rejects.toMatchObject(refused);
      await expect(stream.append(manyLines(2, 3))).rejects.toMatchObject(refused);
      expect(await textsOf(stream)).toEqual(["line 0", "line 1", "line 2"]);
      expect(stream.checkpoint("logs")).toBe("a");
      files.before = () => undefined;
      files.room = 1e9;
      await eventually(() => expect(store.state()).toEqual({ state: "writable" }));
      expect(await stream.append(manyLines(2, 3), { source: "logs", cursor: "b" })).toBe(4);
      await store.close();
      expect(states).toEqual(["read-only", "writable"]);
      const again = await openStore(directory);
      expect(await textsOf(again.stream)).toEqual(["line 0", "line 1", "line 2", "line 3", "line 4"]);
    },
  );

  test("a sync that fails acknowledges nothing", async () => {
    const directory = await freshDirectory();
    const files = createFailingFiles();
    const { store, stream } = await openStore(directory, {}, { files });
    await stream.append(manyLines(1));
    files.before = ({ name }) => {
      if (name === "sync") throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
    };
    await expect(stream.append([newLine("refused")])).rejects.toMatchObject({
      code: "console.store-read-only",
    });
    files.before = () => undefined;
    await eventually(() => expect(store.state()).toEqual({ state: "writable" }));
    await stream.append([newLine("refused")]);
    await store.close();
    expect(await textsOf((await openStore(directory)).stream)).toEqual(["line 0", "refused"]);
  });

  test("when blocks cannot be written, nothing is lost, and they are written later", async () => {
    const directory = await freshDirectory();
    const files = createFailingFiles();
    const { store, stream } = await openStore(directory, {}, { files });
    files.leftover = 0.5;
    files.before = ({ name, path }) => {
      if (name === "write" && path.includes("sealed-")) throw noSpace();
    };
    await stream.append(manyLines(4000));
    await readOnly(store);
    await expect(stream.append(manyLines(1))).rejects.toMatchObject({ code: "console.store-read-only" });
    expect(await readAll(stream)).toHaveLength(4000);
    files.before = () => undefined;
    await eventually(() => expect(store.state()).toEqual({ state: "writable" }));
    await eventually(async () => expect(await filesOf(directory, "open-")).toHaveLength(1));
    await stream.append(manyLines(1, 4000));
    await store.close();
    const again = await openStore(directory);
    expect(await textsOf(again.stream)).toEqual(manyLines(4001).map(({ text }) => text));
    expect(again.store.state()).toEqual({ state: "writable" });
  });

  const canMount = process.platform === "linux" && process.getuid?.() === 0;
  if (!canMount) console.warn("skipped: a disk that is really full needs root, to mount one of 3 MB");

  test.skipIf(!canMount)("a real one that is full", async () => {
    const disk = join(await freshDirectory(), "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]);
    onTestFinished(() => void execFileSync("umount", ["-l", disk]));
    const directory = join(disk, "store");
    const { store, stream } = await openStore(directory);
    let stored = 0;
    const line = (index: number) => newLine(`${index} ${Math.random()} ${Math.random()} ${Math.random()}`);
    await expect(async () => {
      for (; ; stored += 100)
        await stream.append(Array.from({ length: 100 }, (_, index) => line(stored + index)));
    }).rejects.toMatchObject({ code: "console.store-read-only" });
    expect(stored).toBeGreaterThan(1000);
    expect(store.state()).toMatchObject({ state: "read-only", reason: expect.stringContaining("full") });
    expect((await textsOf(stream)).map((text) => Number(text.split(" ")[0]))).toEqual(
      Array.from({ length: stored }, (_, index) => index),
    );
    expect((await searchAll(stream, { text: "17 " }, { limit: 5 })).at(-1)).toMatchObject({ type: "end" });
    await store.close();
    // It starts while nothing can be written: what is stored is read, and what comes is refused with the reason.
    const restarted = await openStore(directory);
    expect(await readAll(restarted.stream)).toHaveLength(stored);
    await expect(
      restarted.stream.append(Array.from({ length: 20_000 }, (_, index) => line(stored + index))),
    ).rejects.toMatchObject({ code: "console.store-read-only" });
    expect(restarted.store.state()).toMatchObject({ reason: expect.stringContaining("full") });
    execFileSync("mount", ["-o", "remount,size=20m", disk]);
    await eventually(() => expect(restarted.store.state()).toEqual({ state: "writable" }));
    await restarted.stream.append([line(stored)]);
    await restarted.store.close();
    const again = await openStore(directory);
    expect((await textsOf(again.stream)).map((text) => Number(text.split(" ")[0]))).toEqual(
      Array.from({ length: stored + 1 }, (_, index) => index),
    );
    await again.store.close();
  });
});

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acquireLock, readHolder } from "./lock-file.js";
import { ownIdentity } from "./process-identity.js";
import { compileChildProgram, startChildProgram } from "./testing/child-program.js";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("one holder at a time, which can be read, and nothing is left after release", async () => {
  const path = join(directory, "lock");
  const first = await acquireLock(path, { port: 4000 });
  expect(first.acquired).toBe(true);
  const second = await acquireLock(path);
  expect(second).toEqual({ acquired: false, holder: { ...(await ownIdentity()), info: { port: 4000 } } });
  expect(await readHolder(path)).toMatchObject({ pid: process.pid, info: { port: 4000 } });
  if (first.acquired) {
    await first.release();
    await first.release();
  }
  expect(await readHolder(path)).toBeUndefined();
  expect(await readdir(directory)).toEqual([]);
});

test("locks of the dead, of reused pids and damaged ones are stolen", async () => {
  const path = join(directory, "lock");
  const token = "0123456789abcdef01234567";
  const stale = [
    JSON.stringify({ pid: process.pid, startTime: "earlier", info: {}, token }),
    JSON.stringify({ pid: 2 ** 22 + 1, startTime: "x", info: {}, token }),
    "",
    "{",
    "null",
  ];
  for (const content of stale) {
    await writeFile(path, content);
    expect(await readHolder(path)).toBeUndefined();
    const lock = await acquireLock(path);
    expect(lock.acquired).toBe(true);
    if (lock.acquired) await lock.release();
    expect(await readdir(directory)).toEqual([]);
  }
});

test("a thief which died halfway does not block the next one", async () => {
  const path = join(directory, "lock");
  const dead = (token: string): string =>
    JSON.stringify({ pid: 2 ** 22 + 1, startTime: "x", info: {}, token });
  await writeFile(path, dead("a".repeat(24)));
  await writeFile(`${path}.${"a".repeat(24)}`, dead("b".repeat(24)));
  await writeFile(`${path}.${"b".repeat(24)}`, dead("c".repeat(24)));
  const lock = await acquireLock(path);
  expect(lock.acquired).toBe(true);
  expect(await readdir(directory)).toEqual(["lock"]);
  expect((await acquireLock(path)).acquired).toBe(false);
});

test("of 20 processes which race for a stale lock exactly one wins, round after round", async () => {
  const program = await compileChildProgram(
    new URL("./testing/racing-lock.ts", import.meta.url).href,
    directory,
  );
  const racers = Array.from({ length: 20 }, () => startChildProgram(program));
  const tell = async (racer: ChildProcess, message: object): Promise<{ pid: number; acquired: boolean }> => {
    const answer = once(racer, "message");
    racer.send(message);
    return (await answer)[0];
  };
  try {
    await Promise.all(racers.map((racer) => once(racer, "message")));
    for (let round = 0; round < 12; round++) {
      const path = join(directory, `lock-${round}`);
      // In every third round nobody has held it, in the others a dead process has, and in some its thief died as well.
      const dead = (token: string): string =>
        JSON.stringify({ pid: 2 ** 22 + 1, startTime: "x", info: {}, token });
      if (round % 3 !== 0) await writeFile(path, dead("a".repeat(24)));
      if (round % 3 === 2) await writeFile(`${path}.${"a".repeat(24)}`, dead("b".repeat(24)));
      const answers = await Promise.all(racers.map((racer) => tell(racer, { do: "acquire", path })));
      const winners = answers.filter((answer) => answer.acquired);
      expect(winners).toHaveLength(1);
      expect((await readHolder(path))?.pid).toBe(winners[0]?.pid);
      await Promise.all(racers.map((racer) => tell(racer, { do: "release", path })));
      expect(await readHolder(path)).toBeUndefined();
      expect((await readdir(directory)).filter((name) => name.startsWith(`lock-${round}`))).toEqual([]);
    }
  } finally {
    for (const racer of racers) racer.kill("SIGKILL");
  }
}, 60_000);

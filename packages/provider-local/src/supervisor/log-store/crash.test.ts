import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readLogBatches } from "./read.js";
import { bundle, createWorkbench, scope } from "./testing/harness.js";

const bench = createWorkbench();
afterEach(() => bench.remove());

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", (code) => resolve(code)));
}

test("each line is there exactly once although the ingesting process is killed again and again", async () => {
  const total = 200_000;
  const source = bench.source("run-1");
  const folder = dirname(source.stdout);
  mkdirSync(folder, { recursive: true });
  const ingest = await bundle("ingest-script.ts", folder);
  const writer = await bundle("writer-script.ts", folder);
  const argumentsFor = (mode: string): string[] => [ingest, bench.directory, JSON.stringify(source), mode];
  const writing = spawn(process.execPath, [writer, source.stdout, String(total), "7000"], {
    stdio: "inherit",
  });
  let writerEnded = false;
  const written = ended(writing).then((code) => {
    writerEnded = true;
    return code;
  });
  let kills = 0;
  const follower = followAll(total);
  while (!writerEnded || kills < 30) {
    const child = spawn(process.execPath, argumentsFor("follow"), { stdio: ["ignore", "pipe", "inherit"] });
    const gone = ended(child);
    // Counted from when it works, so that no kill is wasted on a process that a busy machine has not started yet.
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    child.kill("SIGKILL");
    await gone;
    kills++;
  }
  expect(await written).toBe(0);
  expect(await ended(spawn(process.execPath, argumentsFor("detach"), { stdio: "inherit" }))).toBe(0);
  const numbers: number[] = [];
  for await (const lines of readLogBatches({ directory: bench.directory, ...scope })) {
    for (const line of lines) numbers.push(Number(line.text.split(" ")[1]));
  }
  const wrong = numbers.findIndex((number, index) => number !== index);
  expect({ count: numbers.length, wrong, kills: kills >= 30 }).toEqual({
    count: total,
    wrong: -1,
    kills: true,
  });
  expect(existsSync(source.stdout)).toBe(false);
  expect(await follower).toBe(-1);
}, 120_000);

/** Follows through all crashes; answers with the first number that was not the next one. */
async function followAll(total: number): Promise<number> {
  let next = 0;
  const query = { follow: true };
  for await (const lines of readLogBatches({ directory: bench.directory, ...scope, query })) {
    for (const line of lines) {
      if (Number(line.text.split(" ")[1]) !== next) return next;
      next++;
    }
    if (next === total) return -1;
  }
  return next;
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { identifyProcess, isAlive, listGroup, ownIdentity, processStartTime } from "./process-identity.js";
import { parsePsLine, parseStatLine, readProcess } from "./process-table.js";

test("a program's name with spaces and parentheses does not shift the fields", () => {
  const rest = "S 7 42 42 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 1 0 987654 1000 20";
  const entry = parseStatLine(`42 (a) b (c) 1 2 3) ${rest}`, "boot");
  expect(entry).toMatchObject({
    pid: 42,
    parent: 7,
    group: 42,
    session: 42,
    startTime: "boot:987654",
    cpuSeconds: 2,
  });
  expect(parseStatLine(`42 (a) Z) ${rest}`, "boot")?.zombie).toBe(false);
  expect(parseStatLine(`42 (x) ${rest.replace("S", "Z")}`, "boot")?.zombie).toBe(true);
  expect(parseStatLine("nonsense", "boot")).toBeUndefined();
});

test("a line of macOS ps is understood", () => {
  expect(parsePsLine("  501     1   501 Ss     2048   1-02:03:04.50 Mon Jan  2 15:04:05 2023")).toEqual({
    pid: 501,
    parent: 1,
    group: 501,
    session: undefined,
    zombie: false,
    startTime: "Mon Jan 2 15:04:05 2023",
    residentBytes: 2048 * 1024,
    cpuSeconds: 93_784.5,
  });
  expect(parsePsLine("")).toBeUndefined();
});

test("a process is alive until it ends, and a pid with another start time is somebody else", async () => {
  const child = spawn("sleep", ["60"]);
  const identity = await identifyProcess(child.pid as number);
  expect(identity).toBeDefined();
  if (identity === undefined) return;
  expect(await isAlive(identity)).toBe(true);
  expect(await isAlive({ ...identity, startTime: "another" })).toBe(false);
  expect(await processStartTime(child.pid as number)).toBe(identity.startTime);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await isAlive(identity)).toBe(false);
  expect(await isAlive(await ownIdentity())).toBe(true);
  for (const pid of [0, -1, Number.NaN, 2 ** 31]) expect(await processStartTime(pid)).toBeUndefined();
});

test.skipIf(process.platform !== "linux")("a zombie counts as dead", async () => {
  // The shell starts a child, becomes `sleep` while that still runs, and so never waits for it.
  const shell = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 60"], { detached: true });
  const [line] = (await once(shell.stdout, "data")) as [Buffer];
  const pid = Number(line.toString().trim());
  const identity = await identifyProcess(pid);
  while ((await readProcess(pid))?.zombie === false) await wait(50);
  expect(await identifyProcess(pid)).toEqual(identity);
  expect(identity).toBeDefined();
  expect(await isAlive(identity ?? { pid, startTime: "" })).toBe(false);
  expect((await listGroup(shell.pid as number)).map((entry) => entry.pid)).toEqual([shell.pid]);
  process.kill(-(shell.pid as number), "SIGKILL");
});

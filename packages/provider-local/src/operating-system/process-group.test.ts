import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { endProcessGroup, type ProcessGroup } from "./process-group.js";
import { identifyProcess, isAlive, listGroup } from "./process-identity.js";
import { createUsageSampler } from "./process-usage.js";

const started: ChildProcess[] = [];

/** Starts a script in a group of its own and waits until it prints its first line. */
async function startGroup(script: string): Promise<ProcessGroup> {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  const leader = await identifyProcess(child.pid as number);
  if (leader === undefined) throw new Error("the script has ended already");
  return { pgid: leader.pid, leader };
}

afterEach(() => {
  for (const child of started.splice(0)) {
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // Gone, as it should be.
    }
  }
});

test("a willing group ends on the first signal, children included", async () => {
  const group = await startGroup("sleep 60 & sleep 60 & echo ready; wait");
  expect(await listGroup(group.pgid)).toHaveLength(3);
  expect(await endProcessGroup(group, { graceMs: 5000 })).toEqual({
    ended: true,
    forced: false,
    remaining: [],
  });
  expect(await listGroup(group.pgid)).toEqual([]);
  expect(await endProcessGroup(group, { graceMs: 5000 })).toEqual({
    ended: true,
    forced: false,
    remaining: [],
  });
});

test("a group which ignores the signal is killed after the grace time", async () => {
  const group = await startGroup(
    "trap '' TERM; sh -c 'trap \"\" TERM; sleep 60' & echo ready; sleep 60; sleep 60",
  );
  const result = await endProcessGroup(group, { signal: "SIGTERM", graceMs: 200 });
  expect(result).toEqual({ ended: true, forced: true, remaining: [] });
  expect(await listGroup(group.pgid)).toEqual([]);
});

test("a stopped group is continued so that it can end by itself", async () => {
  const group = await startGroup("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
  process.kill(-group.pgid, "SIGSTOP");
  expect(await endProcessGroup(group, { graceMs: 5000 })).toMatchObject({ ended: true, forced: false });
});

test("what the leader leaves behind is ended although the leader is gone", async () => {
  const group = await startGroup("sleep 60 & echo ready; sleep 0.2");
  await wait(500);
  expect(await isAlive(group.leader)).toBe(false);
  expect(await listGroup(group.pgid)).toHaveLength(1);
  expect(await endProcessGroup(group, { graceMs: 2000 })).toMatchObject({ ended: true });
  expect(await listGroup(group.pgid)).toEqual([]);
});

test("a group whose number was given to somebody else is never signalled", async () => {
  const group = await startGroup("echo ready; exec sleep 60");
  const before = {
    ...group,
    leader: { ...group.leader, startTime: "00000000-0000-0000-0000-000000000000:1" },
  };
  expect(await endProcessGroup(before, { signal: "SIGKILL", graceMs: 0 })).toMatchObject({ ended: true });
  expect(await isAlive(group.leader)).toBe(true);
  // Nor one whose new leader is gone as well.
  const orphaned = await startGroup("sleep 60 & echo ready");
  await wait(200);
  const older = { ...orphaned, leader: { ...orphaned.leader, startTime: before.leader.startTime } };
  await endProcessGroup(older, { signal: "SIGKILL", graceMs: 0 });
  expect(await listGroup(orphaned.pgid)).toHaveLength(1);
  for (const pgid of [0, 1, -1]) {
    expect(
      await endProcessGroup({ pgid, leader: { pid: pgid, startTime: "" } }, { graceMs: 0 }),
    ).toMatchObject({
      forced: false,
    });
  }
});

test("usage is summed over a group", async () => {
  const busy = await startGroup("sleep 60 & echo ready; while :; do :; done");
  const idle = await startGroup("echo ready; exec sleep 60");
  const sampler = createUsageSampler();
  const groups = [busy.pgid, idle.pgid, 2 ** 30];
  const first = await sampler.sample(groups);
  expect(first.get(busy.pgid)).toMatchObject({ processes: 2, cpuPercent: undefined });
  expect(first.has(2 ** 30)).toBe(false);
  await wait(1000);
  const second = await sampler.sample(groups);
  expect(second.get(busy.pgid)?.cpuPercent).toBeGreaterThan(2);
  expect(second.get(busy.pgid)?.cpuPercent).toBeLessThan(130);
  expect(second.get(idle.pgid)?.cpuPercent).toBeLessThan(second.get(busy.pgid)?.cpuPercent ?? 0);
  expect(second.get(idle.pgid)?.memoryBytes).toBeGreaterThan(10_000);
  expect(second.get(idle.pgid)?.memoryBytes).toBeLessThan(20_000_000);
});

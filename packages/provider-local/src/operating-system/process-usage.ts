import { readFile } from "node:fs/promises";
import { type ProcessEntry, readAllProcesses } from "./process-table.js";

/** What a process group uses. */
export interface ProcessUsage {
  /** Number of processes, zombies aside. */
  readonly processes: number;
  /** Memory in bytes: shared pages counted once where the system tells (Linux PSS), else the sum of resident sizes. */
  readonly memoryBytes: number;
  /** Processor use since the previous sample, 100 = one core; `undefined` in a group's first sample. */
  readonly cpuPercent: number | undefined;
}

/** Takes samples, and remembers the previous one for the processor use. */
export interface UsageSampler {
  /** Usage by group id, from one pass over the process table; groups without a living process are absent. */
  sample(groups: readonly number[]): Promise<ReadonlyMap<number, ProcessUsage>>;
}

/**
 * Makes a sampler of memory and processor use per process group.
 *
 * `now` gives milliseconds and may be replaced in a test. One sample costs one read of the process table, and on Linux
 * one more small read per member: some tenths of a millisecond each.
 */
export function createUsageSampler(now: () => number = () => performance.now()): UsageSampler {
  let previous: {
    readonly at: number;
    readonly cpu: ReadonlyMap<string, number>;
    readonly groups: Set<number>;
  } = {
    at: 0,
    cpu: new Map(),
    groups: new Set(),
  };
  return {
    async sample(groups) {
      const wanted = new Set(groups);
      const entries = (await readAllProcesses()).filter((entry) => wanted.has(entry.group) && !entry.zombie);
      const at = now();
      const elapsedSeconds = (at - previous.at) / 1000;
      const cpu = new Map(entries.map((entry) => [identityOf(entry), entry.cpuSeconds]));
      const result = new Map<number, ProcessUsage>();
      for (const [group, members] of groupMembers(entries)) {
        const memory = await Promise.all(members.map(memoryOf));
        const spent = members.reduce(
          (sum, entry) => sum + Math.max(0, entry.cpuSeconds - (previous.cpu.get(identityOf(entry)) ?? 0)),
          0,
        );
        const known = previous.groups.has(group) && elapsedSeconds > 0;
        result.set(group, {
          processes: members.length,
          memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0),
          cpuPercent: known ? (spent / elapsedSeconds) * 100 : undefined,
        });
      }
      previous = { at, cpu, groups: new Set(result.keys()) };
      return result;
    },
  };
}

function groupMembers(entries: readonly ProcessEntry[]): ReadonlyMap<number, readonly ProcessEntry[]> {
  const groups = new Map<number, ProcessEntry[]>();
  for (const entry of entries) {
    const members = groups.get(entry.group);
    if (members === undefined) groups.set(entry.group, [entry]);
    else members.push(entry);
  }
  return groups;
}

/** By identity, not by pid: a member which ended must not lend its processor time to a newcomer with its pid. */
function identityOf(entry: ProcessEntry): string {
  return `${entry.pid}@${entry.startTime}`;
}

async function memoryOf(entry: ProcessEntry): Promise<number> {
  if (entry.residentBytes !== undefined) return entry.residentBytes;
  // The first needs the same user, the second does not; both fail for a process which has just ended.
  const proportional = await readKilobytes(`/proc/${entry.pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m);
  return proportional ?? (await readKilobytes(`/proc/${entry.pid}/status`, /^VmRSS:\s+(\d+) kB$/m)) ?? 0;
}

async function readKilobytes(path: string, pattern: RegExp): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const kilobytes = pattern.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

import { systemClock } from "@deploy/core";
import { listGroup, type ProcessIdentity } from "./process-identity.js";
import { type ProcessEntry, readProcess } from "./process-table.js";

/** A process group, and the process which was started as its leader (its pid is the group's id). */
export interface ProcessGroup {
  readonly pgid: number;
  readonly leader: ProcessIdentity;
}

/** How to end a group. */
export interface EndProcessGroupOptions {
  /** What is sent first. Default `SIGTERM`; `SIGKILL` ends it at once, and `graceMs` is then not waited for. */
  readonly signal?: "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGKILL";
  /** Milliseconds between the first signal and `SIGKILL`. */
  readonly graceMs: number;
  /** Milliseconds to wait for the kernel to remove the group after `SIGKILL`. Default 10 000. */
  readonly killWaitMs?: number;
  /** Waits; a test passes its own. Default the real clock. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** How it went. */
export interface EndedProcessGroup {
  /** True when no member is left. */
  readonly ended: boolean;
  /** True when `SIGKILL` had to be sent after the grace time. */
  readonly forced: boolean;
  /** The pids still there: stuck in the kernel, or owned by another user. */
  readonly remaining: readonly number[];
}

const pollMs = 25;

/**
 * The members of the group as long as it is still the one its leader founded; empty when it is not.
 *
 * The kernel never gives out a pid while a group of that number has members, so a group whose leader lives is ours.
 * When the leader is gone the number may have gone round: then the members count as ours only when they are in the
 * session which the leader founded and did not start before it.
 */
async function membersOf(group: ProcessGroup, known: ReadonlySet<string>): Promise<readonly ProcessEntry[]> {
  const members = await listGroup(group.pgid);
  if (members.length === 0) return [];
  const leader = await readProcess(group.pgid);
  if (leader !== undefined) return leader.startTime === group.leader.startTime ? members : [];
  if (members.some((member) => known.has(nameOf(member)))) return members;
  const [boot, ticks] = splitStartTime(group.leader.startTime);
  const ours = members.every((member) => {
    const [memberBoot, memberTicks] = splitStartTime(member.startTime);
    const sameSession = member.session === undefined || member.session === group.pgid;
    return sameSession && memberBoot === boot && memberTicks >= ticks;
  });
  return ours ? members : [];
}

function nameOf(member: ProcessEntry): string {
  return `${member.pid}@${member.startTime}`;
}

/** Boot and order within the boot; on macOS the boot is empty and the order is the time of day in milliseconds. */
function splitStartTime(startTime: string): readonly [boot: string, order: number] {
  const linux = /^([0-9a-f-]{36}):(\d+)$/.exec(startTime);
  return linux ? [linux[1] ?? "", Number(linux[2])] : ["", Date.parse(`${startTime} UTC`)];
}

function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch (error) {
    // ESRCH: all gone meanwhile. EPERM: no member of ours; the caller learns it from `remaining`.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/**
 * Ends a process group: the first signal, the grace time, `SIGKILL`, and back only when no member is left.
 *
 * Zombies do not count as members. A pid or group id which has been given to somebody else meanwhile is never
 * signalled: each signal is preceded by a look at who the group is now.
 */
export async function endProcessGroup(
  group: ProcessGroup,
  options: EndProcessGroupOptions,
): Promise<EndedProcessGroup> {
  // A group of 0 or 1 would mean ourselves, or everybody.
  if (!Number.isSafeInteger(group.pgid) || group.pgid <= 1 || group.leader.pid !== group.pgid) {
    return { ended: true, forced: false, remaining: [] };
  }
  const sleep = options.sleep ?? systemClock.sleep;
  const signal = options.signal ?? "SIGTERM";
  const known = new Set<string>();
  const look = async (): Promise<readonly ProcessEntry[]> => {
    const members = await membersOf(group, known);
    for (const member of members) known.add(nameOf(member));
    return members;
  };
  const waitUntilEmpty = async (milliseconds: number, again?: NodeJS.Signals): Promise<readonly number[]> => {
    for (let waited = 0; ; waited += pollMs) {
      const members = await look();
      if (members.length === 0) return [];
      if (waited >= milliseconds) return members.map((member) => member.pid);
      // A member may fork between our look and the signal: killing goes on until nobody is left.
      if (again !== undefined) signalGroup(group.pgid, again);
      await sleep(pollMs);
    }
  };

  if ((await look()).length === 0) return { ended: true, forced: false, remaining: [] };
  if (signal !== "SIGKILL") {
    signalGroup(group.pgid, signal);
    // A stopped process would get the signal only when somebody continues it.
    signalGroup(group.pgid, "SIGCONT");
    if ((await waitUntilEmpty(options.graceMs)).length === 0)
      return { ended: true, forced: false, remaining: [] };
  }
  const remaining = await waitUntilEmpty(options.killWaitMs ?? 10_000, "SIGKILL");
  return { ended: remaining.length === 0, forced: signal !== "SIGKILL", remaining };
}

import { readFileSync } from "node:fs";
import { endProcessGroup } from "../operating-system/process-group.js";
import { isAlive, type ProcessIdentity } from "../operating-system/process-identity.js";
import type { ProcessEntry } from "../operating-system/process-table.js";

/** A run as it was written down: its process may be known, or only the id that it carries. */
export interface RunToKill extends Partial<ProcessIdentity> {
  readonly run: string;
}

/**
 * Ends whatever is left of a run at once: the group we know, and every process that carries its run id.
 *
 * The second is for a start which was written down but whose pid was not, because the supervisor died in between.
 */
export async function killRun(run: RunToKill, processes: readonly ProcessEntry[]): Promise<void> {
  const leaders: ProcessIdentity[] = [];
  if (run.pid !== undefined && run.startTime !== undefined) {
    leaders.push({ pid: run.pid, startTime: run.startTime });
  }
  for (const entry of processes) {
    if (entry.zombie || entry.pid !== entry.group || runIdOf(entry.pid) !== run.run) continue;
    leaders.push({ pid: entry.pid, startTime: entry.startTime });
  }
  for (const leader of leaders) {
    const graceMs = (await isAlive(leader)) ? 2000 : 0;
    await endProcessGroup({ pgid: leader.pid, leader }, { graceMs });
  }
}

/** The `DEPLOY_RUN_ID` that a process was started with; undefined when it has none or is not ours to read. */
export function runIdOf(pid: number): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    return /(?:^|\0)DEPLOY_RUN_ID=([^\0]*)/.exec(environment)?.[1];
  } catch {
    return undefined;
  }
}

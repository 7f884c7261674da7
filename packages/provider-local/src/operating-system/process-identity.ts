import { type ProcessEntry, readAllProcesses, readProcess } from "./process-table.js";

/** A process which cannot be mistaken for a later one with the same pid, not even after a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; as {@link processStartTime} gives it. */
  readonly startTime: string;
}

/** When the process with this pid was started, as an opaque string; `undefined` when there is none. */
export async function processStartTime(pid: number): Promise<string | undefined> {
  return (await readProcess(pid))?.startTime;
}

/** The identity of the process with this pid; `undefined` when there is none. Zombies still have one. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const entry = await readProcess(pid);
  return entry && { pid: entry.pid, startTime: entry.startTime };
}

/** The identity of the process this code runs in. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const identity = await identifyProcess(process.pid);
  // Only a machine without /proc and without ps gets here; a random value makes us at worst look dead to others.
  return identity ?? { pid: process.pid, startTime: `unknown:${Date.now()}` };
}

/** Whether this very process still runs: false when its pid now belongs to another one, and false for a zombie. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const entry = await readProcess(identity.pid);
  return entry !== undefined && !entry.zombie && entry.startTime === identity.startTime;
}

/** The processes of a process group, zombies aside. */
export async function listGroup(pgid: number): Promise<readonly ProcessEntry[]> {
  return (await readAllProcesses()).filter((entry) => entry.group === pgid && !entry.zombie);
}

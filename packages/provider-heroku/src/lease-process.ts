import { readFileSync, readlinkSync } from "node:fs";

/**
 * A text that identifies this process among all that this machine runs: boot, process namespace, pid and start time on
 * Linux, the pid elsewhere.
 */
export function processIdentity(): string {
  const place = placeOf();
  const start = place === undefined ? undefined : startTimeOf(process.pid);
  return start === undefined ? `${process.pid}` : `${place}/${process.pid}/${start}`;
}

/**
 * Whether a process of this host is gone for certain. In doubt it is not: two containers may share a host name, and
 * then neither sees the other's processes.
 */
export function isGone(identity: string): boolean {
  const parts = identity.split("/");
  if (parts.length === 1) return placeOf() === undefined && !answers(Number(identity));
  const [boot, namespace, pid, start] = parts;
  const place = placeOf();
  if (place === undefined || place !== `${boot}/${namespace}`) return false;
  return startTimeOf(Number(pid)) !== start;
}

/** This boot and the process namespace we see; undefined where there is no /proc. */
function placeOf(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/<pid>/stat, behind the command in brackets; undefined for no process, and for a zombie. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function answers(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

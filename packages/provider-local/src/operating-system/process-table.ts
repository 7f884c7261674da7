import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** One row of the operating system's process table. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Process group id. */
  readonly group: number;
  /** Session id; `undefined` where the system does not tell (macOS). */
  readonly session: number | undefined;
  /** True for a process which has ended and only waits for its parent to notice. */
  readonly zombie: boolean;
  /** Opaque, unique per boot and pid: equal only for the very same process. */
  readonly startTime: string;
  /** Resident memory in bytes, where the table tells it (macOS); Linux has better numbers elsewhere. */
  readonly residentBytes: number | undefined;
  /** Processor time spent so far, user and system, in seconds. */
  readonly cpuSeconds: number;
}

/** The kernel reports times in USER_HZ, which is 100 on every architecture Node runs on. */
const ticksPerSecond = 100;

let bootId: string | undefined;

/** The boot we are in: start times count from it, so that the same number after a reboot is another process. */
function currentBootId(): string {
  bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return bootId;
}

/**
 * Reads one `/proc/<pid>/stat` line.
 *
 * The second field is the program's name in parentheses, and it may itself hold spaces, parentheses and newlines:
 * only what follows the last `)` can be split.
 */
export function parseStatLine(line: string, boot: string): ProcessEntry | undefined {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const fields = line
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  // `fields[0]` is field 3 of the manual page, hence the offset.
  const field = (number: number): string => fields[number - 3] ?? "";
  const pid = Number(line.slice(0, open));
  const startTicks = field(22);
  if (!Number.isInteger(pid) || !/^\d+$/.test(startTicks)) return undefined;
  return {
    pid,
    parent: Number(field(4)),
    group: Number(field(5)),
    session: Number(field(6)),
    zombie: "ZXx".includes(field(3)),
    startTime: `${boot}:${startTicks}`,
    residentBytes: undefined,
    cpuSeconds: (Number(field(14)) + Number(field(15))) / ticksPerSecond,
  };
}

function readLinuxProcess(pid: number): ProcessEntry | undefined {
  try {
    return parseStatLine(readFileSync(`/proc/${pid}/stat`, "utf8"), currentBootId());
  } catch {
    // Gone, or about to be: ENOENT, or ESRCH when it went away between open and read.
    return undefined;
  }
}

const psColumns = ["pid=", "ppid=", "pgid=", "stat=", "rss=", "time=", "lstart="].flatMap((name) => [
  "-o",
  name,
]);

/** Seconds in what `ps` prints as time: `[[days-]hours:]minutes:seconds[.hundredths]`. */
function parsePsTime(text: string): number {
  const [clock = "", days = "0"] = text.split("-").reverse();
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}

/** Reads one line of `ps -o pid=,ppid=,pgid=,stat=,rss=,time=,lstart=` as macOS prints it. */
export function parsePsLine(line: string): ProcessEntry | undefined {
  const fields = line.trim().split(/\s+/);
  const [pid, parent, group, state = "", residentKilobytes, time = "", ...started] = fields;
  if (started.length < 5 || !/^\d+$/.test(pid ?? "")) return undefined;
  const startTime = started.join(" ");
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: undefined,
    zombie: state.startsWith("Z"),
    startTime,
    residentBytes: Number(residentKilobytes) * 1024,
    cpuSeconds: parsePsTime(time),
  };
}

async function readWithPs(selection: readonly string[]): Promise<readonly ProcessEntry[]> {
  try {
    // One locale and one time zone, or the same process would have two start times.
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const { stdout } = await run("ps", [...selection, ...psColumns], { env, maxBuffer: 32 * 1024 * 1024 });
    return stdout.split("\n").flatMap((line) => parsePsLine(line) ?? []);
  } catch {
    // `ps -p` exits with 1 when there is no such process.
    return [];
  }
}

/** The process with this pid, zombies included; `undefined` when there is none. */
export async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (process.platform === "linux") return readLinuxProcess(pid);
  return (await readWithPs(["-p", String(pid)]))[0];
}

/** Every process this user may see, zombies included. */
export async function readAllProcesses(): Promise<readonly ProcessEntry[]> {
  if (process.platform !== "linux") return readWithPs(["-A"]);
  return readdirSync("/proc").flatMap((name) =>
    /^\d+$/.test(name) ? (readLinuxProcess(Number(name)) ?? []) : [],
  );
}

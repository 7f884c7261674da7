import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process that belongs to a directory. */
export interface FoundProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly environment: string;
}

/**
 * Every living process which works inside `directory`, or was started with it in its environment; this one excepted.
 *
 * Both the supervisor and whatever it starts are found that way, also after it has died.
 */
export function processesOf(directory: string): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      const place = readlinkSync(`/proc/${pid}/cwd`);
      const ours = place.startsWith(directory) || environment.includes(directory);
      if (ours && argv.length > 0) found.push({ pid, argv, environment });
    } catch {
      // It has ended while we looked, or it is not ours to look at.
    }
  }
  return found;
}

/** Those which the supervisor started: they carry a run id. */
export function instancesOf(directory: string): FoundProcess[] {
  return processesOf(directory).filter((one) => /(?:^|\0)DEPLOY_RUN_ID=/.test(one.environment));
}

/** Whether a process lives and is no zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

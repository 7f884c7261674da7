import { readlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Home } from "../home.js";
import { readAllProcesses } from "../operating-system/process-table.js";
import { environmentDirectory } from "./environment-state.js";
import { killRun, runIdOf } from "./run-identity.js";

/**
 * Clears away what belongs to an environment whose state is lost, before it begins anew; volumes and logs stay.
 *
 * Nobody knows its processes by name any more, but they still run in its directories. And release 1 of the new
 * beginning must not find the directory of the old release 1, with other code in it.
 */
export async function clearLostState(home: Home, app: string, environment: string): Promise<void> {
  const directory = environmentDirectory(home, app, environment);
  const processes = await readAllProcesses();
  const runs = processes.flatMap(({ pid }) => {
    const run = workingDirectoryOf(pid)?.startsWith(join(directory, "releases")) ? runIdOf(pid) : undefined;
    return run === undefined ? [] : [run];
  });
  await Promise.all([...new Set(runs)].map((run) => killRun({ run }, processes)));
  for (const name of ["releases", "output"])
    await rm(join(directory, name), { recursive: true, force: true });
}

function workingDirectoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

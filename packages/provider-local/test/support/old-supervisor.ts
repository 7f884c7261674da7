import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureHome, findHome } from "../../src/home.js";
import { findProgram } from "../../src/program.js";
import type { SupervisorFacts } from "../../src/protocol.js";
import { launchSupervisor } from "../../src/supervisor/hand-over.js";
import type { Workspace } from "./workspace.js";

/**
 * Starts the supervisor of another version in the home of a workspace: today's program, changed by `change`.
 *
 * Its name is no digest that any build can have.
 */
export async function startOldSupervisor(
  space: Workspace,
  change: (text: string) => string = (text) => text,
): Promise<SupervisorFacts> {
  const home = findHome(space.env);
  ensureHome(home);
  const program = "an-older-program";
  const target = join(home.programs, program);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const { directory } = findProgram();
  cpSync(join(directory, "log-worker.js"), join(target, "log-worker.js"));
  const text = readFileSync(join(directory, "supervisor.js"), "utf8");
  writeFileSync(join(target, "supervisor.js"), change(text));
  writeFileSync(join(target, "package.json"), '{ "type": "module" }\n');
  return launchSupervisor({ home, program, port: space.port, environment: space.env });
}

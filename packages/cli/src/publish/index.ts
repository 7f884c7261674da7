import type { Deployer } from "@deploy/core";
import { findConsole } from "./find-console.js";
import type { Publisher } from "./publisher.js";

/** What an operation is called, and whose it is. */
export interface RunAbout {
  /** `up`, `rollback`, `promote`, `down`, `scale`, `restart`. */
  readonly operation: string;
  readonly deployer: Deployer;
}

const silent: Publisher = { event: () => undefined, end: async () => undefined };

/** Tells the console of this run, where one is known; costs nothing where none is, and says once why when it cannot. */
export async function publishRun(
  about: RunAbout | undefined,
  note: (text: string) => void,
): Promise<Publisher> {
  if (about === undefined) return silent;
  const found = findConsole(process.env);
  if (found === undefined) return silent;
  if ("problem" in found) {
    note(`no console is told of this run: ${found.problem}`);
    return silent;
  }
  const { createPublisher } = await import("./publisher.js");
  const { app, name: environment } = about.deployer.environment;
  return createPublisher({
    console: found,
    run: { app, environment, operation: about.operation },
    env: process.env,
    note,
  });
}

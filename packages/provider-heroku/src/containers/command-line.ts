import type { Command } from "@deploy/core";
import { asText } from "../images/manifest.js";

/** What starts a process: its command, and config that is its own. */
export interface Startable {
  readonly command: Command;
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * The arguments that start a process, as its image's CMD. A string runs in the image's shell, an array as it is; the
 * image's ENTRYPOINT stays in front of both.
 *
 * Config vars belong to the whole app: config of one process is put before its command with `env`.
 */
export function argumentsOf({ command, config = {} }: Startable): readonly string[] {
  const own = Object.entries(config).map(([name, value]) => `${name}=${value}`);
  const argv = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  return own.length === 0 ? argv : ["env", ...own, ...argv];
}

/** The same as one line for a shell, which is what `heroku.yml` takes. */
export function lineOf(process: Startable): string {
  const { command, config = {} } = process;
  return typeof command === "string" && Object.keys(config).length === 0
    ? command
    : asText(argumentsOf(process));
}

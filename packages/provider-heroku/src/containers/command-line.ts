import type { Command } from "@deploy/core";
import { asText, quoted } from "../images/manifest.js";

/** What starts a process: its command, and config that is its own. */
export interface Startable {
  readonly command: Command;
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * The arguments that start a process, as its image's CMD. A string runs in the image's shell, an array as it is; the
 * image's ENTRYPOINT stays in front of both.
 *
 * Config vars belong to the whole app: config of one process is exported by a shell in front of its command.
 */
export function argumentsOf({ command, config = {} }: Startable): readonly string[] {
  const own = Object.entries(config).map(([name, value]) => `export ${name}=${quoted(value)}; `);
  if (typeof command === "string") return ["/bin/sh", "-c", `${own.join("")}${command}`];
  return own.length === 0 ? command : ["/bin/sh", "-c", `${own.join("")}exec "$@"`, "sh", ...command];
}

/** The same as one line for a shell, which is what `heroku.yml` takes. */
export function lineOf(process: Startable): string {
  const { command, config = {} } = process;
  return typeof command === "string" && Object.keys(config).length === 0
    ? command
    : asText(argumentsOf(process));
}

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { loadConfig } from "./config/load.js";
import type { ConfigFile } from "./config/types.js";
import type { CommandContext } from "./context.js";
import type { Flags } from "./flags.js";
import type { Interruption } from "./interruption.js";
import { openDeployer } from "./open-deployer.js";
import { createStyle } from "./render/style.js";
import type { Terminal } from "./terminal.js";
import { usageError } from "./usage-error.js";

/** What a context is made of. */
export interface ContextInput {
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
  readonly interruption: Interruption;
}

/** The context of one command; nothing is read from disk but the directory, until the command asks. */
export async function createContext(input: ContextInput): Promise<CommandContext> {
  const { flags, terminal } = input;
  const directory = resolve(flags.text("cwd") ?? ".");
  if (flags.text("cwd") !== undefined && !(await isDirectory(directory))) {
    throw usageError("bad-directory", `${directory} is not a directory.`);
  }
  const json = flags.has("json");
  const environment = flags.text("environment") ?? "local";
  const style = { stdout: createStyle(terminal.stdout.colour), stderr: createStyle(terminal.stderr.colour) };
  let loaded: Promise<ConfigFile> | undefined;
  const context: CommandContext = {
    ...input,
    style,
    directory,
    json,
    environment,
    config: () => {
      loaded ??= loadConfig({ directory, file: flags.text("config") }).then(async (config) => {
        for (const note of config.notes) await context.say(style.stderr.dim(note));
        return config;
      });
      return loaded;
    },
    deployer: async (name = environment) =>
      openDeployer(await context.config(), name, input.interruption.signal),
    say: async (text) => {
      if (!json) await terminal.stderr.write(`${text}\n`);
    },
    print: (text) => terminal.stdout.write(`${text}\n`),
    printJson: (data) => terminal.stdout.write(`${JSON.stringify(data, undefined, 2)}\n`),
  };
  return context;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

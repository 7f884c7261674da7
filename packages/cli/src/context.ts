import type { Deployer } from "@deploy/core";
import type { ConfigFile } from "./config/types.js";
import type { Flags } from "./flags.js";
import type { Interruption } from "./interruption.js";
import type { Style } from "./render/style.js";
import type { Terminal } from "./terminal.js";

/** Everything a command works with. */
export interface CommandContext {
  /** Arguments by position. */
  readonly words: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
  /** Styles for stdout and for stderr: one may be a terminal while the other is not. */
  readonly style: { readonly stdout: Style; readonly stderr: Style };
  /** Absolute path of the directory the command works in. */
  readonly directory: string;
  /** `--json`: data, events and errors are JSON on stdout. */
  readonly json: boolean;
  /** Name of the environment, `local` by default. */
  readonly environment: string;
  readonly interruption: Interruption;
  /** Reads the configuration, once. */
  config(): Promise<ConfigFile>;
  /** The deployer of `environment`, by default the one of the command line. */
  deployer(environment?: string): Promise<Deployer>;
  /** Words for the user, on stderr; silent with `--json`. */
  say(text: string): Promise<void>;
  /** Data as a line on stdout. */
  print(text: string): Promise<void>;
  /** Data as JSON on stdout, indented. */
  printJson(data: unknown): Promise<void>;
}

import { toDeployError } from "@deploy/core";
import { createContext } from "./create-context.js";
import { EXIT, exitCodeOf } from "./exit-codes.js";
import { createFlags } from "./flags.js";
import { groupHelp } from "./help.js";
import { type Interruption, listenForInterruption } from "./interruption.js";
import { LOADERS } from "./loaders.js";
import { parseLine } from "./parse.js";
import { renderError } from "./render/error.js";
import { createStyle } from "./render/style.js";
import { findCommand } from "./table/index.js";
import { processTerminal, type Terminal } from "./terminal.js";

/** Runs one command line, and ends the process with its exit code. */
export async function main(line: readonly string[]): Promise<void> {
  const terminal = processTerminal({ noInput: line.includes("--no-input") });
  const interruption = listenForInterruption();
  const code = await answer(line, terminal, interruption);
  await Promise.all([terminal.stdout.write(""), terminal.stderr.write("")]);
  // Providers keep connections alive; waiting for those to close would be felt after every command.
  process.exit(code);
}

/**
 * Runs one command line and answers with its exit code.
 *
 * Errors are printed here and nowhere else: four lines on stderr, or `{"error": …}` on stdout with `--json`.
 */
async function answer(
  line: readonly string[],
  terminal: Terminal,
  interruption: Interruption,
): Promise<number> {
  const ours = line.slice(0, line.indexOf("--") === -1 ? line.length : line.indexOf("--"));
  let json = ours.includes("--json");
  let debug = ours.includes("--debug");
  try {
    const found = findCommand(line);
    if ("group" in found && !json) {
      await terminal.stderr.write(groupHelp(found.group));
      return EXIT.usage;
    }
    const parsed = parseLine(line);
    const flags = createFlags(parsed.values);
    json = flags.has("json");
    debug = flags.has("debug");
    const context = await createContext({ words: parsed.words, flags, terminal, interruption });
    const load = LOADERS[parsed.command.name];
    if (load === undefined) throw new Error(`no file for the command ${parsed.command.name}`);
    return await (await load()).run(context);
  } catch (thrown) {
    const error = toDeployError(thrown);
    const cancelled = interruption.signal.aborted;
    if (json) await terminal.stdout.write(`${JSON.stringify({ error: error.toJSON() })}\n`);
    else {
      const style = createStyle(terminal.stderr.colour);
      await terminal.stderr.write(renderError(error, { style, debug, columns: terminal.stderr.columns() }));
    }
    return cancelled ? EXIT.cancelled : exitCodeOf(error.code);
  }
}

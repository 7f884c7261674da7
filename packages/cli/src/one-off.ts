import { StringDecoder } from "node:string_decoder";
import type { RunOptions, RunSession } from "@deploy/core";
import type { CommandContext } from "./context.js";
import { usageError } from "./usage-error.js";

/** What `run` and `exec` have in common: the command, its environment, whose terminal it gets. Throws `usage.bad-flag`. */
export function runOptions(context: CommandContext): RunOptions {
  const { words, flags, json } = context;
  const process = flags.text("process");
  return {
    // One argument is a line for the shell of the app; several are a program and its arguments, and no shell sees them.
    command: words.length === 1 ? (words[0] ?? "") : words,
    stdio: json ? "capture" : "inherit",
    env: parseAssignments(flags.list("env")),
    ...(process === undefined ? {} : { process }),
  };
}

/** Waits for the command and answers with its true exit code. */
export async function finishSession(
  context: CommandContext,
  start: () => Promise<RunSession>,
): Promise<number> {
  // The command has the terminal: Ctrl-C is its own affair.
  const takeBack = context.json ? () => {} : context.interruption.handOver();
  try {
    const session = await start();
    if (context.json) {
      // A character may be cut in two by the border of a chunk.
      const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
      for await (const { stream, data } of session.output) {
        const text = decoders[stream].write(Buffer.from(data));
        await context.terminal.stdout.write(`${JSON.stringify({ stream, text })}\n`);
      }
    }
    const exitCode = await session.exitCode;
    if (context.json) await context.terminal.stdout.write(`${JSON.stringify({ exitCode })}\n`);
    return exitCode;
  } finally {
    takeBack();
  }
}

function parseAssignments(words: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of words) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined) throw usageError("bad-flag", "--env needs NAME=value.");
    found[name] = value;
  }
  return found;
}

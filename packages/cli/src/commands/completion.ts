import { completionScript } from "../completion/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";

/** `deploy completion`: prints a script for a shell. */
export async function run(context: CommandContext): Promise<number> {
  await context.terminal.stdout.write(completionScript(context.words[0] ?? ""));
  return EXIT.done;
}

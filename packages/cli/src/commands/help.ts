import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { fastAnswer, rootHelp } from "../help.js";
import { parseLine } from "../parse.js";

/** `deploy help`, where the fast answer knew none: the command that was asked about does not exist. */
export async function run(context: CommandContext): Promise<number> {
  parseLine(context.words);
  await context.print((fastAnswer(["help", ...context.words]) ?? rootHelp()).trimEnd());
  return EXIT.done;
}

import type { CommandContext } from "../context.js";
import { parseCount } from "../flags.js";
import { runRelease } from "../release.js";
import { usageError } from "../usage-error.js";

/** `deploy rollback`: puts an earlier release into service again. */
export async function run(context: CommandContext): Promise<number> {
  const [argument] = context.words;
  const flag = context.flags.text("to");
  if (argument !== undefined && flag !== undefined) {
    throw usageError("conflicting-flags", "The release is named twice, by --to and by argument.");
  }
  const word = argument ?? flag;
  const to = word === undefined ? undefined : parseCount(word.replace(/^v/, ""), "The release");
  const deployer = await context.deployer();
  return runRelease(context, {
    deployer,
    operation: "rollback",
    again: to === undefined ? "status" : `rollback ${to}`,
    start: (options) => deployer.rollback({ ...options, ...(to === undefined ? {} : { to }) }),
  });
}

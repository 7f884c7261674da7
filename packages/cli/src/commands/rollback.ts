import type { CommandContext } from "../context.js";
import { parseCount } from "../flags.js";
import { runRelease } from "../release.js";

/** `deploy rollback`: puts an earlier release into service again. */
export async function run(context: CommandContext): Promise<number> {
  const [word] = context.words;
  const to = word === undefined ? undefined : parseCount(word.replace(/^v/, ""), "The release");
  const deployer = await context.deployer();
  return runRelease(context, {
    deployer,
    again: to === undefined ? "status" : `rollback ${to}`,
    start: (options) => deployer.rollback({ ...options, ...(to === undefined ? {} : { to }) }),
  });
}

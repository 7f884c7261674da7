import { quoted } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { runRelease } from "../release.js";
import { usageError } from "../usage-error.js";

/** `deploy promote <from> <to>`: releases the image of one environment in another. */
export async function run(context: CommandContext): Promise<number> {
  const [from = "", to = ""] = context.words;
  if (from === to) throw usageError("same-environment", `"${from}" cannot be promoted to itself.`);
  if (context.flags.text("environment") !== undefined) {
    throw usageError(
      "bad-flag",
      "promote names both environments itself.",
      `Leave out --environment: deploy promote ${from} ${to}`,
    );
  }
  const source = await context.deployer(from);
  const deployer = await context.deployer(to);
  return runRelease(context, {
    deployer,
    operation: "promote",
    again: `promote ${quoted(from)} ${quoted(to)}`,
    start: (options) => deployer.promoteFrom(source, options),
  });
}

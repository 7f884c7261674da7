import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { parseCount } from "../flags.js";
import { follow } from "../follow.js";
import { usageError } from "../usage-error.js";

/** `deploy scale web=3 worker=1`: changes the number of instances. */
export async function run(context: CommandContext): Promise<number> {
  const wanted = parseScale(context.words);
  const deployer = await context.deployer();
  const again = commandLine(context, `scale ${context.words.join(" ")}`);
  await follow(context, deployer.scale(wanted), again, { operation: "scale", deployer });
  if (context.json)
    await context.terminal.stdout.write(`${JSON.stringify({ type: "result", scale: wanted })}\n`);
  const words = Object.entries(wanted).map(([name, count]) => `${name} ${count}`);
  await context.say(`${context.style.stderr.green("✓")} scaled: ${words.join(", ")}`);
  return EXIT.done;
}

/** Reads `web=3 worker=1`. Throws `usage.bad-scale`, `usage.bad-number`. */
export function parseScale(words: readonly string[]): Record<string, number> {
  const wanted: Record<string, number> = {};
  for (const word of words) {
    const [, name, count] = /^([\w-]+)=(.*)$/.exec(word) ?? [];
    if (name === undefined || count === undefined) {
      throw usageError("bad-scale", `"${word}" does not say how many of what.`, "Write it like web=3.");
    }
    wanted[name] = parseCount(count, `The number of ${name}`);
  }
  return wanted;
}

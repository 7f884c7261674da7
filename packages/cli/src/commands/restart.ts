import { commandLine } from "../command-line.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { follow } from "../follow.js";

/** `deploy restart [process]`: replaces instances. */
export async function run(context: CommandContext): Promise<number> {
  const [process] = context.words;
  const deployer = await context.deployer();
  const again = commandLine(context, process === undefined ? "restart" : `restart ${process}`);
  await follow(context, deployer.restart(process), again, { operation: "restart", deployer });
  if (context.json)
    await context.terminal.stdout.write(
      `${JSON.stringify({ type: "result", restarted: process ?? "all" })}\n`,
    );
  await context.say(`${context.style.stderr.green("✓")} restarted ${process ?? "all processes"}`);
  return EXIT.done;
}

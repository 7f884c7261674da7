import type { CommandContext } from "../context.js";
import { finishSession, runOptions } from "../one-off.js";

/** `deploy run -- command`: runs a one-off command in a fresh copy of the app. */
export async function run(context: CommandContext): Promise<number> {
  const options = runOptions(context);
  const deployer = await context.deployer();
  return finishSession(context, () => deployer.run(options));
}

import type { CommandContext } from "../context.js";
import { finishSession, runOptions } from "../one-off.js";

/** `deploy exec -- command`: runs a command in an instance that serves. */
export async function run(context: CommandContext): Promise<number> {
  const options = runOptions(context);
  const instance = context.flags.text("instance");
  const deployer = await context.deployer();
  return finishSession(context, () =>
    deployer.exec({ ...options, ...(instance === undefined ? {} : { instance }) }),
  );
}

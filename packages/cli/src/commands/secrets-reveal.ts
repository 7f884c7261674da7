import { reveal } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";

/** `deploy secrets reveal`: prints the value of one secret, as data, on stdout. */
export async function run(context: CommandContext): Promise<number> {
  const [name = ""] = context.words;
  const deployer = await context.deployer();
  const value = reveal(await deployer.secrets.reveal(name));
  if (context.json) await context.printJson({ name, value });
  else await context.print(value);
  return EXIT.done;
}

import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { confirmByName } from "../prompts/ask.js";

/** `deploy secrets unset`: forgets a secret, once the app's name was typed. */
export async function run(context: CommandContext): Promise<number> {
  const [name = ""] = context.words;
  const deployer = await context.deployer();
  await confirmByName(
    context,
    deployer.app.name,
    `forget the value of ${name} in ${deployer.environment.name}`,
  );
  await deployer.secrets.unset(name);
  if (context.json) await context.printJson({ name, set: false });
  await context.say(`${context.style.stderr.green("✓")} ${name} is forgotten`);
  return EXIT.done;
}

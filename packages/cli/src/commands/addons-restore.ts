import { addonName } from "../addon-name.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { confirmByName } from "../prompts/ask.js";

/** `deploy addons restore`: puts a backup in place of the present data, once the app's name was typed. */
export async function run(context: CommandContext): Promise<number> {
  const [word, backup = ""] = context.words;
  const deployer = await context.deployer();
  const name = addonName(deployer, word);
  await confirmByName(
    context,
    deployer.app.name,
    `replace the data of ${name} in ${deployer.environment.name} by backup ${backup}`,
  );
  await context.say(`restoring ${name} …`);
  await deployer.addons.restore(name, backup);
  if (context.json) await context.printJson({ addon: name, backup, restored: true });
  await context.say(`${context.style.stderr.green("✓")} ${name} holds the data of backup ${backup}`);
  return EXIT.done;
}

import { addonName } from "../addon-name.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { formatBytes } from "../render/units.js";

/** `deploy addons backup`: takes a backup now; its id is the data. */
export async function run(context: CommandContext): Promise<number> {
  const deployer = await context.deployer();
  const name = addonName(deployer, context.words[0]);
  await context.say(`taking a backup of ${name} …`);
  const backup = await deployer.addons.backup(name);
  if (context.json) await context.printJson(backup);
  else await context.print(backup.id);
  await context.say(`${context.style.stderr.green("✓")} backup of ${name}, ${formatBytes(backup.bytes)}`);
  return EXIT.done;
}

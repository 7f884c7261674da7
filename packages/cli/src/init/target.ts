import { join } from "node:path";
import { DeployError } from "@deploy/core";
import { CONFIG_NAMES, exists } from "../config/find.js";
import type { CommandContext } from "../context.js";

/**
 * Where a new configuration is written to, which must not be there yet; `--force` overwrites a `deploy.config.ts`.
 *
 * @throws `config.exists`
 */
export async function configTarget(context: CommandContext): Promise<string> {
  for (const name of CONFIG_NAMES) {
    const file = join(context.directory, name);
    if (!(await exists(file))) continue;
    if (context.flags.has("force") && name === CONFIG_NAMES[0]) return file;
    throw new DeployError({
      code: "config.exists",
      message: `${file} is there already.`,
      hint: name === CONFIG_NAMES[0] ? "Add --force to overwrite it." : "Remove it first.",
    });
  }
  return join(context.directory, CONFIG_NAMES[0] ?? "deploy.config.ts");
}

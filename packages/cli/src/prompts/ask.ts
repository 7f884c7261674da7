import { DeployError } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { usageError } from "../usage-error.js";

/** Asks for a value that must not be seen. Throws `run.cancelled` on Ctrl-C. */
export async function askHidden(message: string): Promise<string> {
  const { password } = await import("@clack/prompts");
  return answered(await password({ message, output: process.stderr, validate: notEmpty }));
}

/** Asks for a line of text, with an answer that Enter accepts. Throws `run.cancelled` on Ctrl-C. */
export async function askText(message: string, proposal?: string): Promise<string> {
  const { text } = await import("@clack/prompts");
  const options = proposal === undefined ? {} : { placeholder: proposal, defaultValue: proposal };
  const validate = proposal === undefined ? notEmpty : undefined;
  return answered(
    await text({
      message,
      output: process.stderr,
      ...options,
      ...(validate === undefined ? {} : { validate }),
    }),
  );
}

/** Asks for `name` to be typed; anything else, Enter included, is a no. Throws `run.cancelled` on Ctrl-C. */
export async function askTyped(message: string, name: string): Promise<boolean> {
  const { text } = await import("@clack/prompts");
  const typed = answered(await text({ message, output: process.stderr, defaultValue: "" }));
  return typed.trim() === name;
}

/**
 * Makes sure that a step which cannot be taken back is meant.
 *
 * `--confirm` must equal `name`; without the flag the name has to be typed, where somebody can be asked.
 *
 * @throws `usage.confirm-mismatch`, `usage.confirm-needed`, `run.cancelled`.
 */
export async function confirmByName(context: CommandContext, name: string, what: string): Promise<void> {
  const given = context.flags.text("confirm");
  if (given === name) return;
  if (given !== undefined) {
    throw usageError("confirm-mismatch", `--confirm says "${given}", but ${what} needs "${name}".`);
  }
  if (!context.terminal.interactive) {
    throw usageError("confirm-needed", `To ${what}, it has to be confirmed.`, `Add --confirm ${name}.`);
  }
  if (await askTyped(`This will ${what}. Type ${name} to go on.`, name)) return;
  throw new DeployError({ code: "run.cancelled", message: `Not confirmed: "${name}" was not typed.` });
}

function notEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? "Nothing was entered." : undefined;
}

function answered(value: string | symbol | undefined): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  throw new DeployError({ code: "run.cancelled", message: "Cancelled: nothing was changed." });
}

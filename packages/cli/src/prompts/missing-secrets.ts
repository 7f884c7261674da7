import { DeployError, type Deployer, type Redacted, redact } from "@deploy/core";
import type { CommandContext } from "../context.js";
import { askHidden } from "./ask.js";

/**
 * Asks for the declared secrets that have no value yet, when that is what `error` is about.
 *
 * @returns undefined when it is about something else, or nobody can be asked.
 */
export async function askForMissingSecrets(
  context: CommandContext,
  deployer: Deployer,
  error: unknown,
): Promise<Record<string, Redacted> | undefined> {
  if (!context.terminal.interactive || context.json || !isAboutSecrets(error)) return undefined;
  const stored = new Set((await storedNames(deployer)) ?? []);
  const missing = deployer.environment.secrets.filter((name) => !stored.has(name));
  if (missing.length === 0) return undefined;
  await context.say(`${missing.length === 1 ? "A secret has" : "Some secrets have"} no value yet.`);
  const values: Record<string, Redacted> = {};
  for (const name of missing) values[name] = redact(await askHidden(`Value of ${name}`));
  return values;
}

function isAboutSecrets(error: unknown): boolean {
  return DeployError.is(error) && JSON.stringify(error.toJSON()).includes("secrets.missing");
}

async function storedNames(deployer: Deployer): Promise<readonly string[] | undefined> {
  try {
    return (await deployer.secrets.list()).map(({ name }) => name);
  } catch {
    // Before the first deploy there may be no place yet that could list them.
    return undefined;
  }
}

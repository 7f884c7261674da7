import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { startConsole } from "@deploy/console";
import { usageError } from "../usage-error.js";

/** What is used of the package. */
export interface ConsoleModule {
  readonly startConsole: typeof startConsole;
}

/** Loads `@deploy/console`: the project's own, else the one beside this program. Throws `usage.no-console`. */
export async function loadConsole(directory: string): Promise<ConsoleModule> {
  const ofProject = resolveFrom(directory);
  if (ofProject !== undefined) return (await import(pathToFileURL(ofProject).href)) as ConsoleModule;
  try {
    return await import("@deploy/console");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes("@deploy/console")) throw cause;
    throw usageError(
      "no-console",
      "The web console is not installed.",
      "Install it: npm install --save-dev @deploy/console",
    );
  }
}

function resolveFrom(directory: string): string | undefined {
  try {
    return createRequire(join(directory, "package.json")).resolve("@deploy/console");
  } catch {
    return undefined;
  }
}

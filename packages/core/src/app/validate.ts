import { DeployError, type Problem } from "../errors.js";
import type { App } from "./types.js";

/** Where a declaration was read from: what turns a problem into a file and a line. */
export interface AppSource {
  readonly file: string;
  readonly text: string;
}

/** A declaration that holds, and what is worth knowing about it. */
export interface ValidatedApp {
  readonly app: App;
  /** Warnings: nothing here keeps the app from being deployed. */
  readonly notes: readonly Problem[];
}

/**
 * Checks whatever was loaded as an app, from TypeScript, JavaScript or JSON, and reports all problems at once.
 *
 * @throws `config.invalid` with every problem in `problems`.
 */
export function validateApp(value: unknown, source?: AppSource): ValidatedApp {
  if (typeof value !== "object" || value === null) {
    throw new DeployError({
      code: "config.invalid",
      message: `${source?.file ?? "The declaration"} does not declare an app.`,
    });
  }
  return { app: value as App, notes: [] };
}

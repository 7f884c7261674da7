import { DeployError } from "../errors.js";
import type { ResolvedEnvironment } from "./resolved.js";
import type { App, Target } from "./types.js";

/** What an environment is resolved with. */
export interface ResolveOptions {
  /** Target of environments that declare none. Without it they are refused. */
  readonly defaultTarget?: Target | undefined;
}

/**
 * One environment of an app, defaults filled in and overrides applied.
 *
 * @throws `config.unknown-environment`, `config.no-target`.
 */
export function resolveEnvironment(
  _app: App,
  environmentName: string,
  _options: ResolveOptions = {},
): ResolvedEnvironment {
  throw new DeployError({
    code: "config.unknown-environment",
    message: `There is no environment "${environmentName}".`,
  });
}

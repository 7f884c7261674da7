import { DeployError } from "@deploy/core";

/** A mistake in the command line itself: exit code 2. `reason` becomes `usage.<reason>`. */
export function usageError(reason: string, message: string, hint?: string): DeployError {
  return new DeployError({
    code: `usage.${reason}`,
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}

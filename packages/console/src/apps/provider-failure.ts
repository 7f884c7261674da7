import { DeployError, toDeployError } from "@deploy/core";

/** What is refused because of how things are there, or of what was asked for; by code, or by the part behind the dot. */
const statuses: Readonly<Record<string, number>> = {
  "lease.held": 409,
  "plan.blocked": 409,
  "console.read-timeout": 504,
  "access.timeout": 504,
  "console.provider-rests": 503,
  "containers.bad-instances": 400,
  "secrets.missing": 404,
  "secrets.unknown": 404,
};

/**
 * A failure of a provider as it may be thrown to the router: its words, and a status of ours.
 *
 * The status that a vendor answered with says nothing to the browser: its 401 is about the console's credentials, and
 * must not look like the end of a session.
 */
export function providerFailure(thrown: unknown): DeployError {
  const { code, message, hint, retryable } = toDeployError(thrown, "console.provider-failed");
  return new DeployError({
    code,
    message,
    retryable,
    details: { status: statusOf(code) },
    ...(hint === undefined ? {} : { hint }),
  });
}

function statusOf(code: string): number {
  const known = statuses[code];
  if (known !== undefined) return known;
  const [element, reason = ""] = code.split(".", 2);
  if (reason === "unsupported" || reason === "confirmation-needed" || element === "rollback") return 409;
  if (reason.startsWith("unknown-")) return 400;
  return 502;
}

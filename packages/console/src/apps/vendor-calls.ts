import { DeployError, type Grant } from "@deploy/core";
import { ROLES } from "../access/rights.js";
import type { Role } from "../access/types.js";
import type { Support } from "../shared/app-types.js";
import type { ConsoleEnvironment } from "./types.js";

/** The roles that a provider can hold somebody to; none of them: it has no permissions of its own. */
export function supportsOf({ deployer }: ConsoleEnvironment): Readonly<Record<Role, Support>> {
  const { supports } = deployer.access;
  return {
    viewer: supports("viewer"),
    deployer: supports("deployer"),
    operator: supports("operator"),
    manager: supports("manager"),
  };
}

/** Whether the provider of an environment has permissions of its own at all. */
export function hasPermissions(environment: ConsoleEnvironment): boolean {
  return ROLES.some((role) => environment.deployer.access.supports(role) === true);
}

/** Gives a role there; `unchanged`: they had it. */
export async function grantAt(
  environment: ConsoleEnvironment,
  grant: Grant,
  timeoutMs: number,
): Promise<"granted" | "unchanged"> {
  const giveUp = new AbortController();
  const { deployer } = environment;
  const operation = deployer.access.grant(grant, { signal: giveUp.signal });
  const { plan } = await timed(operation.result, environment, timeoutMs, giveUp);
  return plan.changes.length > 0 ? "granted" : "unchanged";
}

/** Takes somebody off one environment; `unchanged`: they were not on it. */
export async function revokeAt(
  environment: ConsoleEnvironment,
  person: string,
  timeoutMs: number,
): Promise<"revoked" | "unchanged"> {
  const reached = await timed(environment.deployer.access.revoke(person), environment, timeoutMs);
  return reached.length > 0 ? "revoked" : "unchanged";
}

/** Environments of one account are one question; where nobody can say whose the credentials are, each is its own. */
export async function accountOf(environment: ConsoleEnvironment, timeoutMs: number): Promise<string> {
  const { name } = environment.deployer.environment.providers.target;
  const alone = JSON.stringify([name, environment.app, environment.environment]);
  try {
    const identities = await timed(environment.deployer.identity(), environment, timeoutMs);
    const account = identities[name]?.account;
    return account === undefined ? alone : JSON.stringify([name, account]);
  } catch {
    return alone;
  }
}

/**
 * An answer of a provider within its time.
 *
 * @throws `access.timeout`
 */
export async function timed<T>(
  work: Promise<T>,
  { app, environment }: ConsoleEnvironment,
  timeoutMs: number,
  giveUp?: AbortController,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp?.abort();
      reject(
        new DeployError({
          code: "access.timeout",
          message: `The provider of ${app} in ${environment} has not answered within ${Math.round(timeoutMs / 1000)} s.`,
          hint: "Try again; see the vendor's status page if it stays.",
          retryable: true,
        }),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

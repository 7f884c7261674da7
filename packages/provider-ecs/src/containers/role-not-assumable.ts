import { type Context, DeployError } from "@deploy/core";
import { awsCodeOf } from "../errors.js";
import { eventually } from "../servers/eventually.js";
import { diagnose } from "./failure-table.js";

/** How ECS refuses a role that it does not know yet (Amazon ECS API reference, CreateService and RunTask). */
const codes = ["InvalidParameterException", "ClientException"] as const;

/**
 * Makes a call that hands a role to ECS, again while ECS may not assume it: a role that is seconds old is not known
 * everywhere yet. Gives up after half a minute; a refused call has done nothing.
 *
 * @throws `containers.role-not-assumable` when it stays so.
 */
export async function onceRolesAreKnown<T>(
  context: Pick<Context, "signal" | "clock">,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await eventually(context, codes, call, isNotAssumable);
  } catch (error) {
    if (!isNotAssumable(error)) throw error;
    const stoppedReason = (error as Error).message;
    const { message, hint } = diagnose({ stoppedReason });
    throw new DeployError({
      code: "containers.role-not-assumable",
      message: `${message}: ${stoppedReason}`,
      hint,
      retryable: true,
      details: { awsCode: awsCodeOf(error) },
    });
  }
}

function isNotAssumable(error: unknown): boolean {
  return awsCodeOf(error) !== undefined && /unable to assume/i.test((error as Error).message);
}

import type { Plan } from "./plan.js";
import type { ApplyOptions, ApplyResult, PreparedPlan } from "./prepared.js";

/** Throws when something keeps the plan from being applied: the block's own code, or `plan.blocked` for several. */
export function assertUnblocked(_plan: Plan): void {
  throw new Error("not there yet");
}

/**
 * Applies a plan: in parallel, in the order of true dependencies, longest way first. Run again after a failure, a
 * fresh plan continues where this one stopped.
 *
 * @throws DeployError the first failure (others in `details.alsoFailed`), `run.cancelled`, or what blocks the plan.
 */
export async function applyPlan(_prepared: PreparedPlan, _options: ApplyOptions = {}): Promise<ApplyResult> {
  throw new Error("not there yet");
}

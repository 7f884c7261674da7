import type { PlanInput, PreparedPlan } from "./prepared.js";

/**
 * Makes a plan: everything is read in one parallel wave, then compared with what is desired. Changes nothing.
 *
 * @throws DeployError `plan.conflicting-resource`, `plan.cycle`, or what a read failed with. What merely keeps the
 * plan from being applied is in `plan.blocks` instead.
 */
export async function preparePlan(_input: PlanInput): Promise<PreparedPlan> {
  throw new Error("not there yet");
}

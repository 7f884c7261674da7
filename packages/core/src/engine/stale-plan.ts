import type { Plan } from "./plan.js";

/**
 * Refuses a saved plan when the world or the configuration has moved since.
 *
 * What was unknown matches anything. A plan that was applied in part is not stale: what is left of it may go on.
 *
 * @throws DeployError `plan.stale`, with one problem for each thing that moved.
 */
export function assertFresh(_saved: Plan, _fresh: Plan): void {
  throw new Error("not there yet");
}

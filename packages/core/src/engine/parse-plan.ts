import type { Plan } from "./plan.js";

/**
 * Reads a saved plan.
 *
 * @throws DeployError `plan.malformed`, with the place of every member that is not what a plan has.
 */
export function parsePlan(_text: string, _file: string): Plan {
  throw new Error("not there yet");
}

import type { Problem } from "../errors.js";
import type { ResolvedEnvironment } from "./resolved.js";

/**
 * What the environment needs and its providers cannot do, as they declare it: no call is made.
 *
 * Empty when everything is there.
 */
export function checkCapabilities(_environment: ResolvedEnvironment): readonly Problem[] {
  return [];
}

import type { PreparedPlan, RemovalInput } from "./prepared.js";

/** Makes the plan of a `down`: everything we own in this scope, DNS records first, data kept unless it is named. */
export async function prepareRemoval(_input: RemovalInput): Promise<PreparedPlan> {
  throw new Error("not there yet");
}

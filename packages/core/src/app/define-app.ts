import type { App, AppInput } from "./types.js";

/**
 * Declares an app: names of processes, add-ons and jobs are checked by the compiler wherever they are used.
 *
 * Nothing is validated here, so that a file with three mistakes loads far enough to have all three reported at once:
 * `validateApp` does that. The result is the input with a marker.
 */
export function defineApp<
  const ProcessName extends string,
  const AddonName extends string = never,
  const JobName extends string = never,
>(input: AppInput<ProcessName, AddonName, JobName>): App {
  return { ...(input as AppInput), "deploy.app": 1 };
}

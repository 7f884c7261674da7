import { suggest } from "../app/edit-distance.js";
import type { ResolvedAddon, ResolvedEnvironment } from "../app/resolved.js";
import { DeployError } from "../errors.js";

/**
 * Makes sure that the app declares a process of this name.
 *
 * @throws `containers.unknown-process` with the likely one in the hint.
 */
export function requireProcess(environment: ResolvedEnvironment, name: string): void {
  const known = environment.processes.map((process) => process.name);
  if (known.includes(name)) return;
  throw new DeployError({
    code: "containers.unknown-process",
    message: `The app ${environment.app} has no process "${name}" in ${environment.name}.`,
    hint: suggest(name, known, "It declares no processes."),
    details: { known },
  });
}

/** Makes sure that an instance such as `web.1` is of a process of the app. */
export function requireProcessOf(environment: ResolvedEnvironment, instance: string): void {
  const dot = instance.lastIndexOf(".");
  requireProcess(environment, dot === -1 ? instance : instance.slice(0, dot));
}

/**
 * Makes sure that logs of this name can exist: of a process, a job, the build, the release command or a one-off.
 *
 * @throws `logs.unknown-process`
 */
export function requireLogSource(environment: ResolvedEnvironment, name: string): void {
  const known = [
    ...environment.processes.map((process) => process.name),
    ...environment.jobs.map((job) => `job:${job.name}`),
    "build",
    "release",
    "run",
  ];
  if (known.includes(name)) return;
  throw new DeployError({
    code: "logs.unknown-process",
    message: `Nothing in ${environment.app} writes logs as "${name}".`,
    hint: suggest(name, known, ""),
    details: { known },
  });
}

/**
 * The declared add-on of this name.
 *
 * @throws `addons.unknown` with the likely one in the hint.
 */
export function requireAddon(environment: ResolvedEnvironment, name: string): ResolvedAddon {
  const found = environment.addons.find((addon) => addon.name === name);
  if (found !== undefined) return found;
  const known = environment.addons.map((addon) => addon.name);
  throw new DeployError({
    code: "addons.unknown",
    message: `The app ${environment.app} has no add-on "${name}" in ${environment.name}.`,
    hint: suggest(name, known, "It declares no add-ons."),
    details: { known },
  });
}

/** The process whose settings a one-off command has when none is named: `web`, else the first. */
export function defaultProcess(environment: ResolvedEnvironment): string | undefined {
  const names = environment.processes.map((process) => process.name);
  return names.includes("web") ? "web" : names[0];
}

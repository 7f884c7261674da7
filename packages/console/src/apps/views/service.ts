import type {
  EnvironmentStatus,
  InstanceStatus,
  LeaseHolder,
  ProcessStatus,
  ResolvedEnvironment,
} from "@deploy/core";
import type {
  Health,
  InstanceView,
  LockView,
  ProcessOverview,
  ProcessView,
  ServiceOverview,
} from "../../shared/app-types.js";

const gravity: readonly Health[] = ["ok", "starting", "degraded", "down"];

/** What serves, at a glance. */
export function serviceOverview(status: EnvironmentStatus): ServiceOverview {
  const { release, lock } = status;
  return {
    health: healthOf(status),
    ...(release === undefined ? {} : { release }),
    urls: [...new Set(status.urls)],
    processes: inOrder(status.processes).map(processOverview),
    problems: [
      ...status.addons
        .filter(({ state }) => state === "failed" || state === "stopped")
        .map(({ name, state, description }) => sentence(`Add-on ${name} has ${word(state)}`, description)),
      ...status.servers
        .filter(({ state }) => state === "failed" || state === "stopped")
        .map(({ name, state, description }) => sentence(`Server ${name} has ${word(state)}`, description)),
    ],
    ...(lock === undefined ? {} : { lock: lockView(lock) }),
  };
}

/** What answers the web first, the others by name: a vendor lists them in an order that means nothing. */
export function inOrder(processes: readonly ProcessStatus[]): readonly ProcessStatus[] {
  const place = ({ name }: ProcessStatus): string => `${name === "web" ? 0 : 1} ${name}`;
  return [...processes].sort((one, other) => (place(one) < place(other) ? -1 : 1));
}

function word(state: string): string {
  return state === "failed" ? "failed" : "stopped";
}

function sentence(what: string, description: string): string {
  return description === "" ? `${what}.` : `${what}: ${description}.`;
}

/** How the environment is: as its worst process. */
export function healthOf(status: EnvironmentStatus): Health {
  if (status.release === undefined) return "empty";
  const all = status.processes.map(processHealth);
  return all.reduce((worst, one) => (gravity.indexOf(one) > gravity.indexOf(worst) ? one : worst), "ok");
}

/** How one process is: its running instances against those that should be. */
export function processHealth({ desired, instances }: ProcessStatus): Health {
  const running = instances.filter(({ state }) => state === "running").length;
  const failing = instances.some(isFailing);
  if (running >= desired && !failing) return "ok";
  if (!failing && instances.some(({ state }) => state === "starting")) return "starting";
  return running > 0 ? "degraded" : "down";
}

function isFailing({ state }: InstanceStatus): boolean {
  return state === "crashed" || state === "crash-loop";
}

function processOverview(process: ProcessStatus): ProcessOverview {
  const { name, desired, instances } = process;
  return {
    name,
    desired,
    running: instances.filter(({ state }) => state === "running").length,
    // What an instance that runs again went through is told on its own page.
    problems: [
      ...new Set(
        instances.flatMap((one) =>
          one.state !== "running" && one.problem !== undefined ? [one.problem] : [],
        ),
      ),
    ],
  };
}

/** A process with its instances, beside what the app declares. */
export function processView(process: ProcessStatus, environment: ResolvedEnvironment): ProcessView {
  const declared = environment.processes.find(({ name }) => name === process.name)?.instances;
  const { size } = process;
  return {
    ...processOverview(process),
    health: processHealth(process),
    ...(declared === undefined ? {} : { declared }),
    ...(size === undefined ? {} : { size }),
    instances: process.instances.map(instanceView),
  };
}

function instanceView(one: InstanceStatus): InstanceView {
  const { name, state, release, restarts, memory, cpu, problem } = one;
  return {
    name,
    state,
    release,
    since: Date.parse(one.since),
    restarts,
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Who deploys right now. */
export function lockView({ name, since, operation }: LeaseHolder): LockView {
  return { by: name, since: Date.parse(since), operation };
}

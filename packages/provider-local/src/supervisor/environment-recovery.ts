import { readAllProcesses } from "../operating-system/process-table.js";
import type { ReleaseRecord } from "../protocol.js";
import type { EnvironmentParts } from "./environment-parts.js";
import type { Slot } from "./formation.js";
import type { Instance } from "./instances.js";
import { killRun } from "./run-identity.js";

/**
 * Picks up what an earlier supervisor left of an environment.
 *
 * What serves is adopted; what was being tried, drained or run once is ended; what is missing is started. A rollout
 * that was not committed has not happened: the release before it goes on serving.
 */
export async function recoverEnvironment(parts: EnvironmentParts): Promise<void> {
  const { machinery, state, writer, formation, jobs, releases } = parts;
  const where = `${state.app}/${state.environment}`;
  await endCommands(parts);
  await startAddons(parts);
  const release = state.serving && state.releases.find((one) => one.number === state.serving?.release);
  if (release !== undefined) {
    await releases.prepare(release).catch((error) => machinery.log(`${where}: ${error.message}`));
  }
  const adopted = await adoptInstances(parts, release);
  await writer.save();
  if (release === undefined) return;
  const slots = release.processes.flatMap((definition) =>
    Array.from({ length: state.serving?.instances[definition.name] ?? 0 }, (_, index): Slot => {
      const name = `${definition.name}.${index + 1}`;
      const instance = adopted.get(name);
      const since = new Date().toISOString();
      return { name, number: index + 1, definition, release, instance, restarts: 0, crashes: [], since };
    }),
  );
  formation.swap(slots);
  for (const instance of adopted.values()) {
    if (!slots.some((slot) => slot.instance === instance)) void formation.retire(instance);
  }
  for (const slot of slots) if (slot.instance === undefined) formation.fill(slot, 0);
  jobs.schedule(release);
}

async function endCommands({ state }: EnvironmentParts): Promise<void> {
  const processes = await readAllProcesses();
  for (const command of state.commands) await killRun(command, processes);
  state.commands = [];
  const command = state.releaseCommand;
  if (command?.state === "running") state.releaseCommand = { ...command, state: "failed" };
  state.rollout = undefined;
}

async function startAddons({ machinery, state }: EnvironmentParts): Promise<void> {
  const { app, environment } = state;
  for (const { name, kind, extensions } of state.addons) {
    await machinery.databases
      .ensure({ app, environment, name, kind: kind as "postgres", extensions })
      .catch((error) => machinery.log(`add-on ${name} of ${app}/${environment}: ${error.message}`));
  }
}

async function adoptInstances(
  { state, instances }: EnvironmentParts,
  release: ReleaseRecord | undefined,
): Promise<ReadonlyMap<string, Instance>> {
  const adopted = new Map<string, Instance>();
  for (const record of [...state.instances]) {
    const definition = release?.processes.find((one) => one.name === record.process);
    const serves = record.role === "serving" && record.release === release?.number;
    const wanted = serves && !adopted.has(record.name);
    const instance = wanted && definition ? await instances.adopt(record, definition) : undefined;
    if (instance === undefined) await instances.discard(record);
    else adopted.set(record.name, instance);
  }
  return adopted;
}

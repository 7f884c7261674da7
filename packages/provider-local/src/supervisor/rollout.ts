import { DeployError, type ResolvedProcess } from "@deploy/core";
import type { ReleaseRecord } from "../protocol.js";
import type { EnvironmentState, StateWriter } from "./environment-state.js";
import type { Formation, Slot } from "./formation.js";
import type { Instance, Instances } from "./instances.js";
import { readLogs } from "./log-store/index.js";
import type { Machinery, Reporter } from "./machinery.js";

/** How many lines of output a failed rollout shows. */
const linesShown = 30;

/** What a rollout needs to know. */
export interface RolloutRequest {
  readonly release: ReleaseRecord;
  /** Process name to number of instances. */
  readonly counts: Readonly<Record<string, number>>;
  /** Only these processes are replaced; default: all. */
  readonly only?: ReadonlySet<string>;
}

/** Everything a rollout works on. */
export interface RolloutParts {
  readonly machinery: Machinery;
  readonly state: EnvironmentState;
  readonly writer: StateWriter;
  readonly instances: Instances;
  readonly formation: Formation;
  readonly hostOf: (process: string) => string;
}

/**
 * Puts a release into service: start new, health gate, swap all processes at once, drain, stop old.
 *
 * A process with a volume cannot run twice: its old instance is stopped first, after all others are healthy. When
 * anything fails before the swap, what served goes on serving. What comes after it goes on in the background.
 *
 * @throws `containers.health-check-failed`, `containers.crashed-while-starting`, `containers.cannot-start`.
 */
export async function rollOut(
  parts: RolloutParts,
  request: RolloutRequest,
  reporter: Reporter,
): Promise<void> {
  const { state, writer, formation } = parts;
  const { release, counts } = request;
  const replaced = release.processes.filter((definition) => request.only?.has(definition.name) ?? true);
  const running = new Set([...formation.slots.values()].map((slot) => slot.definition.name));
  const needsStopFirst = (definition: ResolvedProcess): boolean =>
    Object.keys(definition.volumes).length > 0 && running.has(definition.name);

  const fresh: Slot[] = [];
  const stopped: Slot[] = [];
  try {
    const startFirst = replaced.filter((definition) => !needsStopFirst(definition));
    await startAll(parts, request, startFirst, fresh, reporter);
    for (const definition of replaced.filter(needsStopFirst)) {
      const old = [...formation.slots.values()].filter((slot) => slot.definition.name === definition.name);
      stopped.push(...old);
      reporter.progress(`stopping ${definition.name} first: its volume can be used by one release at a time`);
      await Promise.all(formation.take(old.map((slot) => slot.name)).map((one) => formation.retire(one)));
      await startAll(parts, request, [definition], fresh, reporter);
    }
    await commit(parts, request, replaced, fresh);
  } catch (thrown) {
    await Promise.all(
      fresh.flatMap((slot) => slot.instance ?? []).map((one) => parts.instances.stop(one).catch(() => {})),
    );
    for (const slot of stopped) formation.fill({ ...slot, instance: undefined }, 0);
    state.rollout = undefined;
    await writer.save().catch(() => {});
    throw thrown;
  }
  reporter.progress(`release ${release.number} serves`);
  for (const instance of switchOver(parts, release, replaced, fresh, counts)) void formation.retire(instance);
}

async function startAll(
  parts: RolloutParts,
  request: RolloutRequest,
  definitions: readonly ResolvedProcess[],
  fresh: Slot[],
  reporter: Reporter,
): Promise<void> {
  const { instances } = parts;
  const start = async (definition: ResolvedProcess, number: number): Promise<void> => {
    const instance = await instances.start(definition, request.release, number, "starting");
    const slot: Slot = {
      name: instance.record.name,
      number,
      definition,
      release: request.release,
      instance,
      restarts: 0,
      crashes: [],
      since: instance.record.startedAt,
    };
    fresh.push(slot);
    reporter.progress(`${slot.name} started, waiting for its health check`);
    const problem = await instances.healthy(instance, parts.hostOf(definition.name));
    if (problem !== undefined) throw await explain(parts, instance, problem);
    reporter.progress(`${slot.name} is healthy`);
  };
  const starts = definitions.flatMap((definition) =>
    Array.from({ length: request.counts[definition.name] ?? 0 }, (_, index) => start(definition, index + 1)),
  );
  const outcomes = Promise.allSettled(starts);
  // The first failure decides; the others are waited for briefly by stopping what they have started.
  await Promise.all(starts).catch(async (thrown) => {
    await Promise.all(
      fresh
        .flatMap((slot) => slot.instance ?? [])
        .map((one) => one.running.stop(one.definition.stopWithinMs)),
    );
    await outcomes;
    throw thrown;
  });
}

async function commit(
  parts: RolloutParts,
  request: RolloutRequest,
  replaced: readonly ResolvedProcess[],
  fresh: readonly Slot[],
): Promise<void> {
  const { state, writer, instances, formation } = parts;
  const before = { serving: state.serving, releases: state.releases, rollout: state.rollout };
  const names = new Set(replaced.map((definition) => definition.name));
  const wanted = new Set(request.release.processes.map((definition) => definition.name));
  const old = [...formation.slots.values()].filter(
    (slot) => names.has(slot.definition.name) || !wanted.has(slot.definition.name),
  );
  for (const slot of fresh) if (slot.instance) instances.setRole(slot.instance, "serving");
  for (const slot of old) if (slot.instance) instances.setRole(slot.instance, "draining");
  state.serving = { release: request.release.number, instances: request.counts };
  state.releases = state.releases.map((release) => {
    if (release.number === request.release.number) return { ...release, state: "active" };
    return release.state === "active" ? { ...release, state: "superseded" } : release;
  });
  state.rollout = undefined;
  try {
    await writer.save();
  } catch (thrown) {
    Object.assign(state, before);
    for (const slot of fresh) if (slot.instance) instances.setRole(slot.instance, "starting");
    for (const slot of old) {
      if (slot.instance === undefined) continue;
      instances.setRole(slot.instance, "serving");
      slot.instance.state = "running";
    }
    throw thrown;
  }
}

function switchOver(
  parts: RolloutParts,
  release: ReleaseRecord,
  replaced: readonly ResolvedProcess[],
  fresh: readonly Slot[],
  counts: Readonly<Record<string, number>>,
): Instance[] {
  const names = new Set(replaced.map((definition) => definition.name));
  const untouched = [...parts.formation.slots.values()].filter(
    (slot) => !names.has(slot.definition.name) && (counts[slot.definition.name] ?? 0) > 0,
  );
  const byName = new Map(release.processes.map((definition) => [definition.name, definition]));
  return parts.formation.swap([...untouched.filter((slot) => byName.has(slot.definition.name)), ...fresh]);
}

/** A failed start as an error: what it answered, how it ended, and what it printed last. */
export async function explain(
  parts: RolloutParts,
  instance: Instance,
  problem: string,
): Promise<DeployError> {
  const { machinery, state, formation } = parts;
  const { record, definition, ending } = instance;
  await machinery.logs.flush().catch(() => {});
  const lines: string[] = [];
  try {
    const query = { instance: record.name, release: record.release, last: linesShown };
    const { app, environment } = state;
    for await (const line of readLogs({ directory: machinery.home.logs, app, environment, query })) {
      lines.push(line.text);
    }
  } catch {
    // The reason itself is worth more than its log lines: an unreadable log must not hide it.
  }
  const serving =
    state.serving === undefined
      ? "Nothing was in service before."
      : `Release ${state.serving.release} goes on serving.`;
  const crashed = ending !== undefined;
  const within = crashed ? "" : ` within ${definition.health.startWithinMs / 1000} s`;
  return new DeployError({
    code: crashed ? "containers.crashed-while-starting" : "containers.health-check-failed",
    message: crashed
      ? `${record.name} of release ${record.release} ended before it was healthy: ${problem}. ${serving}`
      : `${record.name} of release ${record.release} did not become healthy${within}: ${problem}. ${serving}`,
    hint: `Read its output with: deploy logs ${definition.name} --release ${record.release}`,
    details: {
      process: definition.name,
      release: record.release,
      lastLines: lines.slice(-linesShown),
      activeInstances: formation.slots.size,
      ...(ending?.code === undefined ? {} : { exitCode: ending.code }),
    },
  });
}

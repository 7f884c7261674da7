import type { ResolvedProcess } from "@deploy/core";
import { DeployError } from "@deploy/core";
import type { ReleaseRecord } from "../protocol.js";
import type { Slot } from "./formation.js";
import type { Reporter } from "./machinery.js";
import { explain, type RolloutParts } from "./rollout.js";

/** Brings the release in service to other numbers of instances; processes that are not named keep theirs. */
export async function scaleTo(
  parts: RolloutParts,
  release: ReleaseRecord,
  counts: Readonly<Record<string, number>>,
  reporter: Reporter,
): Promise<void> {
  const { state, writer, formation } = parts;
  const before = state.serving?.instances ?? {};
  const instances = { ...before, ...counts };
  for (const definition of release.processes) {
    const { name } = definition;
    const [from, to] = [before[name] ?? 0, instances[name] ?? 0];
    if (to > from) await addInstances(parts, { definition, release, from, to }, reporter);
    else if (to < from) {
      const names = Array.from({ length: from - to }, (_, index) => `${name}.${to + index + 1}`);
      state.serving = { release: release.number, instances: { ...state.serving?.instances, [name]: to } };
      await writer.save();
      for (const instance of formation.take(names)) void formation.retire(instance);
      reporter.progress(`${name}: ${from} → ${to}`);
    }
  }
  state.serving = { release: release.number, instances };
  await writer.save();
}

/**
 * Adds instances of one process to those in service, each once it is healthy.
 *
 * @throws `containers.health-check-failed`; `containers.one-instance-only` for a process with a volume.
 */
async function addInstances(
  parts: RolloutParts,
  request: {
    readonly definition: ResolvedProcess;
    readonly release: ReleaseRecord;
    readonly from: number;
    readonly to: number;
  },
  reporter: Reporter,
): Promise<void> {
  const { definition, release, from, to } = request;
  if (Object.keys(definition.volumes).length > 0 && to > 1) {
    throw new DeployError({
      code: "containers.one-instance-only",
      message: `${definition.name} has a volume, which only one instance can use at a time.`,
      hint: "Keep it at 1, or keep its data in an add-on.",
    });
  }
  const started = Array.from({ length: to - from }, async (_, index) => {
    const instance = await parts.instances.start(definition, release, from + index + 1, "starting");
    const problem = await parts.instances.healthy(instance, parts.hostOf(definition.name));
    return { instance, problem, number: from + index + 1 };
  });
  const outcomes = await Promise.allSettled(started);
  const good = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" && outcome.value.problem === undefined ? [outcome.value] : [],
  );
  const bad = outcomes.find(
    (outcome) => outcome.status === "rejected" || outcome.value.problem !== undefined,
  );
  if (bad !== undefined) {
    const error =
      bad.status === "rejected"
        ? bad.reason
        : await explain(parts, bad.value.instance, bad.value.problem ?? "");
    await Promise.all(
      outcomes.flatMap((one) =>
        one.status === "fulfilled" ? [parts.instances.stop(one.value.instance)] : [],
      ),
    );
    throw error;
  }
  for (const { instance } of good) parts.instances.setRole(instance, "serving");
  const added = good.map(
    ({ instance, number }): Slot => ({
      name: instance.record.name,
      number,
      definition,
      release,
      instance,
      restarts: 0,
      crashes: [],
      since: instance.record.startedAt,
    }),
  );
  parts.formation.swap([...parts.formation.slots.values(), ...added]);
  reporter.progress(`${definition.name}: ${from} → ${to}`);
}

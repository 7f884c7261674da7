import type { ProcessStatus } from "@deploy/core";
import { createUsageSampler } from "../operating-system/process-usage.js";
import type { EnvironmentView } from "../protocol.js";
import type { EnvironmentParts } from "./environment-parts.js";
import { viewOnDisk } from "./view-on-disk.js";

/** Makes the viewer of an environment: what is written down of it, and how its instances are right now. */
export function createViewer(
  parts: Pick<EnvironmentParts, "state" | "formation" | "jobs">,
): () => Promise<EnvironmentView> {
  const { state, formation, jobs } = parts;
  const usage = createUsageSampler();

  const withUsage = async (processes: readonly ProcessStatus[]): Promise<ProcessStatus[]> => {
    const running = [...formation.slots.values()].flatMap((slot) => slot.instance ?? []);
    const samples = await usage.sample(running.map((instance) => instance.running.pid));
    const usageOf = new Map(running.map((one) => [one.record.name, samples.get(one.running.pid)]));
    return processes.map((process) => ({
      ...process,
      instances: process.instances.map((instance) => {
        const sample = usageOf.get(instance.name);
        if (sample === undefined) return instance;
        const cpu = sample.cpuPercent;
        return { ...instance, memory: sample.memoryBytes, ...(cpu === undefined ? {} : { cpu }) };
      }),
    }));
  };

  return async () => {
    const written = viewOnDisk(state);
    const processes = await withUsage(formation.view(state.serving?.instances ?? {}));
    const { rollout } = state;
    return {
      ...written,
      ...(rollout === undefined ? {} : { rollout }),
      status: { ...written.status, processes, jobs: jobs.view() },
    };
  };
}

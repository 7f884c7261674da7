import { type Context, DeployError, type Scope } from "@deploy/core";
import type { Parts } from "../parts.js";
import { type DescribedService, describeServices, serviceName } from "./describe.js";
import type { FailureQuery } from "./failed-tasks.js";
import type { StoredManifest } from "./manifest.js";
import { endRollout, lookAtRollout, rolloutError, type Watched } from "./rollout-watch.js";
import { servicesOf } from "./status.js";

/** Between two looks, milliseconds. */
const pollMs = 2_000;
/** A new number of instances has to be reached within so long, milliseconds. */
const scaleLimitMs = 600_000;

/**
 * Changes the numbers of instances and waits until they run.
 *
 * @throws `containers.not-deployed`; `containers.autoscaled` where ECS chooses the number; `containers.scale-timeout`.
 */
export async function scaleProcesses(
  parts: Parts,
  context: Context,
  scope: Scope,
  instances: Readonly<Record<string, number>>,
): Promise<void> {
  for (const name of Object.keys(instances)) {
    if (!(name in parts.settings.autoscaling)) continue;
    throw new DeployError({
      code: "containers.autoscaled",
      message: `The number of ${name} is chosen by autoscaling.`,
      hint: "Change its `min` and `max` in ecs({ autoscaling }), or take it out there.",
    });
  }
  const { services } = await deployed(parts, context, scope);
  const { clusterName: cluster } = parts.foundation(scope);
  await Promise.all(
    Object.entries(instances).map(async ([name, desiredCount]) => {
      const service = services.get(name);
      if (service === undefined) throw notDeployed(name);
      if (service.desiredCount !== desiredCount) {
        await parts.clients.send(
          context,
          "ecs",
          "UpdateService",
          { cluster, service: serviceName(scope, name), desiredCount },
          { repeatable: true },
        );
      }
      await reached(parts, context, scope, name, desiredCount);
    }),
  );
}

async function reached(
  parts: Parts,
  context: Context,
  scope: Scope,
  process: string,
  wanted: number,
): Promise<void> {
  const { clusterName: cluster } = parts.foundation(scope);
  const begun = context.clock.now();
  let said = "";
  for (;;) {
    const [service] = await describeServices(parts, context, cluster, [serviceName(scope, process)]);
    const { runningCount = 0, pendingCount = 0 } = service ?? {};
    if (runningCount === wanted && pendingCount === 0) return;
    const state = `${runningCount} of ${wanted} ${process} run`;
    if (state !== said) context.log(state);
    said = state;
    if (context.clock.now() - begun > scaleLimitMs) {
      throw new DeployError({
        code: "containers.scale-timeout",
        message: `After ${scaleLimitMs / 60_000} minutes ${state}.`,
        hint: "`deploy status` and `deploy logs` say what is wrong with the rest.",
        details: { events: (service?.events ?? []).slice(0, 5).map(({ message }) => message) },
      });
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}

/** Replaces all instances of a process, or of all, by a deployment of the same release. */
export async function restartProcesses(
  parts: Parts,
  context: Context,
  scope: Scope,
  process?: string,
): Promise<void> {
  const { manifest, services } = await deployed(parts, context, scope);
  const names = process === undefined ? manifest.processes.map(({ name }) => name) : [process];
  const { clusterName: cluster } = parts.foundation(scope);
  await Promise.all(
    names.map(async (name) => {
      const before = services.get(name);
      if (before === undefined) throw notDeployed(name);
      const { service } = await parts.clients.send(context, "ecs", "UpdateService", {
        cluster,
        service: serviceName(scope, name),
        forceNewDeployment: true,
      });
      await finished(parts, context, scope, manifest, name, service ?? before);
    }),
  );
}

async function finished(
  parts: Parts,
  context: Context,
  scope: Scope,
  manifest: StoredManifest,
  name: string,
  begun: DescribedService,
): Promise<void> {
  const process = manifest.processes.find((one) => one.name === name);
  const id = begun.deployments?.find(({ status }) => status === "PRIMARY")?.id;
  if (process === undefined || id === undefined) return;
  const { clusterName: cluster } = parts.foundation(scope);
  const watched: Watched = { deploymentId: id, release: manifest.number, isFirst: false, told: 0 };
  const query: FailureQuery = {
    scope,
    cluster,
    process,
    release: manifest.number,
    deploymentId: id,
    architecture: parts.settings.capacity.architecture,
  };
  let said = "";
  let service: DescribedService | undefined = begun;
  for (;;) {
    if (service === undefined) throw notDeployed(name);
    const rollout = await lookAtRollout(parts, context, query, service, watched);
    if (rollout.state === "done") return;
    if (rollout.state === "failed") {
      await endRollout(parts, context, cluster, serviceName(scope, name), watched, rollout.goesOn).catch(
        () => undefined,
      );
      throw rolloutError(query, watched, rollout);
    }
    if (rollout.waitingFor !== said) context.log(rollout.waitingFor);
    said = rollout.waitingFor;
    await context.clock.sleep(pollMs, context.signal);
    [service] = await describeServices(parts, context, cluster, [serviceName(scope, name)]);
  }
}

async function deployed(
  parts: Parts,
  context: Context,
  scope: Scope,
): Promise<{ readonly manifest: StoredManifest; readonly services: ReadonlyMap<string, DescribedService> }> {
  const found = await servicesOf(parts, context, scope);
  if (found !== undefined) return found;
  throw new DeployError({
    code: "containers.not-deployed",
    message: `Nothing of ${scope.app} is deployed in ${scope.environment}.`,
    hint: "Deploy first: deploy up.",
  });
}

function notDeployed(process: string): DeployError {
  return new DeployError({
    code: "containers.not-deployed",
    message: `The process ${process} is not deployed.`,
    hint: "Deploy first: deploy up.",
  });
}

import {
  type AnyResource,
  type Containers,
  type Context,
  DeployError,
  output,
  type Release,
  type ReleaseSpec,
  type Resource,
  type RolloutPlan,
  type RunSession,
  type Scope,
} from "@deploy/core";
import { call, idOf, keyOf, type Surroundings } from "./api.js";
import { commandResource } from "./release-command.js";
import { listReleases, readServing, releaseResource, type SeenRelease } from "./releases.js";

/** Element three of the reference provider. */
export function createContainers(own: Surroundings): Containers {
  return {
    capabilities: {
      releaseCommand: true,
      jobs: true,
      run: true,
      exec: true,
      scale: true,
      volumes: { no: "it keeps no files" },
      internalAddresses: true,
      otherSecretStores: true,
      atomicRelease: true,
      rollback: true,
      zeroDowntime: true,
    },
    rollout: (scope, spec) => rollout(own, scope, spec),
    address: (scope, process) => `http://${process.name}.${scope.environment}.internal`,
    async status(context, scope) {
      const { serving } = await readServing(own, context, scope);
      if (serving === null) return { processes: [], jobs: [] };
      const release = (await listReleases(own, context, scope)).find((one) => one.number === serving.release);
      return {
        release: serving.release,
        processes: Object.entries(serving.instances).map(([name, desired]) => ({
          name,
          desired,
          instances: Array.from({ length: desired }, (_, index) => ({
            name: `${name}.${index + 1}`,
            state: "running" as const,
            release: serving.release,
            since: release?.createdAt ?? "",
            restarts: serving.starts - 1,
          })),
        })),
        jobs: (release?.jobs ?? []).map(({ name, schedule }) => ({ name, schedule })),
      };
    },
    async releases(context, scope) {
      return (await listReleases(own, context, scope)).map(shownRelease).reverse();
    },
    async releaseSpec(context, scope, number) {
      const found = (await listReleases(own, context, scope)).find((one) => one.number === number);
      if (found === undefined) {
        throw new DeployError({
          code: "containers.unknown-release",
          message: `There is no release ${number}.`,
        });
      }
      const sensitiveConfig = found.hiddenNames.map((name) => ({
        name,
        version: found.fingerprints[name] ?? "",
      }));
      return { release: shownRelease(found), processes: found.processes, jobs: found.jobs, sensitiveConfig };
    },
    run: (context, scope, request) => runCommand(own, context, scope, request),
    async scale(context, scope, instances) {
      await call(own, context, "PUT", ["scopes", keyOf(scope), "instances"], { body: { instances } });
    },
    async restart(context, scope) {
      const { serving } = await readServing(own, context, scope);
      if (serving !== null)
        await call(own, context, "PUT", ["scopes", keyOf(scope), "serving"], { body: serving });
    },
  };
}

function shownRelease(seen: SeenRelease): Release {
  const {
    hiddenNames: _names,
    fingerprints: _fingerprints,
    processes: _processes,
    jobs: _jobs,
    ...release
  } = seen;
  return release;
}

function rollout(own: Surroundings, scope: Scope, spec: ReleaseSpec): RolloutPlan {
  const release = releaseResource(own, scope, spec);
  const number = output(release, (one) => one.number);
  const gates: AnyResource[] = [];
  if (spec.releaseCommand !== undefined) {
    gates.push(commandResource(own, scope, spec.releaseCommand.command, spec, release) as AnyResource);
  }
  const instancesOf = (present: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(spec.processes.map(({ name, instances }) => [name, instances ?? present[name] ?? 1]));
  type Served = { readonly release: number; readonly instances: Readonly<Record<string, number>> };
  const put = async (
    context: Context,
    wanted: { readonly release: number },
    present: Served["instances"],
  ): Promise<Served> => {
    const instances = instancesOf(present);
    const body = { release: wanted.release, instances };
    await call(own, context, "PUT", ["scopes", keyOf(scope), "serving"], { body, code: "containers" });
    return { release: wanted.release, instances };
  };
  const processes: Resource<{ release: number }, Served> = {
    id: idOf(own, "containers", scope, "processes"),
    label: `processes ${spec.processes.map(({ name }) => name).join(", ")}`,
    provider: own.name,
    element: "containers",
    verb: "roll out",
    desired: { release: number },
    after: [...gates, release as AnyResource],
    pollEvery: 5,
    async read(context) {
      return (await readServing(own, context, scope)).serving ?? undefined;
    },
    diff(desired, observed) {
      const wanted = typeof desired === "symbol" ? desired : desired.release;
      const from = observed.release;
      const changes = [];
      if (typeof wanted === "symbol") changes.push({ path: "release", from, unknown: true as const });
      else if (wanted !== from) changes.push({ path: "release", from, to: wanted });
      const instances = instancesOf(observed.instances);
      for (const name of new Set([...Object.keys(instances), ...Object.keys(observed.instances)])) {
        const to = instances[name] ?? 0;
        if (observed.instances[name] !== to)
          changes.push({ path: `${name}.instances`, from: observed.instances[name], to });
      }
      return changes;
    },
    create: (context, wanted) => put(context, wanted, {}),
    update: (context, wanted, observed) => put(context, wanted, observed.instances),
  };
  const node = processes as AnyResource;
  return { resources: [release as AnyResource, ...gates, node], release: number, serving: [node] };
}

async function runCommand(
  own: Surroundings,
  context: Context,
  scope: Scope,
  request: Parameters<Containers["run"]>[2],
): Promise<RunSession> {
  const { serving } = await readServing(own, context, scope);
  const known = Object.entries(serving?.instances ?? {}).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, index) => `${name}.${index + 1}`),
  );
  if (request.instance !== undefined && !known.includes(request.instance)) {
    throw new DeployError({
      code: "containers.unknown-instance",
      message: `There is no instance ${request.instance}.`,
      hint: `Running: ${known.join(", ")}.`,
    });
  }
  let input = "";
  if (request.input instanceof Uint8Array) input = new TextDecoder().decode(request.input);
  else for await (const chunk of request.input ?? []) input += new TextDecoder().decode(chunk);
  const { output: text, exitCode } = await call<{ output: string; exitCode: number }>(
    own,
    context,
    "POST",
    ["scopes", keyOf(scope), "runs"],
    { body: { command: request.command, env: request.env, input }, code: "containers" },
  );
  return {
    output: (async function* () {
      yield { stream: "stdout" as const, data: new TextEncoder().encode(text) };
    })(),
    exitCode: Promise.resolve(exitCode),
  };
}

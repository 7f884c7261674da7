import {
  type Containers,
  type Context,
  DeployError,
  output,
  type ReleaseSpec,
  type Scope,
  UNKNOWN,
} from "@deploy/core";
import { releaseCommandResource, releaseResource } from "./releases.js";
import { connect, idOf, localResource, pathOf, readView, type Settings } from "./resources.js";
import { runOneOff } from "./run.js";
import { supervisorResource } from "./servers.js";

interface ObservedRollout {
  readonly release: number;
  readonly instances: Readonly<Record<string, number>>;
}

/** Element three on this machine: releases, the release command, processes and jobs, all run by the supervisor. */
export function createContainers(settings: Settings): Containers {
  return {
    capabilities: {
      releaseCommand: true,
      jobs: true,
      run: true,
      exec: true,
      scale: true,
      volumes: true,
      internalAddresses: true,
      atomicRelease: true,
      rollback: true,
      zeroDowntime: true,
    },

    rollout(scope, spec) {
      const supervisor = supervisorResource(settings);
      const release = releaseResource(scope, spec, [supervisor, ...spec.after]);
      const number = output(release, (observed) => observed.number);
      const { releaseCommand } = spec;
      const gates =
        releaseCommand === undefined
          ? []
          : [
              releaseCommandResource(
                scope,
                { ...spec, releaseCommand },
                number,
                spec.beforeReleaseCommand(number),
              ),
            ];
      const rollout = localResource<{ release: number; instances: Record<string, number> }, ObservedRollout>(
        "containers",
        {
          id: idOf("containers", scope, "processes"),
          label: `processes ${spec.processes.map((process) => process.name).join(", ")}`,
          verb: "roll out",
          desired: { release: number, instances: wantedInstances(spec) },
          after: [...gates, release],
          async read(context) {
            const view = await readView(context, scope);
            return view?.serving && { release: view.serving.release, instances: view.serving.instances };
          },
          diff(desired, observed) {
            if (typeof desired === "symbol") return [];
            const changes = [];
            if (desired.release === UNKNOWN) {
              changes.push({ path: "release", from: observed.release, unknown: true as const });
            } else if (desired.release !== observed.release) {
              changes.push({ path: "release", from: observed.release, to: desired.release });
            }
            for (const [name, count] of Object.entries(wantedInstances(spec))) {
              const from = observed.instances[name];
              if (from !== count) changes.push({ path: `${name}.instances`, from: from ?? 0, to: count });
            }
            for (const process of spec.processes) {
              if (observed.instances[process.name] !== undefined || process.instances !== undefined) continue;
              changes.push({ path: `${process.name}.instances`, from: 0, to: 1 });
            }
            for (const name of Object.keys(observed.instances)) {
              if (spec.processes.some((process) => process.name === name)) continue;
              changes.push({ path: `${name}.instances`, from: observed.instances[name], to: 0 });
            }
            return changes;
          },
          create: (context, desired) => rollOut(context, scope, spec, desired.release),
          update: (context, desired) => rollOut(context, scope, spec, desired.release),
        },
      );
      return { resources: [release, ...gates, rollout], release: number, serving: [rollout] };
    },

    address(scope, process) {
      const port = localResource<{ process: string }, { address: string }>("containers", {
        id: idOf("containers", scope, `address/${process.name}`),
        label: `address of ${process.name}`,
        verb: "reserve",
        desired: { process: process.name },
        after: [supervisorResource(settings)],
        // The port is ours to choose: whatever it is, it is right.
        diff: () => [],
        async read(context) {
          const known = (await readView(context, scope))?.ports[process.name];
          return known === undefined ? undefined : { address: `http://127.0.0.1:${known}` };
        },
        async create(context) {
          const { client } = connect(context);
          const known = await client.call<number>("PUT", pathOf(scope, "ports", process.name));
          return { address: `http://127.0.0.1:${known}` };
        },
      });
      return output(port, (observed) => observed.address);
    },

    async status(context, scope) {
      return (await readView(context, scope))?.status ?? { processes: [], jobs: [] };
    },

    async releases(context, scope) {
      const view = await readView(context, scope);
      return [...(view?.releases ?? [])]
        .reverse()
        .map(({ sensitiveConfig: _, processes: __, jobs: ___, path: ____, ...release }) => release);
    },

    async releaseSpec(context, scope, number) {
      const release = (await readView(context, scope))?.releases.find((one) => one.number === number);
      if (release === undefined) {
        throw new DeployError({
          code: "containers.unknown-release",
          message: `There is no release ${number} on this machine.`,
        });
      }
      const { processes, jobs, sensitiveConfig } = release;
      return { release, processes, jobs, sensitiveConfig };
    },

    run: (context, scope, request) => runOneOff(context, scope, request),

    async scale(context, scope, instances) {
      await connect(context).client.call("POST", pathOf(scope, "scale"), { instances });
    },

    async restart(context, scope, process) {
      await connect(context).client.call(
        "POST",
        pathOf(scope, "restart"),
        process === undefined ? {} : { process },
      );
    },
  };
}

/** What the configuration says about numbers; a process without one keeps what it has. */
function wantedInstances(spec: ReleaseSpec): Record<string, number> {
  return Object.fromEntries(
    spec.processes.flatMap((process) =>
      process.instances === undefined ? [] : [[process.name, process.instances]],
    ),
  );
}

async function rollOut(
  context: Context,
  scope: Scope,
  spec: ReleaseSpec,
  release: number,
): Promise<ObservedRollout> {
  const { client } = connect(context);
  const present = (await client.view(scope.app, scope.environment))?.serving?.instances ?? {};
  const instances = Object.fromEntries(
    spec.processes.map((process) => [process.name, process.instances ?? present[process.name] ?? 1]),
  );
  await client.call("POST", pathOf(scope, "releases", String(release), "roll-out"), { instances });
  return { release, instances };
}

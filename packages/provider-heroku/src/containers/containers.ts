import {
  type AnyResource,
  type Containers,
  type ContainersCapabilities,
  DeployError,
  type Out,
  output,
  type ReleaseSpec,
  type RolloutPlan,
  type Scope,
} from "@deploy/core";
import type { Sources } from "../images/sources.js";
import type { Surroundings } from "../surroundings.js";
import { autoscalingResources } from "./autoscaling.js";
import { pipelineResources } from "./pipeline.js";
import { processesNode } from "./processes-node.js";
import { numberBefore, releaseNode } from "./release-node.js";
import { type ConfigMemory, listOurReleases, storedRelease } from "./releases.js";
import { runCommand } from "./run/run-command.js";
import { containersStatus } from "./status.js";
import { restart, scale } from "./verbs.js";

/** What Heroku's dynos can do, and why not the rest. */
const containersCapabilities: ContainersCapabilities = {
  releaseCommand: true,
  jobs: {
    no: "Heroku Scheduler has no API: its jobs are set on its dashboard only",
    link: "https://devcenter.heroku.com/articles/scheduler",
  },
  run: true,
  exec: {
    no: "a dyno that serves is entered over SSH with a key for each dyno: use `heroku ps:exec`, or start a fresh copy with `deploy run`",
    link: "https://devcenter.heroku.com/articles/exec",
  },
  scale: true,
  volumes: {
    no: "a dyno's disk is emptied whenever it restarts, once a day at least",
    link: "https://devcenter.heroku.com/articles/dynos",
  },
  internalAddresses: {
    no: "dynos of the Common Runtime cannot reach each other; only web is reached, from outside",
    link: "https://devcenter.heroku.com/articles/dynos",
  },
  atomicRelease: {
    no: "config vars and code are releases of their own at Heroku: config that is added comes before the code, config that is removed goes after it",
    link: "https://devcenter.heroku.com/articles/releases",
  },
  rollback: true,
  zeroDowntime: {
    no: "Heroku stops the old dynos as it starts the new ones, unless Preboot is on (Standard and Performance dynos)",
    link: "https://devcenter.heroku.com/articles/preboot",
  },
};

/** Element three: releases, formation, and what is done with dynos. */
export function createContainers(own: Surroundings, sources: Sources): Containers {
  const memory: ConfigMemory = new Map();
  return {
    capabilities: containersCapabilities,
    rollout: (scope, spec) => rollout(own, scope, spec, sources),
    status: (context, scope) => containersStatus(own, context, scope),
    releases: (context, scope) => listOurReleases(own, context, scope, memory),
    releaseSpec: (context, scope, number) => storedRelease(own, context, scope, number, memory),
    run: (context, scope, request) => runCommand(own, context, scope, request),
    scale: (context, scope, instances) => scale(own, context, scope, instances),
    restart: (context, scope, process) => restart(own, context, scope, process),
  };
}

function rollout(own: Surroundings, scope: Scope, spec: ReleaseSpec, sources: Sources): RolloutPlan {
  refuseImpossible(spec);
  const { announcement, backups } = backupsBefore(own, scope, spec, sources);
  const release = releaseNode(own, scope, spec, sources, backups);
  const number: Out<number> = output(release, (state) => state.number);
  const serving = processesNode(own, scope, spec, number, [release as AnyResource]) as AnyResource;
  // Heroku takes it for dynos that have their size already.
  const scaling = autoscalingResources(own, scope, spec.processes, [serving]);
  return {
    resources: [
      ...pipelineResources(own, scope),
      ...announcement,
      ...backups,
      release as AnyResource,
      serving,
      ...scaling,
    ],
    release: number,
    serving: [serving],
  };
}

/** The release command runs within the release: a backup has to be there before, called after a number still to come. */
function backupsBefore(
  own: Surroundings,
  scope: Scope,
  spec: ReleaseSpec,
  sources: Sources,
): { readonly announcement: readonly AnyResource[]; readonly backups: readonly AnyResource[] } {
  if (spec.releaseCommand === undefined) return { announcement: [], backups: [] };
  const { node, number } = numberBefore(own, scope, releaseNode(own, scope, spec, sources, []));
  const backups = spec.beforeReleaseCommand(number);
  return backups.length === 0 ? { announcement: [], backups } : { announcement: [node], backups };
}

/**
 * Refuses what would only be found out at Heroku, before any call.
 *
 * @throws `containers.unsupported`
 */
function refuseImpossible({ processes, jobs }: ReleaseSpec): void {
  for (const process of processes) {
    if (process.name === "release" || !/^[-\w]{1,128}$/.test(process.name)) {
      throw refusal(
        `Heroku takes no process named "${process.name}".`,
        "Rename it: `release` is Heroku's own.",
      );
    }
    if (process.name === "web" && process.port !== undefined) {
      throw refusal(
        `web listens on port ${process.port}, but Heroku says by PORT on which port it has to listen.`,
        'Let it listen on $PORT, and take "port" out.',
      );
    }
  }
  if (jobs.length > 0) {
    throw refusal(
      "Heroku runs no jobs on a schedule: Heroku Scheduler has no API.",
      "Leave jobs out here, and set them on Scheduler's dashboard; or run a process that keeps the schedule.",
    );
  }
}

function refusal(message: string, hint: string): DeployError {
  return new DeployError({ code: "containers.unsupported", message, hint });
}

import type { Containers } from "@deploy/core";
import type { Parts } from "../parts.js";
import { internalAddress } from "./discovery.js";
import { runOneOff } from "./one-off.js";
import { listManifests, shownReleases, storedRelease } from "./release-list.js";
import { rolloutPlan } from "./rollout.js";
import { restartProcesses, scaleProcesses } from "./scale.js";
import { readStatus } from "./status.js";

/** Element three on AWS: releases as task definitions, processes as services, jobs as schedules. */
export function createContainers(parts: Parts): Containers {
  return {
    capabilities: {
      releaseCommand: true,
      jobs: true,
      run: true,
      exec: true,
      scale: true,
      volumes:
        parts.settings.capacity.kind === "instance"
          ? true
          : {
              no: "its tasks move between machines and keep no files; instance() has volumes",
              link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html",
            },
      internalAddresses: true,
      atomicRelease: true,
      rollback: true,
      zeroDowntime: true,
    },
    rollout: (scope, spec) => rolloutPlan(parts, scope, spec),
    address: (scope, process) => internalAddress(parts, scope, process),
    status: (context, scope) => readStatus(parts, context, scope),
    releases: async (context, scope) => shownReleases(await listManifests(parts, context, scope)),
    releaseSpec: (context, scope, number) => storedRelease(parts, context, scope, number),
    run: (context, scope, request) => runOneOff(parts, context, scope, request),
    scale: (context, scope, instances) => scaleProcesses(parts, context, scope, instances),
    restart: (context, scope, process) => restartProcesses(parts, context, scope, process),
  };
}

import type { ContainersStatus, Context, InstanceStatus, Scope } from "@deploy/core";
import type { HerokuDyno } from "../api-types.js";
import { readFormation, readList, readOurMarker, readReleases } from "../reads.js";
import type { Surroundings } from "../surroundings.js";
import { isOfFormation } from "./formation.js";
import { codeOf, currentRelease } from "./release-history.js";

/** What runs now, in one wave of reads; nothing is no error. */
export async function containersStatus(
  own: Surroundings,
  context: Context,
  scope: Scope,
): Promise<ContainersStatus> {
  const [marker, releases = [], formation = [], dynos = []] = await Promise.all([
    readOurMarker(own, context, scope),
    readReleases(own, context, scope),
    readFormation(own, context, scope),
    readList<HerokuDyno>(own, context, scope, "dynos"),
  ]);
  const current = currentRelease(releases);
  if (marker === undefined || current === undefined || codeOf(releases, current) === undefined) {
    return { processes: [], jobs: [] };
  }
  const types = formation.filter(isOfFormation);
  return {
    release: current.version,
    processes: types.map(({ type, quantity, size }) => ({
      name: type,
      desired: quantity,
      size,
      instances: dynos
        .filter((dyno) => dyno.type === type)
        .sort((one, other) => numberOf(one) - numberOf(other))
        .map(instanceOf),
    })),
    jobs: [],
  };
}

function instanceOf(dyno: HerokuDyno): InstanceStatus {
  const state = stateOf(dyno);
  return {
    name: dyno.name,
    state,
    release: dyno.release.version,
    since: new Date(dyno.created_at).toISOString(),
    // Heroku replaces a dyno instead of restarting it, and counts nothing.
    restarts: 0,
    ...(state === "crashed" ? { problem: "crashed: its last lines are in `deploy logs`" } : {}),
  };
}

function stateOf({ state }: HerokuDyno): InstanceStatus["state"] {
  switch (state) {
    case "up":
    // An Eco dyno that sleeps wakes with the next request.
    case "idle":
      return "running";
    case "starting":
    case "provisioning":
      return "starting";
    case "stopping":
      return "stopping";
    case "crashed":
    case "failed":
      return "crashed";
    default:
      return "stopped";
  }
}

function numberOf(dyno: HerokuDyno): number {
  return Number(dyno.name.slice(dyno.name.lastIndexOf(".") + 1)) || 0;
}

import type { EnvironmentView } from "../protocol.js";
import type { EnvironmentState } from "./environment-state.js";

/** What is written down of an environment as a view: for when no supervisor runs that could tell more. */
export function viewOnDisk(state: EnvironmentState): EnvironmentView {
  const { app, environment, releases, routes, addons, ports, serving, releaseCommand } = state;
  return {
    app,
    environment,
    releases,
    routes,
    addons,
    ports,
    ...(serving === undefined ? {} : { serving }),
    ...(releaseCommand === undefined ? {} : { releaseCommand }),
    status: {
      processes: Object.entries(serving?.instances ?? {}).map(([name, desired]) => ({
        name,
        desired,
        instances: [],
      })),
      jobs: [],
      ...(serving === undefined ? {} : { release: serving.release }),
    },
  };
}

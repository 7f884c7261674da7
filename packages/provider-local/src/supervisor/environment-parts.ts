import type { EnvironmentState, StateWriter } from "./environment-state.js";
import type { Formation } from "./formation.js";
import type { Instances } from "./instances.js";
import type { Jobs } from "./jobs.js";
import type { Machinery } from "./machinery.js";
import type { ReleaseBook } from "./release-book.js";

/** What one environment is made of; its verbs work on these together. */
export interface EnvironmentParts {
  readonly machinery: Machinery;
  readonly state: EnvironmentState;
  readonly writer: StateWriter;
  readonly instances: Instances;
  readonly formation: Formation;
  readonly jobs: Jobs;
  readonly releases: ReleaseBook;
  /** The host name a process is asked under by its health check. */
  readonly hostOf: (process: string) => string;
}

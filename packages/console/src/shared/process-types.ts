/**
 * What the routes of processes and jobs take and answer, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

import type { Health, LockView, ProcessOverview } from "./overview-types.js";
import type { Support } from "./part-types.js";

/** `POST …/scale`. */
export interface ScaleRequest {
  /** Process to number of instances, 0 to 1000. */
  readonly instances: Readonly<Record<string, number>>;
  readonly confirm?: string;
}

/** `POST …/restart`. */
export interface RestartRequest {
  /** Default: all. */
  readonly process?: string;
  readonly confirm?: string;
}

/** What rollback, scale and restart answer with status 202: the run goes on and can be watched as any other. */
export interface OperationStarted {
  readonly runId: string;
}

/** `GET …/processes`. */
export interface ProcessList {
  readonly release?: number;
  readonly health: Health;
  readonly processes: readonly ProcessView[];
  readonly scale: Support;
  /** Whether a shell opens inside an instance; where it does not, it opens in a fresh copy. */
  readonly exec: Support;
  readonly lock?: LockView;
}

/** A process with its instances. */
export interface ProcessView extends ProcessOverview {
  readonly health: Health;
  /** What the app declares; what a scaling sets is set back to it by the next deployment. Absent: scaling stays. */
  readonly declared?: number;
  /** The vendor's name of what an instance gets. */
  readonly size?: string;
  readonly instances: readonly InstanceView[];
}

/** One copy of a process. */
export interface InstanceView {
  /** `web.1`. */
  readonly name: string;
  readonly state: "starting" | "running" | "draining" | "stopping" | "crashed" | "crash-loop" | "stopped";
  readonly release: number;
  readonly since: number;
  readonly restarts: number;
  /** Bytes in use. */
  readonly memory?: number;
  /** Percent of one CPU. */
  readonly cpu?: number;
  readonly problem?: string;
}

/** `GET …/jobs`. */
export interface JobList {
  readonly jobs: readonly JobView[];
}

/** A scheduled task. */
export interface JobView {
  readonly name: string;
  /** Cron, five fields. */
  readonly schedule: string;
  /** IANA name; absent: it is not declared any longer. */
  readonly timeZone?: string;
  /** `not there`: declared, and the release in service has it not; `not declared`: the other way round. */
  readonly state: "scheduled" | "not there" | "not declared";
  readonly nextRun?: number;
  readonly lastRun?: {
    readonly at: number;
    /** Null: it runs, or its end is not known. */
    readonly exitCode: number | null;
    readonly seconds: number;
  };
}

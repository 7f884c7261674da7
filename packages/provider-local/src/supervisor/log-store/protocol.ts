import type { DeployErrorData } from "@deploy/core";
import type { Ingester } from "./ingester.js";
import type { LogLimits } from "./limits.js";
import type { LogProblem } from "./problems.js";

/** What the worker is started with. */
export interface WorkerData {
  readonly worker: "deploy-log-store";
  readonly directory: string;
  readonly limits: Partial<LogLimits>;
}

/** One call of the ingester, sent to the worker. */
export interface WorkerCall {
  readonly id: number;
  readonly method: keyof Ingester;
  /** The one argument; absent for calls without. */
  readonly argument?: unknown;
}

/** What the worker sends back: how a call ended, or a problem. */
export type WorkerMessage =
  | { readonly kind: "done"; readonly id: number; readonly error?: DeployErrorData }
  | { readonly kind: "problem"; readonly problem: LogProblem };

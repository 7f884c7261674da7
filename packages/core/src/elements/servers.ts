import type { Context } from "../context.js";
import type { Support } from "./capability.js";
import type { ElementPlan, Scope } from "./scope.js";

/** What the app asks of the machines it runs on. */
export interface ServerNeeds {
  /** Memory of all instances of all processes together, bytes. */
  readonly memory: number;
  /** Instances of all processes together. */
  readonly instances: number;
}

/** One machine, cluster or runtime that the app stands on. */
export interface ServerStatus {
  readonly name: string;
  readonly state: "running" | "starting" | "stopped" | "failed";
  /** Version, size, address, whatever tells a person what it is. */
  readonly description: string;
}

/** What a provider's servers can do; checked before any call. */
export interface ServersCapabilities {
  /** Machines are made by us, rather than found. */
  readonly provisioning: Support;
  /** Apps on it cannot disturb each other's memory and CPU. */
  readonly isolation: Support;
}

/** Element one: what the processes run on. */
export interface Servers {
  readonly capabilities: ServersCapabilities;
  /** What must be there before anything runs: a cluster, an app at a platform, a daemon. */
  resources(scope: Scope, needs: ServerNeeds): ElementPlan;
  /** The state of it now. */
  status(context: Context, scope: Scope): Promise<readonly ServerStatus[]>;
}

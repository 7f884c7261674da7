import type { Context } from "../context.js";
import type { Provider } from "../elements/provider.js";
import type { Scope } from "../elements/scope.js";
import type { NodeState } from "./decide.js";
import type { DeployEvent } from "./events.js";
import type { Graph } from "./graph.js";
import type { Out, Unknown } from "./out.js";
import type { Plan, PlanBlock } from "./plan.js";
import type { Limiters } from "./rate-limit.js";
import type { AnyResource, Owned } from "./resource.js";
import type { Scrubber } from "./scrub.js";

/** What the caller brings to a run; the engine adds `log`, `output` and `shared` for each step. */
export type BaseContext = Pick<Context, "signal" | "env" | "fetch" | "clock" | "directory">;

/** What the user allows a plan to do. */
export interface PlanPermissions {
  /** Ids of resources to take over although we did not make them. */
  readonly adopt?: readonly string[];
  /** Goes over the deletion threshold: more than 30 % of a collection of ten or more. Default false. */
  readonly force?: boolean;
  /** What may lose its data: an id, its last segment, a label, or the last word of `holdsData`. */
  readonly deleteData?: readonly string[];
}

/** What a plan for `down` is made of. */
export interface RemovalInput {
  readonly scope: Scope;
  /** Every provider in use, retired ones included: all of them are asked what they hold. */
  readonly providers: readonly Provider[];
  readonly context: BaseContext;
  readonly options?: PlanPermissions;
  /** Sentences for {@link Plan.notes}. */
  readonly notes?: readonly string[];
  /** What already keeps the plan from being applied. */
  readonly blocks?: readonly PlanBlock[];
  /** Account by provider, for {@link Plan.identities}; a promise is waited for when everything else has been read. */
  readonly identities?: Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** The limits of an earlier plan of the same run, so that both keep to them together. */
  readonly limiters?: Limiters;
  /** Gets a `retry` event for every read that is repeated. */
  readonly emit?: (event: DeployEvent) => void;
}

/** What a plan is made of. */
export interface PlanInput extends RemovalInput {
  readonly operation: Plan["operation"];
  /** The roots: what they depend on is found by following `desired` and `after`. */
  readonly resources: readonly AnyResource[];
  /** Whether what is ours and no longer wanted is removed; only a plan of everything may say so. */
  readonly prune: boolean;
}

/** What the engine remembers between making a plan and applying it. */
export interface Preparation {
  readonly input: RemovalInput;
  readonly graph: Graph;
  /** By the node's index. */
  readonly states: readonly NodeState[];
  readonly remove: readonly Owned[];
  readonly limiters: Limiters;
  readonly scrubber: Scrubber;
}

/** Key of what only the engine reads in a {@link PreparedPlan}. */
export const internals: unique symbol = Symbol.for("deploy.prepared") as never;

/** A plan together with what is needed to apply it: opaque but for `plan`. */
export interface PreparedPlan {
  /** The plan as data. */
  readonly plan: Plan;
  /** The limits which this run keeps to; pass them on to the next plan of the same run. */
  readonly limiters: Limiters;
  /** What a late value is at present; `UNKNOWN` while something it needs is still to be made. */
  resolve<T>(value: Out<T>): T | Unknown;
  /** What was read of a resource of this plan; undefined when it is not there, not ours or not part of the plan. */
  observed(resource: AnyResource): unknown;
  readonly [internals]: Preparation;
}

/** How a plan is applied. */
export interface ApplyOptions {
  /** Cancels the run: nothing more is started, calls in flight finish. Default: the signal of the plan's context. */
  readonly signal?: AbortSignal;
  /** Gets every event of the steps; `planned` and `finished` belong to the caller. */
  readonly emit?: (event: DeployEvent) => void;
  /** Throws when the run may no longer change anything (a lost lease); asked before mutating calls, at most once a second. */
  readonly check?: () => Promise<void>;
  /** Milliseconds that one step may take. Default 30 minutes; then it fails with `run.timeout`. A resource's `mayTake` is more. */
  readonly stepTimeoutMs?: number;
  /** Milliseconds that calls in flight get to finish after a cancellation, before their own signal is aborted. Default 10,000. */
  readonly drainMs?: number;
}

/** What came of applying a plan. */
export interface ApplyResult {
  /** Ids of what was created, updated, adopted or waited for. */
  readonly done: readonly string[];
  /** Ids of what was removed. */
  readonly removed: readonly string[];
  readonly seconds: number;
  /** What a late value turned out to be; `UNKNOWN` only for resources which are not part of the plan. */
  resolve<T>(value: Out<T>): T | Unknown;
  /** The state of a resource after the run. */
  observed(resource: AnyResource): unknown;
}

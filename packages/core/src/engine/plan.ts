import type { ElementName } from "../elements/scope.js";
import type { FieldChange } from "./resource.js";

/** What a plan does with a resource. */
export type PlanAction = "create" | "update" | "adopt" | "wait" | "delete";

/** One change of a plan; data only. */
export interface PlannedChange {
  readonly id: string;
  readonly label: string;
  readonly provider: string;
  readonly element: ElementName;
  readonly action: PlanAction;
  /** The verb a person reads: `create`, `run`, `back up`. */
  readonly verb: string;
  readonly fields: readonly FieldChange[];
  /** Why, where that is not plain from the fields. */
  readonly reason?: string;
  /**
   * Ids of changes that have to be done first. Not repeated here: deletions come after all other changes, and
   * deletions of DNS records before all other deletions.
   */
  readonly after: readonly string[];
  /** The data that is lost, for a deletion. */
  readonly holdsData?: string;
}

/** Something that keeps the whole plan from being applied. */
export interface PlanBlock {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Something of ours that is no longer wanted and yet stays, with the reason. */
export interface KeptResource {
  readonly id: string;
  readonly label: string;
  readonly reason: string;
}

/** Desired minus observed, as JSON: to print, to review, and to apply later. */
export interface Plan {
  readonly spec: 1;
  readonly app: string;
  readonly environment: string;
  /** What the plan is for. */
  readonly operation: "up" | "down" | "rollback" | "promote" | "access";
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Account by provider, as far as the providers say. */
  readonly identities: Readonly<Record<string, string>>;
  readonly changes: readonly PlannedChange[];
  readonly unchanged: number;
  readonly kept: readonly KeptResource[];
  readonly blocks: readonly PlanBlock[];
  /** Sentences that the user should read before applying. */
  readonly notes: readonly string[];
  /** Id → digest of everything that was desired, so that a saved plan can be recognised as stale. */
  readonly desired: Readonly<Record<string, string>>;
}

import type { Context } from "../context.js";
import type { ElementName } from "../elements/scope.js";
import type { In, Late } from "./out.js";

/** One field that differs; `from` and `to` are printable data, never a secret. */
export interface FieldChange {
  /** Dotted path inside the desired data, such as `config.LOG_LEVEL`. */
  readonly path: string;
  readonly from?: unknown;
  /** Absent when the value will only be known while applying. */
  readonly to?: unknown;
  /** The value will only be known while applying. */
  readonly unknown?: true;
}

/** What `read` answers when something of our name exists which we did not make. */
export interface Foreign<Observed = unknown> {
  readonly foreign: true;
  /** What it is and whose it seems to be, in one clause. */
  readonly description: string;
  /** Its present state, so that an adoption can show what would change. */
  readonly observed?: Observed;
}

/**
 * The unit of every plan: one thing at a vendor, with a name known before it exists.
 *
 * Between runs nothing is remembered about it: `read` finds it by name or tag. Everything is data but the verbs.
 */
export interface Resource<Desired = unknown, Observed = unknown> {
  /**
   * Deterministic and unique in a plan, `provider/element/…`. Immutable fields are hashed into it, so that a
   * replacement is create, repoint, prune.
   */
  readonly id: string;
  /** What a person calls it: `database db`, `record www.example.org`. */
  readonly label: string;
  readonly provider: string;
  readonly element: ElementName;
  /** What should be. Leaves may be late; core derives the data edges from them. */
  readonly desired: In<Desired>;
  /** Gates and vendor preconditions that carry no data, such as the release command before traffic. */
  readonly after?: readonly AnyResource[];
  /**
   * What its `diff` looks at ahead of time, through late leaves that need nothing: decided before it in a plan, and not
   * waited for when it is applied.
   */
  readonly foresees?: readonly AnyResource[];
  /** An update changes its outputs, so that what is made of them is unknown until it has run. */
  readonly renews?: true;
  /** It is born together with what it depends on: read again before it is created. */
  readonly implicit?: true;
  /** Names the data which is lost with it (`database db`); deleting needs the name typed. */
  readonly holdsData?: string;
  /** How often to look while it is pending, milliseconds. Default 2,000, which suits a vendor's API. */
  readonly pollEvery?: number;
  /** Milliseconds that its step may take, where its vendor allows more than the run does (30 minutes). */
  readonly mayTake?: number;
  /** What its `create` does, as a verb for the plan. Default `create`. */
  readonly verb?: string;

  /**
   * Finds it by name or tag, never by an id which only a state file would know.
   *
   * @returns undefined when it does not exist.
   */
  read(context: Context): Promise<Observed | Foreign<Observed> | undefined>;
  /**
   * What differs; empty when there is nothing to do. Vendor defaults are normalised here.
   *
   * Default: every field of `desired` is compared with the field of the same name in `observed`.
   */
  diff?(desired: Late<Desired>, observed: Observed): readonly FieldChange[];
  /** Why it cannot be used yet, or undefined. Throws when it never will be. Core polls `read` meanwhile. */
  pending?(observed: Observed): string | undefined;
  /**
   * Called once when `pending` has thrown while applying: stops or notes at the vendor what would go on otherwise, such
   * as a rollout. What it throws is not told, because the reason is what `pending` said.
   */
  failed?(context: Context, observed: Observed): Promise<void>;
  /** Why it cannot be made at all as things are, found out without a call: shown at plan time. */
  blocked?(observed: Observed | undefined): { message: string; code: string; hint?: string } | undefined;
  /**
   * Makes it. Safe to repeat after a lost answer: where the vendor counts (releases), look for an equal one that is
   * still pending before making another. Absent: a gate, which somebody else opens.
   */
  create?(context: Context, desired: Desired): Promise<Observed>;
  /** Changes it in place. Absent: a difference is refused at plan time. */
  update?(context: Context, desired: Desired, observed: Observed): Promise<Observed>;
  /** Writes our marker on something foreign. Absent: it cannot be adopted. */
  adopt?(context: Context): Promise<Observed>;
}

/** Any resource, whatever its data. */
export type AnyResource = Resource<unknown, unknown>;

/** Something of ours that the vendor holds, found by tag or marker: what pruning and `down` work on. */
export interface Owned {
  /** The id of the resource that made it. */
  readonly id: string;
  readonly label: string;
  readonly provider: string;
  readonly element: ElementName;
  /** Names the data which is lost with it. */
  readonly holdsData?: string;
  /** Ids that must be gone before this one can be removed. */
  readonly after?: readonly string[];
  /** It is shared with other apps and somebody still uses it: it stays. May be left out of the list as well. */
  readonly shared?: true;
  /** Belongs to the past of its environment (older images, logs, records): `down` removes it, a prune leaves it. */
  readonly history?: true;
  /** Removes it; "already gone" is success. */
  remove(context: Context): Promise<void>;
}

/** Whether a `read` answered that the thing exists but is not ours. */
export function isForeign(observed: unknown): observed is Foreign {
  return (
    typeof observed === "object" && observed !== null && (observed as { foreign?: unknown }).foreign === true
  );
}

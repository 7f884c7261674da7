import type { Context } from "../context.js";
import type { Scope } from "./scope.js";

/** Who holds an environment's deploy lock. */
export interface LeaseHolder {
  /** `maria on bench-2, process 4711`. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** What they are doing: `up`, `rollback`, `down`. */
  readonly operation: string;
}

/** A lease that was granted. */
export interface LeaseGrant {
  /** Gives it back; safe to repeat, never throws for a lease that was broken meanwhile. */
  release(): Promise<void>;
  /** Throws `lease.lost` when this very grant was broken, even if the same process holds a newer one. Asked before each write. */
  check(): Promise<void>;
}

/** The deploy lock of an environment, kept where two runs on two machines would both look: at the vendor. */
export interface Lease {
  /**
   * Takes the lock, atomically.
   *
   * @returns the grant, or the present holder when it is taken by somebody who still lives.
   */
  acquire(
    context: Context,
    scope: Scope,
    holder: LeaseHolder,
  ): Promise<{ readonly granted: LeaseGrant } | { readonly holder: LeaseHolder }>;
  /** Who holds it now. */
  holder(context: Context, scope: Scope): Promise<LeaseHolder | undefined>;
  /** Takes it away from whoever holds it. */
  break(context: Context, scope: Scope): Promise<void>;
}

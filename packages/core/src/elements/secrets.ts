import type { Context } from "../context.js";
import type { Resource } from "../engine/resource.js";
import type { Redacted } from "../redacted.js";
import type { Support } from "./capability.js";
import type { SecretReference } from "./containers.js";
import type { Scope } from "./scope.js";

/** A secret without its value. */
export interface SecretEntry {
  readonly name: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly setAt: string;
  readonly setBy?: string;
  /** Said by `set`: the vendor has restarted the processes with it. Absent: it reaches them with the next release. */
  readonly inForce?: true;
}

/** What a provider's secrets can do; checked before any call. */
export interface SecretsCapabilities {
  /** A release pins versions, and a rollback restores them. */
  readonly versions: Support;
  /** Values can be read back. */
  readonly reveal: Support;
}

/** Element five: values that only the processes may see. */
export interface Secrets {
  readonly capabilities: SecretsCapabilities;
  /**
   * A declared secret as a node of the plan. `value` is what the caller supplied with this run, if anything; without
   * it the node is blocked (`secrets.missing`) when the vendor holds none.
   */
  secret(scope: Scope, name: string, value?: Redacted): Resource<{ readonly name: string }, SecretReference>;
  /** Names and versions, never values. */
  list(context: Context, scope: Scope): Promise<readonly SecretEntry[]>;
  /** Stores a new version; the same value again keeps the present version. See `inForce` for when processes see it. */
  set(context: Context, scope: Scope, name: string, value: Redacted): Promise<SecretEntry>;
  /** Forgets it; unknown names are fine. */
  unset(context: Context, scope: Scope, name: string): Promise<void>;
  /** @throws `secrets.missing` */
  reveal(context: Context, scope: Scope, name: string): Promise<Redacted>;
}

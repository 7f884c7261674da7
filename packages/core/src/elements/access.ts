import type { Context } from "../context.js";
import type { Redacted } from "../redacted.js";
import type { Support } from "./capability.js";
import type { ElementPlan, Scope } from "./scope.js";

/** What a person may do with an app, each including the one before. */
export type Role = "viewer" | "deployer" | "operator" | "manager";

/** One person, one app, one role. */
export interface Grant {
  /** As the vendor knows them: an e-mail address, a user or role name. */
  readonly person: string;
  readonly role: Role;
}

/** What a person who was just let in has to be given by hand, because nobody else sends it to them. */
export interface Handover {
  readonly person: string;
  /** What it is, and what to do with it: `a link to sign in with; it works once, for seven days`. */
  readonly what: string;
  readonly secret: Redacted;
}

/** What a provider's access can do; checked before any call. */
export interface AccessCapabilities {
  /** By role: whether the vendor can hold somebody to it. */
  readonly roles: Readonly<Record<Role, Support>>;
}

/** Optional power: the vendor's own permissions, granted per app and revoked per person. */
export interface Access {
  readonly capabilities: AccessCapabilities;
  /**
   * Who is to have which role, as nodes of the plan. Grants that are not in it stay as they are: where `owned` lists
   * grants, it does so with `history`, so that a deployment never takes one away.
   */
  grants(scope: Scope, grants: readonly Grant[]): ElementPlan;
  /**
   * What the grants that were just applied have left to hand over: each is given out once, and is kept nowhere. It is no
   * part of a plan or an event. Absent: nothing ever is.
   */
  handovers?(scope: Scope): readonly Handover[];
  /** Who may do what with this app, whoever granted it. */
  who(context: Context, scope: Scope): Promise<readonly Grant[]>;
  /**
   * Takes a person off every app that these credentials reach, or off the one of `scope`.
   *
   * @returns the apps they were taken off, as the vendor names them; none is no error.
   */
  revoke(context: Context, person: string, scope?: Scope): Promise<readonly string[]>;
}

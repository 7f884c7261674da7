import type { Context } from "../context.js";
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

/** What a provider's access can do; checked before any call. */
export interface AccessCapabilities {
  /** By role: whether the vendor can hold somebody to it. */
  readonly roles: Readonly<Record<Role, Support>>;
}

/** Optional power: the vendor's own permissions, granted per app and revoked per person. */
export interface Access {
  readonly capabilities: AccessCapabilities;
  /** Who is to have which role, as nodes of the plan. */
  grants(scope: Scope, grants: readonly Grant[]): ElementPlan;
  /** Who may do what with this app. */
  who(context: Context, scope: Scope): Promise<readonly Grant[]>;
  /** Takes a person off every app that these credentials reach; answers with the apps they were taken off. */
  revoke(context: Context, person: string): Promise<readonly string[]>;
}

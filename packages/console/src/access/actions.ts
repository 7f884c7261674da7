import type { Action, Role } from "../shared/access-types.js";

export type { Action } from "../shared/access-types.js";

/** What an action needs. */
export interface ActionRule {
  /** `app`: the role for that app; `everywhere`: the role for `*`; `self`: being signed in; `anybody`: nothing. */
  readonly scope: "app" | "everywhere" | "self" | "anybody";
  /** The least role; of no meaning for `self` and `anybody`. */
  readonly role: Role;
  /** Whether an API token may do it, given the role. */
  readonly token: boolean;
}

/**
 * Everything that can be done, and the least role for it: every route names one of these.
 *
 * The order of roles is Heroku's: view, deploy, operate, manage.
 */
export const ACTIONS: Readonly<Record<Action, ActionRule>> = {
  "sign-in": { scope: "anybody", role: "viewer", token: false },
  self: { scope: "self", role: "viewer", token: false },
  "apps.list": { scope: "self", role: "viewer", token: true },
  "app.read": { scope: "app", role: "viewer", token: true },
  "logs.read": { scope: "app", role: "viewer", token: true },
  "releases.rollback": { scope: "app", role: "deployer", token: true },
  "runs.publish": { scope: "app", role: "deployer", token: true },
  "processes.restart": { scope: "app", role: "operator", token: true },
  "processes.scale": { scope: "app", role: "operator", token: true },
  "secrets.reveal": { scope: "app", role: "operator", token: false },
  "shell.open": { scope: "app", role: "operator", token: false },
  "access.read": { scope: "app", role: "manager", token: true },
  "access.grant": { scope: "app", role: "manager", token: true },
  "audit.read": { scope: "app", role: "manager", token: false },
  "people.manage": { scope: "everywhere", role: "manager", token: true },
  "audit.read-all": { scope: "everywhere", role: "manager", token: false },
};

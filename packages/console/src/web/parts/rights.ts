import { ACTIONS, type Action } from "../../access/actions.js";
import type { Me, Role } from "../../shared/access-types.js";

/** Roles, the least first. */
export const ROLES: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/** What a role lets somebody do, in one line; each includes the one before. */
export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: "sees logs, releases, processes, domains and the names of config",
  deployer: "also rolls back, and deploys from CI",
  operator: "also scales, restarts, reads secrets and opens shells",
  manager: "also decides who has access, and reads the audit log",
};

/** What an action is, for a person: `open a shell`. */
export const ACTION_WORDS: Readonly<Record<Action, string>> = {
  "sign-in": "sign in",
  self: "see and change their own account",
  "apps.list": "see which apps there are",
  "app.read": "see releases, processes and domains",
  "logs.read": "read logs",
  "releases.rollback": "roll back",
  "runs.publish": "deploy from a terminal or CI",
  "processes.restart": "restart processes",
  "processes.scale": "scale processes",
  "secrets.reveal": "reveal secrets",
  "shell.open": "open a shell",
  "access.read": "see who has access",
  "access.grant": "grant and revoke access",
  "audit.read": "read this app's audit log",
  "people.manage": "invite people, and revoke them everywhere",
  "audit.read-all": "read the whole audit log",
};

/** Who may do it, in the same words everywhere: `operator`, `manager of all apps`. */
export function neededRole(action: Action): string {
  const { role, scope } = ACTIONS[action];
  return scope === "everywhere" ? `${role} of all apps` : role;
}

/** Roles that this person may give for an app: up to their own. */
export function grantable(me: Me | undefined, app: string): readonly Role[] {
  const own = app === "*" ? me?.everywhere : me?.apps.find((one) => one.app === app)?.role;
  return own === undefined ? [] : ROLES.slice(0, ROLES.indexOf(own) + 1);
}

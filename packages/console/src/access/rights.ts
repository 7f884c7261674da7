import type { Role } from "../shared/access-types.js";
import type { ActionRule } from "./actions.js";

/** Roles, the weakest first; each includes the ones before it. */
export const ROLES: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/** Whether `value` is the name of a role. */
export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

/** Whether `held` is at least `needed`; nobody's role is nothing. */
export function reaches(held: Role | undefined, needed: Role): boolean {
  return held !== undefined && ROLES.indexOf(held) >= ROLES.indexOf(needed);
}

/** The strongest of some roles. */
export function strongest(roles: readonly (Role | undefined)[]): Role | undefined {
  return ROLES.findLast((role) => roles.includes(role));
}

/** The weaker of two roles; nothing, where one of them is nothing. */
export function weaker(left: Role | undefined, right: Role | undefined): Role | undefined {
  if (left === undefined || right === undefined) return undefined;
  return reaches(left, right) ? right : left;
}

/** What somebody is, as far as one action is concerned. */
export interface Standing {
  /** Signed in, or with a token that holds. */
  readonly alive: boolean;
  readonly byToken: boolean;
  /** For the app in question, a role for `*` included. */
  readonly here: Role | undefined;
  /** For `*`. */
  readonly everywhere: Role | undefined;
}

/** Whether a rule lets somebody do it: the whole of the algebra. */
export function allows(rule: ActionRule, { alive, byToken, here, everywhere }: Standing): boolean {
  if (byToken && !rule.token) return false;
  switch (rule.scope) {
    case "anybody":
      return true;
    case "self":
      return alive;
    case "app":
      return alive && reaches(here, rule.role);
    case "everywhere":
      return alive && reaches(everywhere, rule.role);
  }
}

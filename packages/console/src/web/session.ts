/**
 * Who is signed in, and what they may do. The server decides each time; this only hides what would be refused.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import type { Action } from "../access/actions.js";
import type { Me, Role } from "../shared/access-types.js";
import type { Overview } from "../shared/app-types.js";
import { ApiError, get, post, whenSignedOut } from "./api.js";
import { localAddress, navigate, place } from "./router.js";

/** Undefined: not known yet; null: nobody. */
export const me: Signal<Me | null | undefined> = signal(undefined);

/** What could not be found out at the start, such as that the server cannot be reached. */
export const startProblem: Signal<ApiError | undefined> = signal(undefined);

/** Whoever was signed in is so no longer, without having asked for it: the sign-in page says it. */
export const sessionEnded: Signal<boolean> = signal(false);

/** An app in an environment that the caller may see. */
export interface KnownEnvironment {
  readonly app: string;
  readonly environment: string;
  /** Changes need the environment's name, typed. */
  readonly protected: boolean;
}

/** For the switcher; undefined until they are known. */
export const environments: Signal<readonly KnownEnvironment[] | undefined> = signal(undefined);

const ROLES: readonly Role[] = ["viewer", "deployer", "operator", "manager"];

/** Asks who is signed in. Nobody is no failure. */
export async function loadMe(): Promise<void> {
  startProblem.value = undefined;
  try {
    me.value = await get<Me>("/api/me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) me.value = null;
    else if (error instanceof ApiError) startProblem.value = error;
    else throw error;
  }
}

/** Asks for the apps and environments, for the switcher. */
export async function loadEnvironments(): Promise<void> {
  const overview = await get<Overview>("/api/overview");
  rememberEnvironments(overview);
}

/** Takes the apps and environments out of an overview that a page has got anyway. */
export function rememberEnvironments(overview: Overview): void {
  environments.value = overview.environments.map((one) => ({
    app: one.app,
    environment: one.environment,
    protected: one.protected,
  }));
}

/** The caller's role for an app; undefined: none. */
function roleFor(app: string): Role | undefined {
  return me.value?.apps.find((one) => one.app === app)?.role ?? me.value?.everywhere;
}

/** Whether the caller has at least this role for the app. */
export function hasRole(app: string, role: Role): boolean {
  const held = roleFor(app);
  return held !== undefined && ROLES.indexOf(held) >= ROLES.indexOf(role);
}

/** Whether the server would let the caller do this, as it said with `/api/me`. */
export function may(action: Action, app?: string): boolean {
  if (me.value === null || me.value === undefined) return false;
  if (app === undefined) return me.value.actions.includes(action);
  return me.value.apps.find((one) => one.app === app)?.actions.includes(action) ?? false;
}

/** To the sign-in page, and afterwards back to where one was. */
export function toSignIn(): void {
  if (me.value !== null && me.value !== undefined) sessionEnded.value = true;
  me.value = null;
  environments.value = undefined;
  if (isPublic(place.value.path)) return;
  const { pathname, search } = window.location;
  const back = pathname === "/" && search === "" ? "" : `?back=${encodeURIComponent(pathname + search)}`;
  navigate(`/sign-in${back}`, { replace: true });
}

/** After signing in: to where one wanted to go. */
export async function afterSignIn(): Promise<void> {
  sessionEnded.value = false;
  await loadMe();
  navigate(localAddress(place.value.query.get("back")), { replace: true });
}

/** Ends this session. */
export async function signOut(): Promise<void> {
  await post("/api/sign-out");
  me.value = null;
  environments.value = undefined;
  navigate("/sign-in");
}

/** Pages that need nobody to be signed in. */
export function isPublic(path: string): boolean {
  return path === "/sign-in" || path === "/invitation";
}

whenSignedOut(toSignIn);

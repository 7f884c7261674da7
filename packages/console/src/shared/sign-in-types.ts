/**
 * What the routes of signing in take and answer, as JSON; nothing here may import from node. Times are milliseconds
 * since 1970.
 *
 * @module
 */

import type { Person } from "./access-types.js";

/** `GET /api/sign-in/ways`: what the page offers; each provider's button is a link to its `start`. */
export interface SignInWays {
  readonly password: true;
  readonly github?: { readonly name: string; readonly start: "/sign-in/github" };
  readonly oidc?: { readonly name: string; readonly start: "/sign-in/oidc" };
}

/** `POST /api/sign-in/password`. Wrong: 401 `sign-in.wrong`; too often: 429 `sign-in.throttled` with `Retry-After`. */
export interface PasswordSignIn {
  readonly email: string;
  readonly password: string;
}

/** `POST /api/sign-in/link`: `secret` is what `location.hash` has behind `#link=`, on the page `/sign-in`. */
export interface LinkSignIn {
  readonly secret: string;
  /** Of the first owner, for the providers to know them by: asked for then (400 `access.no-email`), of no meaning later. */
  readonly email?: string;
  readonly name?: string;
}

/** `POST /api/sign-in/link/check` with `{ secret }`: whom it signs in; does not use it up. */
export interface LinkFacts {
  /** Absent: there is none yet, and the link makes the first one. */
  readonly owner?: { readonly email: string; readonly name: string };
}

/** `POST /api/sign-in/invitation`: `secret` is what `location.hash` has behind `#invitation=`, on the page `/invitation`. */
export interface InvitationSignIn {
  readonly secret: string;
  /** 12 to 256 characters. */
  readonly password: string;
  /** Default: as the invitation has it. */
  readonly name?: string;
}

/** `POST /api/sign-in/invitation/check` with `{ secret }`: whom it is for; does not use it up. */
export interface InvitationFacts {
  readonly email: string;
  readonly name: string;
  readonly invitedBy: string;
  readonly expiresAt: number;
}

/** What every sign-in answers; the cookie is in the headers. */
export interface SignedIn {
  readonly person: Person;
}

/**
 * A provider sends the browser back to `/sign-in?problem=<code>` when it did not work out.
 *
 * The text is the page's to choose from here: nothing of the address is shown.
 */
export const SIGN_IN_PROBLEMS: Readonly<Record<SignInProblem, string>> = {
  state: "This sign-in was started in another window, or too long ago. Start it again here.",
  refused: "The provider did not confirm who you are.",
  unreachable: "The provider cannot be reached at the moment. Another way to sign in may work.",
  "unverified-email": "The provider has no verified e-mail address for you.",
  "not-allowed": "Nobody has invited this address. Ask somebody who manages people here.",
  revoked: "Your access to this console has been taken away.",
  throttled: "Too many attempts. Wait a few minutes.",
};

/** Why a sign-in by a provider came to nothing. */
export type SignInProblem =
  | "state"
  | "refused"
  | "unreachable"
  | "unverified-email"
  | "not-allowed"
  | "revoked"
  | "throttled";

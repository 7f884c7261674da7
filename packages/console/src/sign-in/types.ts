import type { ProvenIdentity } from "../access/identities.js";
import type { BegunSession, NewSession } from "../access/sessions.js";
import type { Caller } from "../access/types.js";
import type { InvitationFacts, InvitationSignIn, LinkFacts, LinkSignIn } from "../shared/sign-in-types.js";

/** How requests are made: the platform's `fetch`, or one of a test. */
export type Fetch = typeof fetch;

/** Where somebody signs in from; `session` is the cookie that came along: it ends when a new one begins. */
export interface Visitor extends Pick<NewSession, "address" | "userAgent"> {
  readonly session?: string;
}

/** The first half of a sign-in by a provider: where the browser goes, and what it is to bring back. */
export interface ProviderStart {
  readonly url: string;
  /** A value of `Set-Cookie`. */
  readonly cookie: string;
}

/** A provider that proves who somebody is. */
export interface ProviderWay {
  readonly name: string;
  /** `returnTo`: a path of ours; anything else leads to the overview. Throws `sign-in.unreachable`. */
  start(returnTo: string | null): Promise<ProviderStart>;
  /**
   * The second half: what the provider sent the browser back with, and the cookie of the first.
   *
   * Throws `sign-in.state`, `sign-in.refused`, `sign-in.unreachable`, `sign-in.unverified-email`.
   */
  finish(
    query: URLSearchParams,
    cookies: string,
  ): Promise<{ readonly identity: ProvenIdentity; readonly returnTo: string }>;
}

/** The ways to sign in that this console offers; its routes are in `http/routes/sign-in.ts`. */
export interface SignIn {
  readonly ways: {
    readonly password: true;
    /** Present: GitHub is set up. */
    readonly github?: { readonly name: string };
    readonly oidc?: { readonly name: string };
  };
  /** A link that signs in the first owner once, within ten minutes; its secret is behind the `#`. */
  ownerLink(): Promise<string>;
  /** The link of an invitation; its secret is behind the `#`. */
  invitationLink(secret: string): string;
  /** Throws `sign-in.wrong`, `sign-in.throttled`, `sign-in.busy`. */
  withPassword(email: string, password: string, visitor: Visitor): Promise<BegunSession>;
  /** Whom an owner's link signs in; does not use it up. Throws `sign-in.link-over`, `sign-in.throttled`. */
  link(secret: string, visitor: Visitor): Promise<LinkFacts>;
  /** Throws `sign-in.link-over`, `sign-in.throttled`, `access.no-email`, `access.bad-email`, `access.bad-name`. */
  withLink(link: LinkSignIn, visitor: Visitor): Promise<BegunSession>;
  /** Throws `sign-in.invitation-over`, `sign-in.throttled`. */
  invitation(secret: string, visitor: Visitor): Promise<InvitationFacts>;
  /** Throws `sign-in.invitation-over`, `sign-in.throttled`, `sign-in.busy`, `access.bad-password`. */
  withInvitation(invitation: InvitationSignIn, visitor: Visitor): Promise<BegunSession>;
  /** Undefined: this way is not set up. */
  provider(way: "github" | "oidc"): ProviderWay | undefined;
  /** Throws what `finish` throws, and `sign-in.not-allowed`, `sign-in.revoked`, `sign-in.throttled`. */
  withProvider(
    way: ProviderWay,
    query: URLSearchParams,
    cookies: string,
    visitor: Visitor,
  ): Promise<BegunSession & { readonly returnTo: string }>;
  /** Throws `sign-in.wrong`, `sign-in.throttled`, `sign-in.busy`, `access.bad-password`. */
  changePassword(
    caller: Extract<Caller, { kind: "person" }>,
    change: { readonly current?: string; readonly password: string },
    visitor: Visitor,
  ): Promise<void>;
}

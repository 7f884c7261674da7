/**
 * What the routes of account, people, grants, tokens and the audit log take and answer, as JSON; nothing here
 * may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

/** What a person may do with an app, each including the one before: core's roles. */
export type Role = "viewer" | "deployer" | "operator" | "manager";

/** The name of something that can be done. */
export type Action =
  | "sign-in"
  | "self"
  | "apps.list"
  | "app.read"
  | "logs.read"
  | "releases.rollback"
  | "runs.publish"
  | "processes.restart"
  | "processes.scale"
  | "secrets.reveal"
  | "shell.open"
  | "access.read"
  | "access.grant"
  | "audit.read"
  | "people.manage"
  | "audit.read-all";

/** A person who may sign in. */
export interface Person {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly name: string;
  readonly createdAt: number;
  /** How this person signs in: `password`, `github`, `oidc`; empty until the invitation was taken. */
  readonly ways: readonly string[];
  readonly lastSeenAt?: number;
  /** Access was taken away: they cannot sign in until they are invited again. */
  readonly revokedAt?: number;
}

/** A role of a person for one app, or for all (`*`), for a while or for good. */
export interface ConsoleGrant {
  readonly id: string;
  readonly personId: string;
  /** The name of an app, or `*`. */
  readonly app: string;
  readonly role: Role;
  readonly expiresAt?: number;
  readonly grantedAt: number;
  /** E-mail of who granted it; `console` for the first owner. */
  readonly grantedBy: string;
}

/** A token for scripts and CI: what it may do is in it, and never more than its maker may. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  /** The name of an app, or `*`. */
  readonly app: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt?: number;
}

/** A signed-in browser. */
export interface Session {
  readonly id: string;
  readonly personId: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly address: string;
  /** `Firefox on Linux`, as far as the browser tells. */
  readonly browser: string;
  readonly way: string;
}

/** One entry of the audit log; each carries the hash of the one before it. */
export interface AuditEntry {
  readonly id: number;
  readonly time: number;
  /** E-mail, `token:<name> of <e-mail>`, `console`, or `nobody`. */
  readonly actor: string;
  readonly address?: string;
  /** `sign-in`, `sign-in.failed`, `access.grant`, `secrets.reveal`, `shell.open` … */
  readonly action: string;
  readonly app?: string;
  readonly environment?: string;
  /** Whom or what it was about. */
  readonly subject?: string;
  readonly detail?: string;
  readonly hash: string;
}

/** `GET /api/me`. */
export interface Me {
  readonly person: Person;
  /** The session this browser holds. */
  readonly sessionId: string;
  /** The role for `*`. */
  readonly everywhere?: Role;
  /** Actions that are about no app, such as `people.manage`. */
  readonly actions: readonly Action[];
  /** Apps with any role, by name. */
  readonly apps: readonly MyApp[];
}

/** An app that somebody may at least see. */
export interface MyApp {
  readonly app: string;
  readonly role: Role;
  readonly actions: readonly Action[];
}

/** `POST /api/account/password`; ends every other session. `current` is asked for where there is a password already. */
export interface PasswordChange {
  readonly current?: string;
  readonly password: string;
}

/** `GET /api/account/sessions`, the newest first. `DELETE /api/account/sessions/:id` ends one, and `…/sessions` all others. */
export interface SessionList {
  readonly sessions: readonly (Session & { readonly current: boolean })[];
}

/** `GET /api/account/tokens`. `DELETE /api/account/tokens/:id` ends one. */
export interface TokenList {
  readonly tokens: readonly ApiToken[];
}

/** `POST /api/account/tokens`. */
export interface NewToken {
  readonly name: string;
  /** The name of an app, or `*`. */
  readonly app: string;
  /** At most the caller's own for `app`. */
  readonly role: Role;
  /** At most 366 days ahead. Default: 90 days. */
  readonly expiresAt?: number;
}

/** What `POST /api/account/tokens` answers: the only time that `secret` is shown. */
export interface MadeToken {
  readonly token: ApiToken;
  /** `dpl_…`. */
  readonly secret: string;
}

/** `GET /api/people`, by e-mail. */
export interface PeopleList {
  readonly people: readonly PersonFacts[];
}

/** A person, and how far they reach. */
export interface PersonFacts {
  readonly person: Person;
  readonly grants: readonly ConsoleGrant[];
  /** How many are open. */
  readonly sessions: number;
  readonly tokens: number;
  /** An invitation that nobody has taken yet. */
  readonly invitation?: { readonly invitedBy: string; readonly expiresAt: number };
}

/** `POST /api/people`: invites, or invites again (the link before is void then). */
export interface Invite {
  readonly email: string;
  readonly name?: string;
  readonly grants?: readonly NewGrant[];
}

/** What inviting answers: the only time that the link is shown. */
export interface Invited {
  readonly person: Person;
  readonly link: string;
  readonly expiresAt: number;
}

/** A role to be given. */
export interface NewGrant {
  /** The name of an app, or `*`. */
  readonly app: string;
  readonly role: Role;
  /** Default: for good. */
  readonly expiresAt?: number;
}

/**
 * `POST /api/apps/:app/grants` and `POST /api/grants` (for `*`): one person has one grant per app, which this sets.
 *
 * Who is not known yet is invited: then the answer has `invited`.
 */
export interface GrantRequest {
  /** E-mail. */
  readonly person: string;
  readonly role: Role;
  readonly expiresAt?: number;
  /** Only here: whoever asks sees to the providers' own permissions. Default false. */
  readonly here?: boolean;
}

/** What granting answers. */
export interface Granted {
  readonly grant: ConsoleGrant;
  readonly person: Person;
  /** False: it was so already. */
  readonly changed: boolean;
  readonly invited?: Pick<Invited, "link" | "expiresAt">;
  /** What became of it at the providers; those without permissions of their own are left out. */
  readonly providers: readonly ProviderOutcome[];
}

/** What `DELETE /api/apps/:app/grants/:id` and `DELETE /api/grants/:id` answer. */
export interface Removed {
  readonly providers: readonly ProviderOutcome[];
}

/** What became of somebody's role at one provider. */
export interface ProviderOutcome {
  readonly app: string;
  readonly environment: string;
  readonly state: "granted" | "revoked" | "unchanged" | "failed";
  readonly problem?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** `DELETE /api/people/:id`: off everything, here and at the providers. */
export interface Revoked {
  /** How many of each were ended. */
  readonly ended: {
    readonly grants: number;
    readonly sessions: number;
    readonly tokens: number;
    readonly invitations: number;
  };
  /** The providers' own permissions, one for each app and environment that has any. */
  readonly providers: readonly ProviderRevocation[];
}

/** What became of somebody's permissions at a provider. */
export interface ProviderRevocation {
  readonly app: string;
  readonly environment: string;
  /** Names of apps at the provider that they were taken off. */
  readonly apps: readonly string[];
  /** Why it did not work, for a person: then something is left to do by hand. */
  readonly problem?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** `GET /api/people/:id/rights`: what this person can do. */
export interface PersonRights {
  readonly person: Person;
  readonly everywhere?: Role;
  readonly actions: readonly Action[];
  /** Apps this console knows and apps they hold a grant for, by name. */
  readonly apps: readonly (MyApp & {
    /** The grants that give the role; one for the app, or for `*`, or both. */
    readonly grants: readonly ConsoleGrant[];
  })[];
  readonly tokens: readonly ApiToken[];
}

/** `GET /api/apps/:app/access`: who can do what here. */
export interface AppAccess {
  readonly app: string;
  /** By role, the most powerful first, then by e-mail. */
  readonly people: readonly {
    readonly person: Person;
    readonly role: Role;
    readonly grants: readonly ConsoleGrant[];
  }[];
  /** By action of scope `app`: the least role for it, and the e-mails of who may. */
  readonly actions: readonly {
    readonly action: Action;
    readonly role: Role;
    readonly people: readonly string[];
  }[];
  readonly tokens: readonly (ApiToken & { readonly owner: string })[];
}

/** `GET /api/audit?before=<id>&limit=<n>` and `GET /api/apps/:app/audit`, newest first. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** More lie before the last of them. */
  readonly hasOlder: boolean;
}

/** `GET /api/audit/verify`: whether the chain of hashes holds. */
export type AuditVerdict =
  | { readonly intact: true; readonly entries: number; readonly head?: string }
  | { readonly intact: false; readonly entries: number; readonly brokenAt: number; readonly reason: string };

import type { Role } from "@deploy/core";
import type { Action } from "./actions.js";

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

/** Who makes a request. */
export type Caller =
  | { readonly kind: "nobody" }
  | { readonly kind: "person"; readonly person: Person; readonly sessionId: string }
  | { readonly kind: "token"; readonly token: ApiToken };

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
  /** E-mail, `token:<name>`, or `console`. */
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

/** What is written to the audit log. */
export type AuditRecord = Omit<AuditEntry, "id" | "time" | "hash">;

/** Decides what a caller may do: the only place that does (DESIGN section 7, rule 1). */
export interface Authority {
  /** Whether `caller` may do `action`, with `app` where the action is about one. Rights are read anew each time. */
  may(caller: Caller, action: Action, app?: string): Promise<boolean>;
  /** The role of a caller for an app; absent: none. */
  roleOf(caller: Caller, app: string): Promise<Role | undefined>;
  /** Called after any change of rights: grants, sessions, tokens, people. Answers with how to stop. */
  onChange(listener: () => void): () => void;
}

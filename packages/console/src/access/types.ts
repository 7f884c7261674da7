import type { ApiToken, AuditEntry, Person, Role } from "../shared/access-types.js";

export type { ApiToken, AuditEntry, ConsoleGrant, Person, Role, Session } from "../shared/access-types.js";

import type { Action } from "./actions.js";

/** Who makes a request. */
export type Caller =
  | { readonly kind: "nobody" }
  | { readonly kind: "person"; readonly person: Person; readonly sessionId: string }
  | { readonly kind: "token"; readonly token: ApiToken };

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

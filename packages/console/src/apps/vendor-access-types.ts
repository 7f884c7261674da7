import type { Role } from "../access/types.js";
import type { ProviderRevocation } from "../shared/access-types.js";
import type { Trouble, VendorAccessView } from "../shared/app-types.js";
import type { ConsoleEnvironment } from "./types.js";

/** Who the console lets in, as far as the providers are concerned: what the book of grants knows. */
export interface PeopleSource {
  /** The role somebody has for an app at present, a grant for `*` included; absent: none. */
  roleOf(email: string, app: string): Promise<Role | undefined>;
  /** Everybody with a role for this app, a grant for `*` included, by e-mail. */
  peopleOf(app: string): Promise<readonly { readonly email: string; readonly role: Role }[]>;
}

/** Who has caused a change at a provider, as the audit log has it. */
export interface Cause {
  readonly actor: string;
  /** Where the request came from; absent: the console acts by itself. */
  readonly address?: string;
}

/** What came of bringing one person's permissions at one provider in line. */
export interface VendorOutcome {
  readonly app: string;
  readonly environment: string;
  readonly person: string;
  /**
   * `unsupported`: the provider has no permissions, or no such role; `failed`: it is kept, shown and can be tried again.
   */
  readonly state: "granted" | "revoked" | "unchanged" | "unsupported" | "failed";
  readonly trouble?: Trouble;
}

/** The providers' own permissions: granted and revoked with those of the console, and compared with them. */
export interface VendorAccess {
  /**
   * Brings one person in line for one app, or for every app (`*`), after a grant was given, changed or taken here: gives
   * the role they have by now, or takes them off where they have none. Asked of all environments at once; never rejects,
   * and each outcome is written to the audit log.
   */
  settle(person: string, app: string, by: Cause): Promise<readonly VendorOutcome[]>;
  /** Takes a person off every app that the providers' credentials reach. Never rejects: what failed is in the answer, and kept. */
  revokeEverywhere(person: string, by: Cause): Promise<readonly ProviderRevocation[]>;
  /** Who is let in here, beside who is at the provider. */
  drift(environment: ConsoleEnvironment): Promise<VendorAccessView>;
  /** Gives there what is here (`grant`), or takes there what is not here (`revoke`), of one person. */
  apply(
    environment: ConsoleEnvironment,
    person: string,
    action: "grant" | "revoke",
    by: Cause,
  ): Promise<VendorOutcome>;
  close(): Promise<void>;
}

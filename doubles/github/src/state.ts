/** Somebody at GitHub. */
export interface GitHubUser {
  /** Never changes, and is never given out again. */
  readonly id: number;
  login: string;
  name: string | null;
  emails: { email: string; primary: boolean; verified: boolean }[];
  /** Logins of organizations. */
  organizations: string[];
  /** `acme/operators`. */
  teams: string[];
}

/** What goes wrong with the next call of a path. */
export type Fault =
  /** This status, and nothing is done. */
  | { readonly kind: "status"; readonly status: number }
  /** The connection is broken. */
  | { readonly kind: "reset" };

/** A code that was given out, and what it is good for. */
export interface Code {
  readonly user: GitHubUser;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly scopes: readonly string[];
  readonly until: number;
}

/** A token that was given out. */
export interface Token {
  readonly user: GitHubUser;
  readonly scopes: readonly string[];
}

/** Everything the double holds. */
export interface State {
  readonly users: GitHubUser[];
  readonly codes: Map<string, Code>;
  readonly tokens: Map<string, Token>;
  readonly faults: Map<string, Fault[]>;
  /** `GET /user`, in the order they came. */
  readonly calls: string[];
}

import type { GitHubUser, Token } from "./state.js";

/** An answer of the API: whole, or a list that is given in pages. */
export type RestAnswer =
  | { readonly one: object }
  | { readonly list: readonly object[] }
  | { readonly status: number; readonly message: string };

/** What a token may read of its person. */
export function read(path: string, { user, scopes }: Token): RestAnswer {
  switch (path) {
    case "/user":
      return { one: userOf(user) };
    case "/user/emails":
      if (!has(scopes, "user:email", "user")) return missing();
      return {
        list: user.emails.map((one) => ({ ...one, visibility: one.primary ? "private" : null })),
      };
    case "/user/orgs":
      if (!has(scopes, "read:org", "user", "admin:org")) return missing();
      return { list: user.organizations.map((login, index) => ({ login, id: 9_000 + index })) };
    case "/user/teams":
      if (!has(scopes, "read:org", "user", "admin:org")) return missing();
      return { list: user.teams.map(teamOf) };
    default:
      return { status: 404, message: "Not Found" };
  }
}

function userOf({ id, login, name, emails }: GitHubUser): object {
  // The public address, which says nothing about being verified: nobody may go by it.
  return { id, login, name, type: "User", email: emails[0]?.email ?? null };
}

function teamOf(full: string, index: number): object {
  const [login = "", slug = ""] = full.split("/");
  return { id: 7_000 + index, slug, name: slug, organization: { login, id: 9_000 + index } };
}

function has(scopes: readonly string[], ...any: readonly string[]): boolean {
  return any.some((scope) => scopes.includes(scope));
}

function missing(): RestAnswer {
  return { status: 403, message: "Resource not accessible: the token lacks a scope" };
}

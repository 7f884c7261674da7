/** The URL of a database: its scope and name are in it, as in a real one. */
export function databaseUrl(scope: string, name: string): string {
  return `postgres://app:${databasePassword(scope)}@db.reference.test/${encodeURIComponent(scope)}/${name}`;
}

/** The password in it: the same for the same scope, as a vendor keeps it. */
function databasePassword(scope: string): string {
  return `pw-${Buffer.from(scope).toString("hex").slice(0, 20)}-kept`;
}

/** The scope and name that a URL leads to. */
export function parseDatabaseUrl(url: string): { readonly scope: string; readonly name: string } {
  const [, scope = "", name = ""] = new URL(url).pathname.split("/");
  return { scope: decodeURIComponent(scope), name };
}

import type { Database, Queries } from "./database.js";
import type { Caller } from "./types.js";

/** What the parts of the access book share. */
export interface Parts {
  readonly database: Database;
  /** Milliseconds since 1970. */
  now(): number;
  /** Tells everybody who listens that rights have changed; called after the change is stored. */
  changed(): void;
}

/** Who does something: for the audit log, and for what they may hand on. */
export interface By {
  /** `console`: the console itself, on behalf of whoever started it. */
  readonly caller: Caller | "console";
  readonly address?: string;
}

/** The name of a caller in the audit log: an e-mail address, `token:<name> of <e-mail>`, `console` or `nobody`. */
export async function actorOf(queries: Queries, { caller }: By): Promise<string> {
  if (caller === "console") return "console";
  if (caller.kind === "nobody") return "nobody";
  if (caller.kind === "person") return caller.person.email;
  const owner = await queries.one("SELECT email FROM people WHERE id = ?", caller.token.ownerId);
  return `token:${caller.token.name} of ${owner?.email ?? "nobody"}`;
}

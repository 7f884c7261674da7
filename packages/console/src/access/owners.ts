import type { Queries } from "./database.js";
import { refusal } from "./errors.js";

/**
 * Does something to people or grants, and refuses it if no owner were left: nobody could let anybody in any more.
 *
 * An owner manages everything, for good, and has been here at least once: an invitation that nobody took opens no door.
 * Throws `access.last-owner`; the transaction around it undoes what was done.
 */
export async function keepingAnOwner<Result>(queries: Queries, work: () => Promise<Result>): Promise<Result> {
  const before = await oldestOwner(queries);
  const result = await work();
  if (before === undefined || (await oldestOwner(queries)) !== undefined) return result;
  throw refusal({
    code: "access.last-owner",
    message: "Nobody would be left who manages this console.",
    hint: "Make somebody else manager of everything, for good, and let them sign in once; then try again.",
    status: 409,
  });
}

/** The id of who has been an owner longest. */
export async function oldestOwner(queries: Queries): Promise<string | undefined> {
  const row = await queries.one(
    `SELECT p.id FROM people p JOIN grants g ON g.person_id = p.id
      WHERE g.app = '*' AND g.role = 'manager' AND g.expires_at IS NULL
        AND p.revoked_at IS NULL AND p.last_seen_at IS NOT NULL
      ORDER BY g.granted_at, p.created_at, p.id LIMIT 1`,
  );
  return row === undefined ? undefined : String(row.id);
}

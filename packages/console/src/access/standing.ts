import type { Role } from "../shared/access-types.js";
import type { Queries } from "./database.js";
import { isRole, reaches, type Standing, strongest, weaker } from "./rights.js";
import type { Caller } from "./types.js";

/** A session that is not used for so long ends, milliseconds: 7 days. */
export const sessionIdle: number = 7 * 24 * 60 * 60 * 1_000;

/** What a caller holds at this moment. */
export interface Reach {
  /** Signed in, or with a token that holds. */
  readonly alive: boolean;
  readonly grants: readonly { readonly app: string; readonly role: Role; readonly expiresAt?: number }[];
  /** Of a token: no more than this. */
  readonly cap?: { readonly app: string; readonly role: Role };
}

const NOTHING: Reach = { alive: false, grants: [] };

/**
 * Reads what a caller holds: whether the session or token still stands, and the grants that have not expired.
 *
 * What the caller object itself says is not believed beyond its id: it may be as old as the stream it opened.
 */
export async function reachOf(queries: Queries, now: number, caller: Caller): Promise<Reach> {
  if (caller.kind === "nobody") return NOTHING;
  const held = "LEFT JOIN grants g ON g.person_id = p.id AND (g.expires_at IS NULL OR g.expires_at > ?)";
  const rows =
    caller.kind === "person"
      ? await queries.all(
          `SELECT g.app, g.role, g.expires_at FROM sessions s JOIN people p ON p.id = s.person_id ${held}
            WHERE s.id = ? AND p.id = ? AND p.revoked_at IS NULL AND s.expires_at > ? AND s.last_seen_at > ?`,
          now,
          caller.sessionId,
          caller.person.id,
          now,
          now - sessionIdle,
        )
      : await queries.all(
          `SELECT g.app, g.role, g.expires_at, t.app AS cap_app, t.role AS cap_role
            FROM tokens t JOIN people p ON p.id = t.owner_id ${held}
            WHERE t.id = ? AND p.revoked_at IS NULL AND t.expires_at > ?`,
          now,
          caller.token.id,
          now,
        );
  const [first] = rows;
  if (first === undefined) return NOTHING;
  return {
    alive: true,
    grants: rows.flatMap(({ app, role, expires_at: expiresAt }) =>
      isRole(role)
        ? [{ app: String(app), role, ...(expiresAt === null ? {} : { expiresAt: Number(expiresAt) }) }]
        : [],
    ),
    ...(isRole(first.cap_role) ? { cap: { app: String(first.cap_app), role: first.cap_role } } : {}),
  };
}

/** What that means for one app, or for none. */
export function standingIn(reach: Reach, app?: string): Standing {
  return {
    alive: reach.alive,
    byToken: reach.cap !== undefined,
    here: app === undefined ? undefined : roleIn(reach, app),
    everywhere: roleIn(reach, "*"),
  };
}

function roleIn({ grants, cap }: Reach, app: string): Role | undefined {
  const own = strongest(grants.filter((grant) => covers(grant, app)).map(({ role }) => role));
  if (cap === undefined) return own;
  return covers(cap, app) ? weaker(cap.role, own) : undefined;
}

function covers(held: { readonly app: string }, app: string): boolean {
  return held.app === app || held.app === "*";
}

/** Until when a caller is sure to hold at least `role` for `app`: nothing, `Infinity`, or milliseconds since 1970. */
export function heldUntil(reach: Reach, app: string, role: Role): number | undefined {
  if (!reaches(roleIn(reach, app), role)) return undefined;
  const ends = reach.grants
    .filter((grant) => covers(grant, app) && reaches(grant.role, role))
    .map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY);
  return Math.max(...ends);
}

import type { Row } from "./database.js";
import { isRole } from "./rights.js";
import type { ApiToken, ConsoleGrant, Person, Role, Session } from "./types.js";

/** The columns that `personOf` needs; `p` is the table of people. */
export const personColumns = `p.id, p.email, p.name, p.created_at, p.last_seen_at, p.revoked_at,
  p.password IS NOT NULL AS has_password,
  (SELECT group_concat(way) FROM identities i WHERE i.person_id = p.id) AS provider_ways`;

/** A person, of a row with `personColumns`. */
export function personOf(row: Row): Person {
  const providers = row.provider_ways == null ? [] : String(row.provider_ways).split(",");
  return {
    id: String(row.id),
    email: String(row.email),
    name: String(row.name),
    createdAt: Number(row.created_at),
    ways: [...(row.has_password === 1 ? ["password"] : []), ...new Set(providers)],
    ...(row.last_seen_at == null ? {} : { lastSeenAt: Number(row.last_seen_at) }),
    ...(row.revoked_at == null ? {} : { revokedAt: Number(row.revoked_at) }),
  };
}

/** A grant, of a whole row. */
export function grantOf(row: Row): ConsoleGrant {
  return {
    id: String(row.id),
    personId: String(row.person_id),
    app: String(row.app),
    role: roleOf(row),
    grantedAt: Number(row.granted_at),
    grantedBy: String(row.granted_by),
    ...(row.expires_at == null ? {} : { expiresAt: Number(row.expires_at) }),
  };
}

/** A session, of a whole row. */
export function sessionOf(row: Row): Session {
  return {
    id: String(row.id),
    personId: String(row.person_id),
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    expiresAt: Number(row.expires_at),
    address: String(row.address),
    browser: String(row.browser),
    way: String(row.way),
  };
}

/** A token, of a whole row. */
export function tokenOf(row: Row): ApiToken {
  return {
    id: String(row.id),
    name: String(row.name),
    ownerId: String(row.owner_id),
    app: String(row.app),
    role: roleOf(row),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    ...(row.last_used_at == null ? {} : { lastUsedAt: Number(row.last_used_at) }),
  };
}

/** The table lets nothing else in; the weakest, should it ever be there all the same. */
function roleOf({ role }: Row): Role {
  return isRole(role) ? role : "viewer";
}

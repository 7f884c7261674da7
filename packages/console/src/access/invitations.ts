import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import { actorOf, type By } from "./parts.js";
import { addPerson, addressOf, findPersonByEmail, requirePerson } from "./person-rows.js";
import { personColumns, personOf } from "./rows.js";
import { hashSecret, newSecret } from "./secrets.js";
import type { Person } from "./types.js";

/** How long an invitation may be taken, milliseconds: 7 days. */
const invitationLife: number = 7 * 24 * 60 * 60 * 1_000;

/** An invitation that was just made: `secret` is shown once and stored nowhere. */
export interface MadeInvitation {
  readonly person: Person;
  readonly secret: string;
  readonly expiresAt: number;
}

/** An invitation that can still be taken. */
export interface OpenInvitation {
  readonly person: Person;
  readonly invitedBy: string;
  readonly expiresAt: number;
}

/** Invites within a transaction, and writes the entry of the audit log. */
export async function inviteWithin(
  queries: Queries,
  now: number,
  by: By,
  email: string,
  name?: string,
): Promise<MadeInvitation> {
  const known = await findPersonByEmail(queries, email);
  if (known !== undefined && known.revokedAt === undefined && known.lastSeenAt !== undefined) {
    throw refusal({
      code: "access.known",
      message: `${email} signs in here already.`,
      hint: "Grant them a role instead.",
      status: 409,
    });
  }
  const id = known?.id ?? (await addPerson(queries, now, { email, origin: "invited", ...named(name) }));
  // Who comes back starts anew: no way to sign in of the time before opens the door.
  await queries.run("DELETE FROM identities WHERE person_id = ?", id);
  await queries.run(
    `UPDATE people SET revoked_at = NULL, password = NULL, last_seen_at = NULL, origin = 'invited',
      name = coalesce(?, name) WHERE id = ?`,
    name ?? null,
    id,
  );
  const secret = newSecret();
  const expiresAt = now + invitationLife;
  const actor = await actorOf(queries, by);
  await queries.run(
    `INSERT INTO invitations (person_id, hash, invited_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, invited_by = excluded.invited_by,
        created_at = excluded.created_at, expires_at = excluded.expires_at`,
    id,
    hashSecret(secret),
    actor,
    now,
    expiresAt,
  );
  await appendAudit(queries, now, { actor, ...addressOf(by), action: "people.invite", subject: email });
  return { person: await requirePerson(queries, id), secret, expiresAt };
}

/** Whom an open invitation is for. */
export async function findInvitation(
  queries: Queries,
  now: number,
  secret: string,
): Promise<OpenInvitation | undefined> {
  const row = await queries.one(
    `SELECT ${personColumns}, n.invited_by, n.expires_at FROM invitations n JOIN people p ON p.id = n.person_id
      WHERE n.hash = ? AND n.expires_at > ? AND p.revoked_at IS NULL`,
    hashSecret(secret),
    now,
  );
  if (row === undefined) return undefined;
  return { person: personOf(row), invitedBy: String(row.invited_by), expiresAt: Number(row.expires_at) };
}

function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name };
}

import type { PersonFacts, Revoked } from "../shared/access-types.js";
import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import { keepingAnOwner } from "./owners.js";
import { actorOf, type By, type Parts } from "./parts.js";
import { grantOf, personColumns, personOf } from "./rows.js";
import { hashSecret, newId, newSecret } from "./secrets.js";
import type { Person } from "./types.js";
import { parseEmail, parseName } from "./values.js";

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

/** Who may sign in. */
export interface PeopleBook {
  /** By e-mail; who was revoked comes too. */
  list(): Promise<readonly PersonFacts[]>;
  find(id: string): Promise<Person | undefined>;
  byEmail(email: string): Promise<Person | undefined>;
  /**
   * Makes a link for somebody new, for who has not taken theirs (the one before is void), or for who was revoked.
   *
   * Throws `access.bad-email`, `access.bad-name`, `access.known` for who signs in already.
   */
  invite(by: By, wanted: { readonly email: string; readonly name?: string }): Promise<MadeInvitation>;
  /** Whom the secret of a link is for; does not use it up. */
  invitation(secret: string): Promise<OpenInvitation | undefined>;
  /**
   * Takes somebody off everything: grants, sessions, tokens, invitation, ways to sign in. Their name stays, for the
   * audit log, and so that no rule of a provider lets them in again.
   *
   * Throws `access.no-person`, `access.last-owner`.
   */
  revoke(by: By, id: string): Promise<Revoked["ended"]>;
}

/** The people of a database. */
export function createPeopleBook(parts: Parts): PeopleBook {
  const { database, now } = parts;
  return {
    list: () => listPeople(database, now()),
    find: (id) => findPerson(database, id),
    byEmail: (email) => findPersonByEmail(database, email),
    invite: async (by, { email, name }) => {
      const made = await database.write((queries) =>
        inviteWithin(queries, now(), by, parseEmail(email), name === undefined ? undefined : parseName(name)),
      );
      parts.changed();
      return made;
    },
    invitation: (secret) => findInvitation(database, now(), secret),
    revoke: async (by, id) => {
      const ended = await database.write((queries) =>
        keepingAnOwner(queries, () => revokeWithin(queries, now(), by, id)),
      );
      parts.changed();
      return ended;
    },
  };
}

/** A person by id, revoked or not. */
async function findPerson(queries: Queries, id: string): Promise<Person | undefined> {
  const row = await queries.one(`SELECT ${personColumns} FROM people p WHERE p.id = ?`, id);
  return row === undefined ? undefined : personOf(row);
}

/** A person by e-mail, in whatever case it is written. */
export async function findPersonByEmail(queries: Queries, email: string): Promise<Person | undefined> {
  const row = await queries.one(
    `SELECT ${personColumns} FROM people p WHERE p.email = ?`,
    email.toLowerCase(),
  );
  return row === undefined ? undefined : personOf(row);
}

/** A person who is there. Throws `access.no-person`. */
export async function requirePerson(queries: Queries, id: string): Promise<Person> {
  const person = await findPerson(queries, id);
  if (person !== undefined) return person;
  throw refusal({
    code: "access.no-person",
    message: "There is no such person.",
    hint: "Look into the list of people.",
    status: 404,
  });
}

/** Makes a person's row; the e-mail has been checked. */
export async function addPerson(
  queries: Queries,
  now: number,
  { email, name, origin }: { readonly email: string; readonly name?: string; readonly origin: string },
): Promise<string> {
  const id = newId();
  await queries.run(
    "INSERT INTO people (id, email, name, created_at, origin) VALUES (?, ?, ?, ?, ?)",
    id,
    email,
    name ?? email.slice(0, email.indexOf("@")).slice(0, 80),
    now,
    origin,
  );
  return id;
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

async function revokeWithin(queries: Queries, now: number, by: By, id: string): Promise<Revoked["ended"]> {
  const person = await requirePerson(queries, id);
  const ended = {
    grants: await queries.run("DELETE FROM grants WHERE person_id = ?", id),
    sessions: await queries.run("DELETE FROM sessions WHERE person_id = ?", id),
    tokens: await queries.run("DELETE FROM tokens WHERE owner_id = ?", id),
    invitations: await queries.run("DELETE FROM invitations WHERE person_id = ?", id),
  };
  await queries.run("DELETE FROM identities WHERE person_id = ?", id);
  await queries.run(
    "UPDATE people SET revoked_at = coalesce(revoked_at, ?), password = NULL WHERE id = ?",
    now,
    id,
  );
  await appendAudit(queries, now, {
    actor: await actorOf(queries, by),
    ...addressOf(by),
    action: "people.revoke",
    subject: person.email,
    detail: `${ended.grants} grants, ${ended.sessions} sessions, ${ended.tokens} tokens`,
  });
  return ended;
}

async function listPeople(queries: Queries, now: number): Promise<readonly PersonFacts[]> {
  const [people, grants] = await Promise.all([
    queries.all(
      `SELECT ${personColumns}, n.invited_by, n.expires_at AS invited_until,
        (SELECT count(*) FROM sessions s WHERE s.person_id = p.id AND s.expires_at > ?) AS sessions,
        (SELECT count(*) FROM tokens t WHERE t.owner_id = p.id AND t.expires_at > ?) AS tokens
        FROM people p LEFT JOIN invitations n ON n.person_id = p.id AND n.expires_at > ? ORDER BY p.email`,
      now,
      now,
      now,
    ),
    queries.all("SELECT * FROM grants WHERE expires_at IS NULL OR expires_at > ? ORDER BY app", now),
  ]);
  return people.map((row) => ({
    person: personOf(row),
    grants: grants.filter((grant) => grant.person_id === row.id).map(grantOf),
    sessions: Number(row.sessions),
    tokens: Number(row.tokens),
    ...(row.invited_by == null
      ? {}
      : { invitation: { invitedBy: String(row.invited_by), expiresAt: Number(row.invited_until) } }),
  }));
}

/** The address of who does it, where there is one. */
export function addressOf({ address }: By): { readonly address?: string } {
  return address === undefined ? {} : { address };
}

function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name };
}

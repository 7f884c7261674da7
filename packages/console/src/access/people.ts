import type { PersonFacts, Revoked } from "../shared/access-types.js";
import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { setGrantWithin, type WantedGrant } from "./grants.js";
import { findInvitation, inviteWithin, type MadeInvitation, type OpenInvitation } from "./invitations.js";
import { keepingAnOwner } from "./owners.js";
import { actorOf, type By, type Parts } from "./parts.js";
import { addressOf, findPerson, findPersonByEmail, requirePerson } from "./person-rows.js";
import { grantOf, personColumns, personOf } from "./rows.js";
import type { Person } from "./types.js";
import { parseEmail, parseName } from "./values.js";

/** Whom to invite, and with which roles. */
export interface WantedInvitation {
  readonly email: string;
  /** Default: what stands before the `@`. */
  readonly name?: string;
  /** Default: none. */
  readonly grants?: readonly Omit<WantedGrant, "person">[];
}

/** Who may sign in. */
export interface PeopleBook {
  /** By e-mail; who was revoked comes too. */
  list(): Promise<readonly PersonFacts[]>;
  find(id: string): Promise<Person | undefined>;
  byEmail(email: string): Promise<Person | undefined>;
  /**
   * Makes a link for somebody new, for who has not taken theirs (the one before is void), or for who was revoked, and
   * gives them the roles that come with it: all of it, or nothing.
   *
   * Throws `access.bad-email`, `access.bad-name`, `access.known` for who signs in already, and what giving a role throws.
   */
  invite(by: By, wanted: WantedInvitation): Promise<MadeInvitation>;
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
    invite: async (by, { email: address, name, grants = [] }) => {
      const email = parseEmail(address);
      const readable = name === undefined ? undefined : parseName(name);
      const made = await database.write((queries) =>
        keepingAnOwner(queries, async () => {
          const time = now();
          const invitation = await inviteWithin(queries, time, by, email, readable);
          for (const grant of grants) await setGrantWithin(queries, time, by, { ...grant, person: email });
          return invitation;
        }),
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

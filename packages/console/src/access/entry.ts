import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import { type ProvenIdentity, personOfIdentity } from "./identities.js";
import { findInvitation } from "./invitations.js";
import { networkOf } from "./network.js";
import { oldestOwner } from "./owners.js";
import type { By, Parts } from "./parts.js";
import { addPerson, findPersonByEmail, requirePerson } from "./person-rows.js";
import { hashSecret, newId, newSecret } from "./secrets.js";
import { type BegunSession, beginSession, endOthersWithin, type NewSession } from "./sessions.js";
import type { Person } from "./types.js";
import { parseEmail, parseName } from "./values.js";

/** How long the link for an owner may be used, milliseconds: 10 minutes. */
const ownerLinkLife: number = 10 * 60 * 1_000;

/** Where somebody comes from. */
export type From = Pick<NewSession, "address" | "userAgent">;

/** What is known of an account before its password is looked at. */
export interface PasswordFacts {
  readonly personId?: string;
  /** Absent: there is none, or nobody of that name. */
  readonly hash?: string;
  /** They have signed in from this network before. */
  readonly known: boolean;
}

/** The ways in: who has been proven to be whom is given a session here, and nowhere else. */
export interface EntryBook {
  passwordFacts(email: string, address: string): Promise<PasswordFacts>;
  /** After the password was found right. */
  enterWithPassword(personId: string, from: From): Promise<BegunSession>;
  /** Sets a password; ends every other session of theirs. */
  setPassword(by: By, personId: string, hash: string, keepSession?: string): Promise<void>;
  /** Makes the link for an owner: its secret. The links before are void. */
  makeOwnerLink(): Promise<string>;
  hasOwner(): Promise<boolean>;
  /** Whom a link signs in: the owner of longest standing, absent where it makes the first one; undefined: the link is void. */
  ownerOfLink(secret: string): Promise<{ readonly owner?: Person } | undefined>;
  /**
   * Uses the link up: signs in the owner of longest standing, or makes the first one, who has to have an address. A link
   * that is refused for what comes with it can be used again.
   *
   * Throws `sign-in.link-over`, `access.no-email`, `access.bad-email`, `access.bad-name`.
   */
  enterWithLink(
    secret: string,
    first: { readonly email?: string; readonly name?: string },
    from: From,
  ): Promise<BegunSession>;
  /** Takes an invitation, once. Throws `sign-in.invitation-over`. */
  enterWithInvitation(
    secret: string,
    passwordHash: string,
    name: string | undefined,
    from: From,
  ): Promise<BegunSession>;
  /**
   * Signs in who a provider has proven: known by the issuer's name for them; else by the verified e-mail of somebody who
   * is here or was invited; else by a rule, without any grant.
   *
   * Throws `sign-in.not-allowed`, `sign-in.revoked`.
   */
  enterWithIdentity(identity: ProvenIdentity, from: From): Promise<BegunSession>;
}

/** The ways in of a database. */
export function createEntryBook(parts: Parts): EntryBook {
  const { database, now } = parts;
  const changing = async <Result>(
    work: (queries: Queries, time: number) => Promise<Result>,
  ): Promise<Result> => {
    const result = await database.write((queries) => work(queries, now()));
    parts.changed();
    return result;
  };
  return {
    passwordFacts: async (email, address) => {
      const row = await database.one(
        `SELECT p.id, p.password, p.revoked_at,
          EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = p.id AND s.network = ?) AS known
          FROM people p WHERE p.email = ?`,
        networkOf(address),
        email.toLowerCase(),
      );
      if (row === undefined) return { known: false };
      return {
        personId: String(row.id),
        known: row.known === 1,
        ...(row.password === null || row.revoked_at !== null ? {} : { hash: String(row.password) }),
      };
    },
    enterWithPassword: (personId, from) =>
      changing((queries, time) => beginSession(queries, time, { ...from, personId, way: "password" })),
    setPassword: (by, personId, hash, keepSession) =>
      changing(async (queries, time) => {
        const person = await requirePerson(queries, personId);
        await queries.run("UPDATE people SET password = ? WHERE id = ?", hash, personId);
        await appendAudit(queries, time, {
          actor: person.email,
          ...(by.address === undefined ? {} : { address: by.address }),
          action: "account.password",
        });
        await endOthersWithin(queries, time, by, personId, keepSession);
      }),
    makeOwnerLink: () =>
      database.write(async (queries) => {
        const secret = newSecret();
        const time = now();
        await queries.run("DELETE FROM owner_links");
        await queries.run(
          "INSERT INTO owner_links (hash, expires_at) VALUES (?, ?)",
          hashSecret(secret),
          time + ownerLinkLife,
        );
        await appendAudit(queries, time, { actor: "console", action: "owner-link.make" });
        return secret;
      }),
    hasOwner: async () => (await oldestOwner(database)) !== undefined,
    ownerOfLink: async (secret) => {
      const open = await database.one(
        "SELECT 1 FROM owner_links WHERE hash = ? AND expires_at > ?",
        hashSecret(secret),
        now(),
      );
      if (open === undefined) return undefined;
      const owner = await oldestOwner(database);
      return owner === undefined ? {} : { owner: await requirePerson(database, owner) };
    },
    enterWithLink: (secret, first, from) =>
      changing(async (queries, time) => {
        const used = await queries.run(
          "DELETE FROM owner_links WHERE hash = ? AND expires_at > ?",
          hashSecret(secret),
          time,
        );
        if (used === 0) throw linkOver();
        const personId = (await oldestOwner(queries)) ?? (await makeFirstOwner(queries, time, first));
        return beginSession(queries, time, { ...from, personId, way: "link" });
      }),
    enterWithInvitation: (secret, passwordHash, name, from) =>
      changing(async (queries, time) => {
        const invitation = await findInvitation(queries, time, secret);
        if (invitation === undefined) throw invitationOver();
        const { id } = invitation.person;
        await queries.run("DELETE FROM invitations WHERE person_id = ?", id);
        await queries.run(
          "UPDATE people SET password = ?, name = coalesce(?, name) WHERE id = ?",
          passwordHash,
          name === undefined ? null : parseName(name),
          id,
        );
        return beginSession(queries, time, { ...from, personId: id, way: "invitation" });
      }),
    enterWithIdentity: (identity, from) =>
      changing(async (queries, time) => {
        const personId = await personOfIdentity(queries, time, identity);
        // Whoever has proven the address needs the link no more, and nobody else may use it.
        await queries.run("DELETE FROM invitations WHERE person_id = ?", personId);
        return beginSession(queries, time, { ...from, personId, way: identity.way });
      }),
  };
}

async function makeFirstOwner(
  queries: Queries,
  time: number,
  first: { readonly email?: string; readonly name?: string },
): Promise<string> {
  if (first.email === undefined) {
    throw refusal({
      code: "access.no-email",
      message: "Nobody said who the first owner is.",
      hint: "Give an e-mail address: by it the providers know the owner, and the owner signs in later.",
      status: 400,
    });
  }
  const email = parseEmail(first.email);
  const name = first.name === undefined ? {} : { name: parseName(first.name) };
  const known = await findPersonByEmail(queries, email);
  const id = known?.id ?? (await addPerson(queries, time, { email, origin: "owner", ...name }));
  await queries.run("UPDATE people SET revoked_at = NULL, origin = 'owner' WHERE id = ?", id);
  await queries.run(
    `INSERT INTO grants (id, person_id, app, role, granted_at, granted_by) VALUES (?, ?, '*', 'manager', ?, 'console')
      ON CONFLICT (person_id, app) DO UPDATE SET role = 'manager', expires_at = NULL`,
    newId(),
    id,
    time,
  );
  await appendAudit(queries, time, {
    actor: "console",
    action: "access.grant",
    app: "*",
    subject: email,
    detail: "manager, the first owner",
  });
  return id;
}

/** An owner's link that is no use any more. */
export function linkOver(): Error {
  return over("sign-in.link-over", "Start the console again with --owner-link for a new one.");
}

/** An invitation that is no use any more. */
export function invitationOver(): Error {
  return over("sign-in.invitation-over", "Ask whoever invited you for a new link.");
}

function over(code: string, hint: string): Error {
  return refusal({
    code,
    message: "This link has been used, has expired, or was replaced by a newer one.",
    hint,
    status: 401,
  });
}

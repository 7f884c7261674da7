import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import { inviteWithin, type MadeInvitation } from "./invitations.js";
import { keepingAnOwner } from "./owners.js";
import { actorOf, type By, type Parts } from "./parts.js";
import { addressOf, findPersonByEmail, requirePerson } from "./person-rows.js";
import { grantOf } from "./rows.js";
import { newId } from "./secrets.js";
import { heldUntil, reachOf } from "./standing.js";
import type { ConsoleGrant, Person, Role } from "./types.js";
import { parseApp, parseEmail, parseExpiry, parseRole } from "./values.js";

/** A role to be given. */
export interface WantedGrant {
  /** E-mail. */
  readonly person: string;
  readonly app: string;
  readonly role: Role;
  /** Milliseconds since 1970. Default: for good. */
  readonly expiresAt?: number;
}

/** What came of granting. */
export interface SetGrant {
  readonly grant: ConsoleGrant;
  readonly person: Person;
  /** False: it was so already. */
  readonly changed: boolean;
  /** Who was not known has been invited. */
  readonly invitation?: MadeInvitation;
}

/** Roles of people for apps. A person has at most one grant for an app, and one for `*`. */
export interface GrantBook {
  /**
   * Gives a role, in the place of the one before. Nobody gives more than they have, nor for longer.
   *
   * Throws `access.bad-email`, `access.bad-app`, `access.bad-role`, `access.bad-expiry`, `access.more-than-own`,
   * `access.longer-than-own`, `access.revoked`, `access.last-owner`.
   */
  set(by: By, wanted: WantedGrant): Promise<SetGrant>;
  /** Takes a grant away, of this app only; false: there was none. Throws `access.more-than-own`, `access.last-owner`. */
  remove(by: By, id: string, app: string): Promise<boolean>;
  /** Grants of a person that have not expired, by app. */
  ofPerson(personId: string): Promise<readonly ConsoleGrant[]>;
  /** Grants for this app that have not expired; those for `*` are no part of it. */
  ofApp(app: string): Promise<readonly ConsoleGrant[]>;
}

/** The grants of a database. */
export function createGrantBook(parts: Parts): GrantBook {
  const { database, now } = parts;
  const valid = "(expires_at IS NULL OR expires_at > ?)";
  return {
    set: async (by, wanted) => {
      const result = await database.write((queries) =>
        keepingAnOwner(queries, () => setGrantWithin(queries, now(), by, wanted)),
      );
      if (result.changed) parts.changed();
      return result;
    },
    remove: async (by, id, app) => {
      const removed = await database.write((queries) =>
        keepingAnOwner(queries, () => removeWithin(queries, now(), by, id, app)),
      );
      if (removed) parts.changed();
      return removed;
    },
    ofPerson: async (personId) =>
      (
        await database.all(
          `SELECT * FROM grants WHERE person_id = ? AND ${valid} ORDER BY app`,
          personId,
          now(),
        )
      ).map(grantOf),
    ofApp: async (app) =>
      (
        await database.all(
          `SELECT * FROM grants WHERE app = ? AND ${valid} ORDER BY granted_at, id`,
          app,
          now(),
        )
      ).map(grantOf),
  };
}

/** Gives a role within a transaction, and writes the entry of the audit log. */
export async function setGrantWithin(
  queries: Queries,
  now: number,
  by: By,
  wanted: WantedGrant,
): Promise<SetGrant> {
  const email = parseEmail(wanted.person);
  const app = parseApp(wanted.app);
  const role = parseRole(wanted.role);
  const expiresAt = parseExpiry(wanted.expiresAt, now);
  await assertOwn(queries, now, by, app, "manager", expiresAt);
  const known = await findPersonByEmail(queries, email);
  if (known?.revokedAt !== undefined) await assertMayReturn(queries, now, by, email);
  const invitation =
    known === undefined || known.revokedAt !== undefined
      ? await inviteWithin(queries, now, by, email)
      : undefined;
  const person = invitation?.person ?? known;
  if (person === undefined) throw new Error("who is not known has been invited");
  const before = await queries.one("SELECT * FROM grants WHERE person_id = ? AND app = ?", person.id, app);
  if (before?.role === role && (before.expires_at ?? undefined) === expiresAt) {
    return { grant: grantOf(before), person, changed: false };
  }
  const actor = await actorOf(queries, by);
  await queries.run(
    `INSERT INTO grants (id, person_id, app, role, expires_at, granted_at, granted_by) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (person_id, app) DO UPDATE SET role = excluded.role, expires_at = excluded.expires_at,
        granted_at = excluded.granted_at, granted_by = excluded.granted_by`,
    newId(),
    person.id,
    app,
    role,
    expiresAt ?? null,
    now,
    actor,
  );
  const until = expiresAt === undefined ? "" : ` until ${new Date(expiresAt).toISOString()}`;
  const instead = before === undefined ? "" : ` instead of ${before.role}`;
  await appendAudit(queries, now, {
    actor,
    ...addressOf(by),
    action: "access.grant",
    app,
    subject: email,
    detail: `${role}${until}${instead}`,
  });
  const row = await queries.one("SELECT * FROM grants WHERE person_id = ? AND app = ?", person.id, app);
  if (row === undefined) throw new Error("a grant that was just stored is not there");
  return { grant: grantOf(row), person, changed: true, ...(invitation === undefined ? {} : { invitation }) };
}

async function removeWithin(
  queries: Queries,
  now: number,
  by: By,
  id: string,
  app: string,
): Promise<boolean> {
  const row = await queries.one("SELECT * FROM grants WHERE id = ? AND app = ?", id, app);
  if (row === undefined) return false;
  await assertOwn(queries, now, by, app, "manager");
  const person = await requirePerson(queries, String(row.person_id));
  await queries.run("DELETE FROM grants WHERE id = ?", id);
  await appendAudit(queries, now, {
    actor: await actorOf(queries, by),
    ...addressOf(by),
    action: "access.revoke",
    app,
    subject: person.email,
    detail: String(row.role),
  });
  return true;
}

/**
 * Nobody hands on more than they have. Without `expiresAt` the grant is for good; what is taken away has no end to ask
 * for, hence `undefined` is compared only where something is given.
 */
async function assertOwn(
  queries: Queries,
  now: number,
  { caller }: By,
  app: string,
  role: Role,
  ...end: readonly [expiresAt?: number | undefined]
): Promise<void> {
  if (caller === "console") return;
  const until = heldUntil(await reachOf(queries, now, caller), app, role);
  if (until === undefined) {
    throw refusal({
      code: "access.more-than-own",
      message:
        app === "*"
          ? "Only who manages everything grants for all apps."
          : `Only who manages ${app} grants for it.`,
      hint: "Ask somebody who is manager there.",
      status: 403,
    });
  }
  if (end.length === 0 || (end[0] ?? Number.POSITIVE_INFINITY) <= until) return;
  throw refusal({
    code: "access.longer-than-own",
    message: `Your own role ends on ${new Date(until).toISOString()}; nobody grants for longer than they have.`,
    hint: "Give the grant an end that is not later than that.",
    status: 403,
  });
}

/** Who was taken off everything is let in again by somebody who manages everything. Throws `access.revoked`. */
async function assertMayReturn(queries: Queries, now: number, { caller }: By, email: string): Promise<void> {
  if (caller === "console") return;
  if (heldUntil(await reachOf(queries, now, caller), "*", "manager") !== undefined) return;
  throw refusal({
    code: "access.revoked",
    message: `The access of ${email} has been taken away everywhere.`,
    hint: "Ask somebody who manages people to invite them again.",
    status: 409,
  });
}

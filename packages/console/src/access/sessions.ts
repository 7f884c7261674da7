import { appendAudit } from "./audit.js";
import type { Queries } from "./database.js";
import { refusal } from "./errors.js";
import { networkOf } from "./network.js";
import { actorOf, type By, type Parts } from "./parts.js";
import { addressOf, requirePerson } from "./person-rows.js";
import { personColumns, personOf, sessionOf } from "./rows.js";
import { hashSecret, newId, newSecret } from "./secrets.js";
import { sessionIdle } from "./standing.js";
import type { Caller, Person, Session } from "./types.js";

/** A session ends after so long, used or not, milliseconds: 30 days. */
export const sessionLife: number = 30 * 24 * 60 * 60 * 1_000;

/** So many a person may have; the one not used for longest makes room. */
const mostSessions = 50;

/** Between two notes of when a session was last used, milliseconds. */
const touchEvery = 60_000;

/** What a session begins with. */
export interface NewSession {
  readonly personId: string;
  /** `password`, `link`, `invitation`, `github`, `oidc`. */
  readonly way: string;
  readonly address: string;
  readonly userAgent: string;
}

/** Browsers that are signed in. */
export interface SessionBook {
  /** Whose cookie this is; undefined: unknown, expired, ended. */
  callerOf(secret: string): Promise<Extract<Caller, { kind: "person" }> | undefined>;
  /** Open sessions of a person, the newest first. */
  list(personId: string): Promise<readonly Session[]>;
  /** Ends one of a person's own; false: there was none. */
  end(by: By, personId: string, id: string): Promise<boolean>;
  /** Ends all of a person's but one; answers with how many. */
  endOthers(by: By, personId: string, keep?: string): Promise<number>;
}

/** The sessions of a database. */
export function createSessionBook(parts: Parts): SessionBook {
  const { database, now } = parts;
  return {
    callerOf: async (secret) => {
      const time = now();
      const row = await database.one(
        `SELECT ${personColumns}, s.id AS session_id, s.last_seen_at AS session_seen
          FROM sessions s JOIN people p ON p.id = s.person_id
          WHERE s.hash = ? AND s.expires_at > ? AND s.last_seen_at > ? AND p.revoked_at IS NULL`,
        hashSecret(secret),
        time,
        time - sessionIdle,
      );
      if (row === undefined) return undefined;
      const sessionId = String(row.session_id);
      if (time - Number(row.session_seen) >= touchEvery) {
        await database.run("UPDATE sessions SET last_seen_at = ? WHERE id = ?", time, sessionId);
        await database.run("UPDATE people SET last_seen_at = ? WHERE id = ?", time, String(row.id));
      }
      return { kind: "person", person: personOf(row), sessionId };
    },
    list: async (personId) =>
      (
        await database.all(
          `SELECT * FROM sessions WHERE person_id = ? AND expires_at > ? AND last_seen_at > ?
            ORDER BY created_at DESC, id`,
          personId,
          now(),
          now() - sessionIdle,
        )
      ).map(sessionOf),
    end: async (by, personId, id) => {
      const ended = await database.write(async (queries) => {
        const count = await queries.run("DELETE FROM sessions WHERE id = ? AND person_id = ?", id, personId);
        if (count > 0) await auditEnd(queries, now(), by, personId, "session.end");
        return count > 0;
      });
      if (ended) parts.changed();
      return ended;
    },
    endOthers: async (by, personId, keep) => {
      const count = await database.write((queries) => endOthersWithin(queries, now(), by, personId, keep));
      if (count > 0) parts.changed();
      return count;
    },
  };
}

/** Ends all sessions of a person but one, within a transaction. */
export async function endOthersWithin(
  queries: Queries,
  now: number,
  by: By,
  personId: string,
  keep?: string,
): Promise<number> {
  const count = await queries.run(
    "DELETE FROM sessions WHERE person_id = ? AND id <> ?",
    personId,
    keep ?? "",
  );
  if (count > 0) await auditEnd(queries, now, by, personId, "session.end-all", `${count} sessions`);
  return count;
}

async function auditEnd(
  queries: Queries,
  now: number,
  by: By,
  personId: string,
  action: string,
  detail?: string,
): Promise<void> {
  const { email } = await requirePerson(queries, personId);
  const actor = await actorOf(queries, by);
  await appendAudit(queries, now, {
    actor,
    ...addressOf(by),
    action,
    subject: email,
    ...(detail === undefined ? {} : { detail }),
  });
}

/** A session that has just begun: `secret` is the cookie's value. */
export interface BegunSession {
  readonly secret: string;
  readonly sessionId: string;
  readonly person: Person;
}

/**
 * Begins a session within the transaction that has made sure of who it is. Always with a secret of its own: none that
 * a browser brought is ever taken over.
 *
 * Throws `sign-in.revoked`.
 */
export async function beginSession(queries: Queries, now: number, wanted: NewSession): Promise<BegunSession> {
  const { personId, way, address, userAgent } = wanted;
  const person = await requirePerson(queries, personId);
  if (person.revokedAt !== undefined) {
    throw refusal({
      code: "sign-in.revoked",
      message: "The access of this person has been taken away.",
      hint: "Somebody who manages people can invite them again.",
      status: 403,
    });
  }
  await queries.run(
    "DELETE FROM sessions WHERE expires_at <= ? OR last_seen_at <= ?",
    now,
    now - sessionIdle,
  );
  await queries.run(
    `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE person_id = ?
      ORDER BY last_seen_at DESC LIMIT -1 OFFSET ?)`,
    personId,
    mostSessions - 1,
  );
  const secret = newSecret();
  const sessionId = newId();
  await queries.run(
    `INSERT INTO sessions (id, hash, person_id, way, address, network, browser, created_at, last_seen_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    sessionId,
    hashSecret(secret),
    personId,
    way,
    address,
    networkOf(address),
    browserOf(userAgent),
    now,
    now,
    now + sessionLife,
  );
  await queries.run("UPDATE people SET last_seen_at = ? WHERE id = ?", now, personId);
  await appendAudit(queries, now, { actor: person.email, address, action: "sign-in", detail: way });
  return { secret, sessionId, person: await requirePerson(queries, personId) };
}

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\//, "Firefox"],
  [/\b(?:Chrome|Chromium|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, "Android"],
  [/\b(?:iPhone|iPad)\b/, "iOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** `Firefox on Linux`: for a person to tell sessions apart; what a browser says of itself is stored nowhere. */
function browserOf(userAgent: string): string {
  const find = (table: readonly (readonly [RegExp, string])[]): string | undefined =>
    table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = find(browsers) ?? "Unknown browser";
  const system = find(systems);
  return system === undefined ? browser : `${browser} on ${system}`;
}

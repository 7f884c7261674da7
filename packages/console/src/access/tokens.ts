import { appendAudit } from "./audit.js";
import { refusal } from "./errors.js";
import { actorOf, type By, type Parts } from "./parts.js";
import { addressOf } from "./person-rows.js";
import { tokenOf } from "./rows.js";
import { hashSecret, newId, newSecret } from "./secrets.js";
import { heldUntil, reachOf } from "./standing.js";
import type { ApiToken, Caller, Role } from "./types.js";
import { parseApp, parseExpiry, parseName, parseRole } from "./values.js";

/** What every token begins with: for people, secret scanners and our own redaction to know one by. */
const tokenPrefix = "dpl_";

const day = 24 * 60 * 60 * 1_000;

/** A token lasts so long where nothing else is said, milliseconds: 90 days. */
const tokenLife: number = 90 * day;

/** And never longer than this: 366 days. */
const longestTokenLife = 366 * day;

/** So many a person may have at a time. */
const mostTokens = 100;

/** Between two notes of when a token was last used, milliseconds. */
const touchEvery = 60_000;

/** What a token is to be. */
export interface WantedToken {
  readonly name: string;
  readonly app: string;
  readonly role: Role;
  /** Milliseconds since 1970. Default: 90 days from now. */
  readonly expiresAt?: number;
}

/** Tokens for scripts and CI. */
export interface TokenBook {
  /**
   * Makes one; `secret` is shown once and stored nowhere. What it may do is asked anew each time: its own role, and
   * never more than its owner's at that moment.
   *
   * Throws `access.bad-name`, `access.bad-app`, `access.bad-role`, `access.bad-expiry`, `access.more-than-own`,
   * `access.too-many-tokens`.
   */
  make(
    by: { readonly caller: Extract<Caller, { kind: "person" }>; readonly address?: string },
    wanted: WantedToken,
  ): Promise<{ readonly token: ApiToken; readonly secret: string }>;
  /** Whose token this is; undefined: unknown, expired, ended. */
  callerOf(secret: string): Promise<Extract<Caller, { kind: "token" }> | undefined>;
  /** Tokens of a person that hold, the newest first. */
  list(personId: string): Promise<readonly ApiToken[]>;
  /** Tokens that reach an app, with the e-mail of their owners. */
  ofApp(app: string): Promise<readonly (ApiToken & { readonly owner: string })[]>;
  /** Ends one of a person's own; false: there was none. */
  end(by: By, personId: string, id: string): Promise<boolean>;
}

/** The tokens of a database. */
export function createTokenBook(parts: Parts): TokenBook {
  const { database, now } = parts;
  return {
    make: async (by, wanted) => {
      const secret = `${tokenPrefix}${newSecret()}`;
      const token = await database.write(async (queries) => {
        const time = now();
        const name = parseName(wanted.name);
        const app = parseApp(wanted.app);
        const role = parseRole(wanted.role);
        const expiresAt = parseExpiry(wanted.expiresAt, time) ?? time + tokenLife;
        if (expiresAt > time + longestTokenLife) throw tooLong();
        if (heldUntil(await reachOf(queries, time, by.caller), app, role) === undefined)
          throw tooMuch(role, app);
        const ownerId = by.caller.person.id;
        await queries.run("DELETE FROM tokens WHERE expires_at <= ?", time);
        const held = await queries.one("SELECT count(*) AS count FROM tokens WHERE owner_id = ?", ownerId);
        if (Number(held?.count) >= mostTokens) throw tooMany();
        const id = newId();
        await queries.run(
          `INSERT INTO tokens (id, hash, name, owner_id, app, role, created_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          id,
          hashSecret(secret),
          name,
          ownerId,
          app,
          role,
          time,
          expiresAt,
        );
        await appendAudit(queries, time, {
          actor: await actorOf(queries, by),
          ...addressOf(by),
          action: "token.make",
          app,
          subject: name,
          detail: `${role} until ${new Date(expiresAt).toISOString()}`,
        });
        return { id, name, ownerId, app, role, createdAt: time, expiresAt };
      });
      parts.changed();
      return { token, secret };
    },
    callerOf: async (secret) => {
      if (!secret.startsWith(tokenPrefix)) return undefined;
      const time = now();
      const row = await database.one(
        `SELECT t.* FROM tokens t JOIN people p ON p.id = t.owner_id
          WHERE t.hash = ? AND t.expires_at > ? AND p.revoked_at IS NULL`,
        hashSecret(secret),
        time,
      );
      if (row === undefined) return undefined;
      if (time - Number(row.last_used_at ?? 0) >= touchEvery) {
        await database.run("UPDATE tokens SET last_used_at = ? WHERE id = ?", time, String(row.id));
      }
      return { kind: "token", token: tokenOf(row) };
    },
    list: async (personId) =>
      (
        await database.all(
          "SELECT * FROM tokens WHERE owner_id = ? AND expires_at > ? ORDER BY created_at DESC, id",
          personId,
          now(),
        )
      ).map(tokenOf),
    ofApp: async (app) =>
      (
        await database.all(
          `SELECT t.*, p.email AS owner FROM tokens t JOIN people p ON p.id = t.owner_id
            WHERE t.app IN (?, '*') AND t.expires_at > ? AND p.revoked_at IS NULL ORDER BY p.email, t.created_at`,
          app,
          now(),
        )
      ).map((row) => ({ ...tokenOf(row), owner: String(row.owner) })),
    end: async (by, personId, id) => {
      const ended = await database.write(async (queries) => {
        const row = await queries.one(
          "SELECT name, app FROM tokens WHERE id = ? AND owner_id = ?",
          id,
          personId,
        );
        if (row === undefined) return false;
        await queries.run("DELETE FROM tokens WHERE id = ?", id);
        await appendAudit(queries, now(), {
          actor: await actorOf(queries, by),
          ...addressOf(by),
          action: "token.end",
          app: String(row.app),
          subject: String(row.name),
        });
        return true;
      });
      if (ended) parts.changed();
      return ended;
    },
  };
}

function tooLong(): Error {
  return refusal({
    code: "access.bad-expiry",
    message: "A token lasts 366 days at most.",
    hint: "Choose an earlier end.",
    status: 400,
  });
}

function tooMuch(role: Role, app: string): Error {
  return refusal({
    code: "access.more-than-own",
    message: `You are not ${role} of ${app === "*" ? "everything" : app} yourself.`,
    hint: "A token has at most the role of who makes it.",
    status: 403,
  });
}

function tooMany(): Error {
  return refusal({
    code: "access.too-many-tokens",
    message: `You have ${mostTokens} tokens.`,
    hint: "End some that are not used any more.",
    status: 409,
  });
}

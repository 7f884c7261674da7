import { join } from "node:path";
import { ACTIONS } from "./actions.js";
import { type AuditBook, createAuditBook } from "./audit.js";
import { openDatabase } from "./database.js";
import { createEntryBook, type EntryBook } from "./entry.js";
import { createGrantBook, type GrantBook } from "./grants.js";
import type { Parts } from "./parts.js";
import { type Argon, createPasswords, nativeArgon, type Passwords } from "./passwords.js";
import { createPeopleBook, type PeopleBook } from "./people.js";
import { createQuestions, type Questions } from "./questions.js";
import { allows } from "./rights.js";
import { newSecret } from "./secrets.js";
import { createSessionBook, type SessionBook } from "./sessions.js";
import { reachOf, standingIn } from "./standing.js";
import { createTokenBook, type TokenBook } from "./tokens.js";
import type { Authority, Caller } from "./types.js";

/** People, grants, sessions, tokens and the audit log of a console. */
export interface AccessBook extends Authority, AuditBook {
  /** Who holds this session cookie or API token; `nobody` when it is unknown, expired or ended. Where both come, the token counts. */
  callerOf(credentials: { readonly session?: string; readonly token?: string }): Promise<Caller>;
  readonly people: PeopleBook;
  readonly grants: GrantBook;
  readonly sessions: SessionBook;
  readonly tokens: TokenBook;
  /** The ways in. */
  readonly entry: EntryBook;
  readonly passwords: Passwords;
  /** What somebody can do, and who can do something. */
  readonly questions: Questions;
  close(): Promise<void>;
}

/** What an access book is made with. */
export interface AccessBookOptions {
  /** Of the console: `access.db` lies in it. */
  readonly directory: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** Default: argon2id in native code. */
  readonly argon?: Argon;
}

/**
 * Opens the access book of a console; makes it where there is none.
 *
 * Throws `console.access-unreadable`, `console.access-newer`.
 */
export async function createAccessBook(options: AccessBookOptions): Promise<AccessBook> {
  const { directory, now = Date.now, argon = nativeArgon } = options;
  const database = await openDatabase(join(directory, "access.db"));
  const listeners = new Set<() => void>();
  const parts: Parts = {
    database,
    now,
    changed: () => {
      for (const listener of listeners) listener();
    },
  };
  const sessions = createSessionBook(parts);
  const tokens = createTokenBook(parts);
  const passwords = createPasswords(argon, await argon.hash(newSecret()));
  return {
    ...createAuditBook(parts),
    people: createPeopleBook(parts),
    grants: createGrantBook(parts),
    sessions,
    tokens,
    entry: createEntryBook(parts),
    passwords,
    questions: createQuestions(parts, tokens),
    callerOf: async ({ session, token }) => {
      const caller =
        token !== undefined
          ? await tokens.callerOf(token)
          : session !== undefined
            ? await sessions.callerOf(session)
            : undefined;
      return caller ?? { kind: "nobody" };
    },
    may: async (caller, action, app) => {
      const rule = ACTIONS[action];
      if (rule.scope === "app" && app === undefined) return false;
      return allows(rule, standingIn(await reachOf(database, now(), caller), app));
    },
    roleOf: async (caller, app) => standingIn(await reachOf(database, now(), caller), app).here,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => database.close(),
  };
}

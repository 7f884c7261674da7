import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AccessBook, createAccessBook } from "../book.js";
import type { SetGrant } from "../grants.js";
import type { By } from "../parts.js";
import type { Argon } from "../passwords.js";
import type { BegunSession } from "../sessions.js";
import type { Caller, Person, Role } from "../types.js";

/** An access book of its own, with a clock that is set by hand and passwords that cost nothing. */
export interface AccessRig {
  readonly access: AccessBook;
  readonly directory: string;
  readonly file: string;
  /** Calls of the stand-in for argon2id. */
  readonly argon: { hashes: number; verifies: number; atATime: number; most: number };
  now(): number;
  pass(milliseconds: number): void;
  /** A person with a password, who is signed in. */
  person(email: string): Promise<SignedInPerson>;
  owner(): Promise<SignedInPerson>;
  /** Gives a role. */
  grant(by: By, ...wanted: WantedRole): Promise<SetGrant>;
  /** Closes it and opens it again from its file. */
  reopen(): Promise<AccessBook>;
  close(): Promise<void>;
}

/** Somebody who is signed in. */
export interface SignedInPerson {
  readonly person: Person;
  readonly secret: string;
  readonly caller: Extract<Caller, { kind: "person" }>;
  readonly by: By;
}

/** Whom, for which app, as what, until when. */
export type WantedRole = readonly [person: string, app: string, role: Role, expiresAt?: number];

export const from = { address: "198.51.100.7", userAgent: "Mozilla/5.0 (X11; Linux) Firefox/140.0" } as const;

export const day: number = 24 * 60 * 60 * 1_000;

/** A password that is right everywhere here. */
export const password = "correct horse battery staple";

const console_: By = { caller: "console" };

/** Makes one. */
export async function createRig(): Promise<AccessRig> {
  const directory = mkdtempSync(join(tmpdir(), "console-access-"));
  let time = Date.UTC(2026, 10, 22);
  const counts = { hashes: 0, verifies: 0, atATime: 0, most: 0 };
  const argon: Argon = {
    hash: async (text) => {
      counts.hashes += 1;
      return `plain ${text}`;
    },
    verify: async (hash, text) => {
      counts.verifies += 1;
      counts.atATime += 1;
      counts.most = Math.max(counts.most, counts.atATime);
      await new Promise((resolve) => setImmediate(resolve));
      counts.atATime -= 1;
      return hash === `plain ${text}`;
    },
  };
  const open = (): Promise<AccessBook> => createAccessBook({ directory, now: () => time, argon });
  let access = await open();
  const signedIn = async ({ person, secret }: BegunSession): Promise<SignedInPerson> => {
    const caller = await access.callerOf({ session: secret });
    if (caller.kind !== "person") throw new Error("a session that just began is not there");
    return { person, secret, caller, by: { caller, address: from.address } };
  };
  return {
    get access() {
      return access;
    },
    directory,
    file: join(directory, "access.db"),
    argon: counts,
    now: () => time,
    pass: (milliseconds) => {
      time += milliseconds;
    },
    person: async (email) => {
      const invited = await access.people.invite(console_, { email });
      return signedIn(
        await access.entry.enterWithInvitation(invited.secret, `plain ${password}`, undefined, from),
      );
    },
    owner: async () => {
      const secret = await access.entry.makeOwnerLink();
      return signedIn(await access.entry.enterWithLink(secret, { email: "olga@example.org" }, from));
    },
    grant: (by, person, app, role, expiresAt) =>
      access.grants.set(by, { person, app, role, ...(expiresAt === undefined ? {} : { expiresAt }) }),
    reopen: async () => {
      await access.close();
      access = await open();
      return access;
    },
    close: async () => {
      await access.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

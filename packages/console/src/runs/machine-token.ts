import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { AccessBook } from "../access/book.js";
import type { ApiToken, Caller } from "../access/types.js";

/** The token that whoever has the data directory may publish runs with, made anew at each start. */
export interface MachineToken {
  readonly secret: string;
  /** The access book, which knows this token beside those it holds. */
  readonly access: AccessBook;
}

const ID = "machine";

/**
 * Lets the `deploy` command on this machine tell its runs to the console that runs here.
 *
 * It may do this and nothing else, for every app: no role stands behind it, so that it is not more wherever a route asks
 * for a role.
 */
export function withMachineToken(access: AccessBook, now: () => number): MachineToken {
  const secret = `dpl_${randomBytes(32).toString("base64url")}`;
  const digest = hashOf(secret);
  const token: ApiToken = {
    id: ID,
    name: "this machine",
    ownerId: "console",
    app: "*",
    role: "deployer",
    createdAt: now(),
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
  const caller: Caller = { kind: "token", token };
  const isOurs = (one: Caller): boolean => one.kind === "token" && one.token.id === ID;
  return {
    secret,
    access: {
      ...access,
      callerOf: async (credentials) =>
        credentials.token !== undefined && timingSafeEqual(hashOf(credentials.token), digest)
          ? caller
          : access.callerOf(credentials),
      may: async (one, action, app) =>
        isOurs(one) ? action === "runs.publish" && app !== undefined : access.may(one, action, app),
      roleOf: async (one, app) => (isOurs(one) ? undefined : access.roleOf(one, app)),
    },
  };
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

import { createHash, randomBytes } from "node:crypto";
import type { Caller } from "../access/types.js";

/**
 * Tickets for sockets that need more than a session: each opens one socket, once, soon, and for whom it was made.
 *
 * A ticket comes from a POST, which a foreign page cannot send; it travels in `Sec-WebSocket-Protocol`, as
 * `ticket.<ticket>` beside `deploy`, and never in a URL.
 */
export interface Tickets {
  /** A ticket for `caller` and the socket at `path`, such as `/api/apps/shop/environments/staging/shell`. */
  issue(caller: Caller, path: string): string;
  /** Whether the ticket is good; it is not good again. */
  redeem(ticket: string, caller: Caller, path: string): boolean;
}

/** How long a ticket is good, milliseconds. */
export const TICKET_LIFE = 30_000;

const MOST = 10_000;

/** The tickets of one console; only their hashes are kept. */
export function createTickets(now: () => number): Tickets {
  const open = new Map<
    string,
    { readonly holder: string; readonly path: string; readonly expiresAt: number }
  >();
  const forgetExpired = (): void => {
    for (const [hash, { expiresAt }] of open) {
      if (expiresAt > now() && open.size < MOST) return;
      open.delete(hash);
    }
  };
  return {
    issue: (caller, path) => {
      forgetExpired();
      const ticket = randomBytes(32).toString("base64url");
      open.set(hashOf(ticket), { holder: holderOf(caller), path, expiresAt: now() + TICKET_LIFE });
      return ticket;
    },
    redeem: (ticket, caller, path) => {
      const hash = hashOf(ticket);
      const found = open.get(hash);
      open.delete(hash);
      return (
        found !== undefined &&
        found.expiresAt > now() &&
        found.path === path &&
        caller.kind !== "nobody" &&
        found.holder === holderOf(caller)
      );
    },
  };
}

function hashOf(ticket: string): string {
  return createHash("sha256").update(ticket).digest("base64url");
}

/** A ticket is for the session it was made in, not for the person. */
function holderOf(caller: Caller): string {
  if (caller.kind === "person") return `session ${caller.sessionId}`;
  return caller.kind === "token" ? `token ${caller.token.id}` : "nobody";
}

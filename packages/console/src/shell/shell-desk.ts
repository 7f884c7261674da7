import { createHash } from "node:crypto";
import { TICKET_LIFE } from "../http/tickets.js";

/** Remembers which instance a ticket was made for, and how many shells are open. */
export interface ShellDesk {
  put(ticket: string, instance: string): void;
  /** The instance of a ticket, once. */
  take(ticket: string): string | undefined;
  /** Takes a place; answers with how to give it back. Undefined: too many are open. */
  enter(): (() => void) | undefined;
}

/** Shells that are open at once in one console. */
const mostShells = 50;

/** Makes a desk; only hashes of tickets are kept. */
export function createShellDesk(now: () => number): ShellDesk {
  const instances = new Map<string, { readonly instance: string; readonly expiresAt: number }>();
  let open = 0;
  return {
    put: (ticket, instance) => {
      for (const [hash, { expiresAt }] of instances) {
        if (expiresAt > now()) break;
        instances.delete(hash);
      }
      instances.set(hashOf(ticket), { instance, expiresAt: now() + TICKET_LIFE });
    },
    take: (ticket) => {
      const hash = hashOf(ticket);
      const found = instances.get(hash);
      instances.delete(hash);
      return found !== undefined && found.expiresAt > now() ? found.instance : undefined;
    },
    enter: () => {
      if (open >= mostShells) return undefined;
      open += 1;
      return () => {
        open -= 1;
      };
    },
  };
}

function hashOf(ticket: string): string {
  return createHash("sha256").update(ticket).digest("base64url");
}

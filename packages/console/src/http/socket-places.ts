import type { Caller } from "../access/types.js";
import type { ServerLimits } from "./limits.js";

/** The places that there are for sockets. */
export interface SocketPlaces {
  /** Takes one; answers with how to give it back, or with why there is none. */
  enter(caller: Caller, address: string): (() => void) | NoPlace;
}

/** Why there is no place, as a socket is closed with it: a code for applications, and a reason of at most 123 bytes. */
export interface NoPlace {
  readonly code: 4429 | 1013;
  readonly reason: string;
}

/** Counts sockets by person, so that nobody takes the places of all. Who is nobody is counted by their address. */
export function createSocketPlaces({
  socketsOfOne,
  socketsInAll,
}: Pick<ServerLimits, "socketsOfOne" | "socketsInAll">): SocketPlaces {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    enter: (caller, address) => {
      const holder = holderOf(caller, address);
      const own = taken.get(holder) ?? 0;
      if (own >= socketsOfOne)
        return { code: 4429, reason: `You have ${own} live views open: close some of them.` };
      if (all >= socketsInAll)
        return { code: 1013, reason: `The console has ${all} live views open: try again later.` };
      taken.set(holder, own + 1);
      all += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        all -= 1;
        const rest = (taken.get(holder) ?? 1) - 1;
        if (rest === 0) taken.delete(holder);
        else taken.set(holder, rest);
      };
    },
  };
}

function holderOf(caller: Caller, address: string): string {
  if (caller.kind === "person") return caller.person.id;
  return caller.kind === "token" ? caller.token.ownerId : `nobody at ${address}`;
}

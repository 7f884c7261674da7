import type { AccessBook } from "../access/book.js";
import { type Admission, judgeAgain } from "./guard.js";
import type { Route } from "./route.js";

/** Why something that was open was ended by us. */
export type EndReason = "revoked" | "signed-out" | "shutdown";

/** The longest that a right which has ended goes unnoticed, milliseconds; a change of rights is noticed at once. */
const EVERY = 500;

/** Looks after everything that stays open: streams and sockets end when the right to them ends. */
export interface RightsWatch {
  /** Calls `end` once, when what was admitted would no longer be, or the console closes. Answers with how to stop. */
  watch(
    route: Route,
    params: Readonly<Record<string, string>>,
    admission: Admission,
    end: (reason: EndReason) => void,
  ): () => void;
  /** Ends everything. */
  close(): void;
}

interface Watched {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly admission: Admission;
  readonly ends: Set<(reason: EndReason) => void>;
}

/** One watch for the whole console: who has opened the same thing twice is judged once. */
export function createRightsWatch(access: AccessBook): RightsWatch {
  const watched = new Map<string, Watched>();
  let running = false;
  let again = false;
  let closed = false;

  const end = (key: string, reason: EndReason): void => {
    const found = watched.get(key);
    watched.delete(key);
    for (const callback of found?.ends ?? []) callback(reason);
  };

  const look = async (): Promise<void> => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      for (const [key, { route, params, admission }] of [...watched]) {
        // Who cannot be judged is not allowed: deny by default.
        const verdict = await judgeAgain(access, route, params, admission).catch(() => "revoked" as const);
        if (verdict !== "allowed") end(key, verdict);
      }
    } finally {
      running = false;
      if (again && !closed) {
        again = false;
        void look();
      }
    }
  };

  const timer = setInterval(() => void look(), EVERY);
  timer.unref();
  const stopListening = access.onChange(() => void look());

  return {
    watch: (route, params, admission, callback) => {
      if (closed) {
        callback("shutdown");
        return () => {};
      }
      const key = JSON.stringify([admission.credentials, route.action, params.app]);
      const one = watched.get(key) ?? { route, params, admission, ends: new Set() };
      one.ends.add(callback);
      watched.set(key, one);
      return () => {
        one.ends.delete(callback);
        if (one.ends.size === 0 && watched.get(key) === one) watched.delete(key);
      };
    },
    close: () => {
      closed = true;
      clearInterval(timer);
      stopListening();
      for (const key of [...watched.keys()]) end(key, "shutdown");
    },
  };
}

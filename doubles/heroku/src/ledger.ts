import { createHash } from "node:crypto";
import type { HostName } from "./faults.js";

/** One call that reached the double. */
export interface RecordedCall {
  readonly at: number;
  readonly host: HostName;
  readonly method: string;
  readonly path: string;
  /** The route as written, with `{app}` and so on; absent when no route matched. */
  readonly route: string | undefined;
  /** A digest of the token, never the token. */
  readonly token: string;
  readonly bodyDigest: string;
  readonly accept: string;
  /** Set when the answer went out; 0 when the connection was closed instead. */
  status: number;
}

/** A call that changes something, and how often the very same one came. */
export interface Replay {
  readonly method: string;
  readonly path: string;
  readonly bodyDigest: string;
  readonly count: number;
}

/** The calls that reached the double, and what they cost. */
export interface Ledger {
  readonly calls: RecordedCall[];
  note(
    call: Omit<RecordedCall, "at" | "status" | "token" | "bodyDigest">,
    token: string,
    body: Buffer,
  ): RecordedCall;
  /** Takes a token of the rate limit; gives what is left, or -1 when there was none. */
  spend(token: string): number;
  /** What is left of a token's rate limit. */
  remaining(token: string): number;
  /** Leaves a token with so many calls. */
  setRemaining(token: string, calls: number): void;
  /** How often each mutating call came with the same body, those that came once too. */
  mutations(): Replay[];
  /** The most calls that fell into any 60 seconds, for one token or for all. */
  busiestMinute(token?: string): number;
  reset(): void;
}

/** How many calls an account has, and how fast they come back. */
export interface RateLimit {
  readonly capacity: number;
  readonly perMinute: number;
}

/** A short digest which tells two texts apart. */
function digestOf(value: string | Buffer): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 16);
}

/** A ledger that refills each token's calls as Heroku does: a bucket, so many a minute. */
export function createLedger(limit: RateLimit): Ledger {
  const calls: RecordedCall[] = [];
  const buckets = new Map<string, { left: number; at: number }>();
  function bucket(token: string): { left: number; at: number } {
    const known = buckets.get(token) ?? { left: limit.capacity, at: Date.now() };
    const at = Date.now();
    known.left = Math.min(limit.capacity, known.left + ((at - known.at) / 60_000) * limit.perMinute);
    known.at = at;
    buckets.set(token, known);
    return known;
  }
  return {
    calls,
    note(call, token, body) {
      const noted = {
        ...call,
        at: Date.now(),
        status: 0,
        token: token === "" ? "" : digestOf(token),
        bodyDigest: body.length === 0 ? "" : digestOf(body),
      };
      calls.push(noted);
      return noted;
    },
    spend(token) {
      const known = bucket(token);
      if (known.left < 1) return -1;
      known.left -= 1;
      return Math.floor(known.left);
    },
    remaining: (token) => Math.floor(bucket(token).left),
    setRemaining(token, left) {
      bucket(token).left = left;
    },
    mutations() {
      const groups = new Map<string, Replay>();
      for (const { method, path, bodyDigest } of calls.filter((call) => call.method !== "GET")) {
        const key = `${method} ${path} ${bodyDigest}`;
        groups.set(key, { method, path, bodyDigest, count: (groups.get(key)?.count ?? 0) + 1 });
      }
      return [...groups.values()];
    },
    busiestMinute(token) {
      const times = calls
        .filter((call) => call.host === "api" && (token === undefined || call.token === digestOf(token)))
        .map((call) => call.at);
      return times.reduce((most, at, index) => {
        let first = index;
        while (first > 0 && at - (times[first - 1] ?? 0) < 60_000) first--;
        return Math.max(most, index - first + 1);
      }, 0);
    },
    reset() {
      calls.length = 0;
    },
  };
}

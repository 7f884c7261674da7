import { createHash } from "node:crypto";
import type { Context } from "@deploy/core";

/** Calls an account may make at once, and how many come back each minute (Platform API reference, "Rate limits"). */
const burst = 4_500;
const perMinute = 75;

/** Keeps the calls made with one token within what its account may make. */
export interface TokenBucket {
  /** Resolves when a call may be made; rejects with the signal's reason when that is aborted first. */
  take(context: Pick<Context, "clock" | "signal">): Promise<void>;
  /** A call has ended; `remaining` is what `RateLimit-Remaining` said, 0 after a 429, undefined without an answer. */
  settle(remaining: number | undefined, now: number): void;
  /** Calls that are left, rounded down. */
  remaining(now: number): number;
}

const buckets = new Map<string, TokenBucket>();

/**
 * The bucket of a token: the same for every caller in this process, so that a console which follows logs and a
 * deployment do not starve each other unknowingly. The token itself is not kept.
 */
export function bucketOf(token: string): TokenBucket {
  const key = createHash("sha256").update(token).digest("base64url");
  const known = buckets.get(key);
  if (known !== undefined) return known;
  const made = createBucket();
  buckets.set(key, made);
  return made;
}

/** A bucket of its own, full. */
function createBucket(): TokenBucket {
  let tokens = burst;
  let filledAt: number | undefined;
  let underWay = 0;
  const fill = (now: number): void => {
    tokens = Math.min(burst, tokens + (Math.max(0, now - (filledAt ?? now)) * perMinute) / 60_000);
    filledAt = now;
  };
  return {
    async take({ clock, signal }) {
      for (;;) {
        signal.throwIfAborted();
        fill(clock.now());
        // Adding up fractions of tokens is a hair short of a whole one now and then.
        if (tokens >= 1 - 1e-9) {
          tokens -= 1;
          underWay += 1;
          return;
        }
        await clock.sleep(Math.max(1, Math.ceil(((1 - tokens) * 60_000) / perMinute)), signal);
      }
    },
    settle(remaining, now) {
      underWay -= 1;
      if (remaining === undefined) return;
      fill(now);
      // Heroku knows best: other processes use the same account. What is under way may not be counted there yet.
      tokens = Math.max(0, Math.min(burst, remaining - underWay));
    },
    remaining(now) {
      fill(now);
      return Math.floor(tokens);
    },
  };
}

import { refusal } from "./errors.js";

/** How often something may be tried: at once, and one more after each interval. */
export interface Allowance {
  readonly burst: number;
  /** Milliseconds. */
  readonly refillEvery: number;
}

/** From one network (an IPv4 address, or 64 bits of an IPv6 one): 20 failures, then one every 15 seconds. */
export const perNetwork: Allowance = { burst: 20, refillEvery: 15_000 };

/** On one account: 10 failures, then one a minute. Whoever signed in from a network before has an allowance of their own there. */
const perAccount: Allowance = { burst: 10, refillEvery: 60_000 };

/** So many keys are remembered; beyond, those that were not heard of for longest are forgotten. */
const mostKeys = 10_000;

/** Counts attempts by key. */
export interface Counter {
  /** Takes one; answers with the milliseconds until there is one again, 0 when it was taken. */
  take(key: string): number;
  /** Gives one back: the attempt was no failure. */
  giveBack(key: string): void;
  /** Forgets what was counted. */
  forget(key: string): void;
  readonly size: number;
}

interface Bucket {
  left: number;
  at: number;
}

/** A token bucket for each key, in bounded memory. */
export function createCounter({ burst, refillEvery }: Allowance, now: () => number): Counter {
  // A map keeps the order of insertion: the first of it was used least recently.
  const buckets = new Map<string, Bucket>();
  const filled = (key: string): Bucket => {
    const time = now();
    const bucket = buckets.get(key) ?? { left: burst, at: time };
    const gained = Math.max(0, time - bucket.at) / refillEvery;
    const fresh = { left: Math.min(burst, bucket.left + gained), at: time };
    buckets.delete(key);
    buckets.set(key, fresh);
    if (buckets.size > mostKeys) buckets.delete(buckets.keys().next().value ?? key);
    return fresh;
  };
  return {
    take: (key) => {
      const bucket = filled(key);
      if (bucket.left < 1) return Math.ceil((1 - bucket.left) * refillEvery);
      bucket.left -= 1;
      return 0;
    },
    giveBack: (key) => {
      const bucket = filled(key);
      bucket.left = Math.min(burst, bucket.left + 1);
    },
    forget: (key) => {
      buckets.delete(key);
    },
    get size() {
      return buckets.size;
    },
  };
}

/** One attempt to sign in with a password. */
export interface Attempt {
  readonly network: string;
  readonly email: string;
  /** There is an account of this e-mail: what is counted for it is never pushed out by made-up names. */
  readonly exists: boolean;
  /** That account has signed in from this network before. */
  readonly known: boolean;
}

/** Decides whether somebody may try again. */
export interface Throttle {
  /** Throws `sign-in.throttled` with the seconds to wait. Its answer is told how the attempt went. */
  enter(attempt: Attempt): (outcome: "right" | "wrong" | "untried") => void;
  /** Keys that are remembered at the moment. */
  size(): number;
}

/**
 * Counts failures per network and per account.
 *
 * Strangers who guess at an account use up the strangers' allowance of it alone: its owner, from where they signed in
 * before, is not locked out by them. The same for accounts that do not exist, so that nothing tells them apart.
 */
export function createThrottle(now: () => number): Throttle {
  const networks = createCounter(perNetwork, now);
  const accounts = createCounter(perAccount, now);
  const names = createCounter(perAccount, now);
  const homes = createCounter(perAccount, now);
  return {
    enter: ({ network, email, exists, known }) => {
      const account = known ? homes : exists ? accounts : names;
      const key = known ? `${email} ${network}` : email;
      const wait = networks.take(network);
      if (wait > 0) throw throttled(wait);
      const accountWait = account.take(key);
      if (accountWait > 0) {
        networks.giveBack(network);
        throw throttled(accountWait);
      }
      return (outcome) => {
        if (outcome === "wrong") return;
        networks.giveBack(network);
        if (outcome === "untried") account.giveBack(key);
        else account.forget(key);
      };
    },
    size: () => networks.size + accounts.size + names.size + homes.size,
  };
}

/** The answer to who tries too often. */
export function throttled(waitMs: number): Error {
  const seconds = Math.ceil(waitMs / 1_000);
  return refusal({
    code: "sign-in.throttled",
    message: "There were too many failed attempts.",
    hint: `Wait ${seconds} s, or sign in another way.`,
    status: 429,
    retryAfter: seconds,
  });
}

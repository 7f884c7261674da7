import { setMaxListeners } from "node:events";
import type { Clock } from "../context.js";
import type { Provider, ProviderLimits } from "../elements/provider.js";
import { createHeap } from "./heap.js";

/** The place that a call takes up while it runs. */
export interface Place {
  /**
   * Waits for something that another call loads: meanwhile the place is given back, and with it, for good, the token,
   * because nothing was asked of the vendor.
   */
  idle<T>(wait: Promise<T>): Promise<T>;
}

/** Where a call stands in the queue. */
export interface LimiterOptions {
  /** The highest goes first; equals in the order they came. Default 0. */
  readonly priority?: number;
  /** Takes the call out of the queue; a call that runs is not touched. */
  readonly signal?: AbortSignal;
}

/** Keeps calls to one vendor within its limits. */
export interface Limiter {
  /** Runs `call` once there is room; rejects with the signal's reason when that is aborted first. */
  run<T>(call: (place: Place) => Promise<T>, options?: LimiterOptions): Promise<T>;
}

/** The limiter of each provider, by the provider's name. */
export interface Limiters {
  /** The limiter of this provider, the same at every call. */
  for(provider: string): Limiter;
}

/** Calls at a time where a provider declares nothing. */
const defaultConcurrency = 16;

interface Entry {
  readonly priority: number;
  readonly sequence: number;
  /** Whether it needs a token besides a place. */
  readonly token: boolean;
  readonly signal: AbortSignal | undefined;
  readonly start: () => void;
  readonly reject: (reason: unknown) => void;
}

/** One limiter per provider, at the limits it declares; 16 calls at a time where it declares none. */
export function createLimiters(providers: readonly Provider[], clock: Clock): Limiters {
  const byName = new Map<string, Limiter>();
  for (const provider of providers) {
    if (!byName.has(provider.name)) byName.set(provider.name, createLimiter(provider.limits ?? {}, clock));
  }
  return {
    for: (name) => {
      const known = byName.get(name);
      if (known !== undefined) return known;
      const made = createLimiter({}, clock);
      byName.set(name, made);
      return made;
    },
  };
}

/** A limiter of its own: so many calls at a time, and so many a second. */
export function createLimiter(limits: ProviderLimits, clock: Clock): Limiter {
  const concurrency = Math.max(1, limits.concurrency ?? defaultConcurrency);
  const bucket = createBucket(limits.rate, clock);
  const queue = createHeap<Entry>((a, b) => b.priority - a.priority || a.sequence - b.sequence);
  const watched = watchSignals((signal) => {
    for (const entry of queue.remove((queued) => queued.signal === signal)) entry.reject(signal.reason);
    drain();
  });
  let running = 0;
  let sequence = 0;
  let waking = false;
  let turning = false;

  const drain = (): void => {
    while (running < concurrency && queue.size() > 0) {
      const next = queue.peek()!;
      if (next.token && !bucket.take()) {
        if (waking) return;
        waking = true;
        void clock.sleep(bucket.untilNext()).then(() => {
          waking = false;
          drain();
        });
        return;
      }
      queue.pop();
      watched.forget(next.signal);
      running += 1;
      next.start();
    }
  };
  const acquire = (options: LimiterOptions, token: boolean): Promise<void> | undefined => {
    if (running < concurrency && queue.size() === 0 && (!token || bucket.take())) {
      running += 1;
      return undefined;
    }
    const priority = options.priority ?? 0;
    const signal = options.signal;
    return new Promise((start, reject) => {
      watched.watch(signal);
      queue.push({ priority, sequence: sequence++, token, signal, start, reject });
      if (!turning) drain();
    });
  };
  // Not at once: what becomes ready by the end of this call may be more urgent than what is queued already.
  const release = (): void => {
    running -= 1;
    if (turning || queue.size() === 0) return;
    turning = true;
    setImmediate(() => {
      turning = false;
      drain();
    });
  };

  return {
    run: async (call, options = {}) => {
      options.signal?.throwIfAborted();
      const turn = acquire(options, true);
      if (turn !== undefined) await turn;
      let idlers = 0;
      let refunded = false;
      let ended = false;
      const place: Place = {
        idle: async (wait) => {
          idlers += 1;
          if (!refunded) bucket.refund();
          refunded = true;
          if (idlers === 1) release();
          try {
            return await wait;
          } finally {
            idlers -= 1;
            if (idlers === 0 && !ended) await acquire({ priority: Number.POSITIVE_INFINITY }, false);
          }
        },
      };
      try {
        return await call(place);
      } finally {
        ended = true;
        // A call that ends while a wait of its own goes on has given its place back already.
        if (idlers === 0) release();
      }
    },
  };
}

interface Bucket {
  take(): boolean;
  refund(): void;
  /** Milliseconds until there is a whole token. */
  untilNext(): number;
}

function createBucket(rate: ProviderLimits["rate"], clock: Clock): Bucket {
  if (rate === undefined) return { take: () => true, refund: () => undefined, untilNext: () => 0 };
  const burst = Math.max(1, rate.burst);
  let tokens = burst;
  let filledAt = clock.now();
  const fill = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) / 1000) * rate.perSecond);
    filledAt = now;
  };
  return {
    take: () => {
      fill();
      // Adding up fractions of tokens is a hair short of a whole one now and then.
      if (tokens < 1 - 1e-9) return false;
      tokens = Math.max(0, tokens - 1);
      return true;
    },
    refund: () => {
      tokens = Math.min(burst, tokens + 1);
    },
    untilNext: () => {
      fill();
      return Math.max(1, Math.ceil(((1 - tokens) / rate.perSecond) * 1000));
    },
  };
}

/** One listener per signal however many calls wait with it: ten thousand listeners would be removed one by one. */
function watchSignals(onAbort: (signal: AbortSignal) => void): {
  watch(signal: AbortSignal | undefined): void;
  forget(signal: AbortSignal | undefined): void;
} {
  const watched = new Map<AbortSignal, { count: number; readonly listener: () => void }>();
  return {
    watch: (signal) => {
      if (signal === undefined) return;
      const known = watched.get(signal);
      if (known !== undefined) {
        known.count += 1;
        return;
      }
      const listener = (): void => {
        watched.delete(signal);
        onAbort(signal);
      };
      setMaxListeners(0, signal);
      signal.addEventListener("abort", listener, { once: true });
      watched.set(signal, { count: 1, listener });
    },
    forget: (signal) => {
      const known = signal === undefined ? undefined : watched.get(signal);
      if (known === undefined || signal === undefined) return;
      known.count -= 1;
      if (known.count > 0) return;
      signal.removeEventListener("abort", known.listener);
      watched.delete(signal);
    },
  };
}

/** Pauses between tries: from one second on, doubled each time, at most a minute, up to half of it by chance. */
export interface Backoff {
  /** Milliseconds until the next try. */
  next(): number;
  /** It went well. */
  reset(): void;
}

const shortestMs = 1_000;
const longestMs = 60_000;

/** Makes one; `random` is between 0 and 1. */
export function createBackoff(random: () => number = Math.random): Backoff {
  let pause = shortestMs;
  return {
    next: () => {
      const wait = pause * (0.5 + random() / 2);
      pause = Math.min(longestMs, pause * 2);
      return Math.round(wait);
    },
    reset: () => {
      pause = shortestMs;
    },
  };
}

/** Resolves after a while, or at once when the signal is or gets aborted. */
export function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

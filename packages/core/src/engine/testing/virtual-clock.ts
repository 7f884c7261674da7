import type { Clock } from "../../context.js";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
  cancelled: boolean;
}

/** A clock whose time leaps to the next sleeper as soon as nothing else is going on: hours pass in milliseconds. */
export function createVirtualClock(start: number = Date.UTC(2030, 0, 1)): Clock {
  let now = start;
  let sleepers: Sleeper[] = [];
  let watching = false;

  const leap = (): void => {
    sleepers = sleepers.filter((sleeper) => !sleeper.cancelled);
    if (sleepers.length === 0) {
      watching = false;
      return;
    }
    now = Math.max(now, Math.min(...sleepers.map((sleeper) => sleeper.at)));
    const due = sleepers.filter((sleeper) => sleeper.at <= now);
    sleepers = sleepers.filter((sleeper) => sleeper.at > now);
    for (const sleeper of due) sleeper.wake();
    settle(leap);
  };
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = (): void => {
          sleeper.cancelled = true;
          reject(signal?.reason);
        };
        const sleeper: Sleeper = {
          at: now + milliseconds,
          cancelled: false,
          wake: () => {
            signal?.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        sleepers.push(sleeper);
        if (!watching) {
          watching = true;
          settle(leap);
        }
      }),
  };
}

/** After a few turns of the event loop: all that was set off meanwhile is over by then, limiters included. */
function settle(then: () => void, turns = 4): void {
  setImmediate(() => (turns === 1 ? then() : settle(then, turns - 1)));
}

import type { ProviderLimits } from "@deploy/core";

/** What one provider bears of questions that nobody has asked for just now. */
export interface Pace {
  /** Whether `calls` may be made at `now`; those of an environment that nobody looks at leave half for the others. */
  allows(calls: number, visible: boolean, now: number): boolean;
  /** They are made; may go below nothing, when a person has asked for them. */
  take(calls: number, now: number): void;
  /** The vendor has asked for less: nothing for so many milliseconds. */
  pause(ms: number, now: number): void;
  /** Milliseconds until the vendor may be asked again; 0: at once. */
  restMs(now: number): number;
}

/** Calls that may be made at once after a while of silence. */
const burst = 60;

/**
 * Calls a second where a provider declares no rate: Heroku, the narrowest known one, lets an account make 75 a minute
 * in the long run ("Rate limits" of its Platform API reference), and deployments need them more than an overview.
 */
const defaultPerSecond = 1;

/** An overview takes at most this share of the rate that a provider declares. */
const share = 1 / 3;

/** The pace for a provider, at the limits it declares; its budget is full at first. */
export function createPace(limits: ProviderLimits | undefined, now: number): Pace {
  const perSecond = limits?.rate === undefined ? defaultPerSecond : limits.rate.perSecond * share;
  let tokens = burst;
  let filledAt = now;
  let pausedUntil = 0;
  const fill = (at: number): void => {
    tokens = Math.min(burst, tokens + (Math.max(0, at - filledAt) * perSecond) / 1_000);
    filledAt = at;
  };
  return {
    allows: (calls, visible, at) => {
      fill(at);
      return at >= pausedUntil && tokens - calls >= (visible ? 0 : burst / 2);
    },
    take: (calls, at) => {
      fill(at);
      tokens -= calls;
    },
    pause: (ms, at) => {
      pausedUntil = Math.max(pausedUntil, at + ms);
    },
    restMs: (at) => Math.max(0, pausedUntil - at),
  };
}

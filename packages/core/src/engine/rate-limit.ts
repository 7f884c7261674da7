import type { Clock } from "../context.js";
import type { Provider, ProviderLimits } from "../elements/provider.js";

/** Keeps calls to one vendor within its limits. */
export interface Limiter {
  /** Runs `call` once there is room; the highest priority first. */
  run<T>(
    call: () => Promise<T>,
    options?: { readonly priority?: number; readonly signal?: AbortSignal },
  ): Promise<T>;
}

/** The limiter of each provider, by the provider's name. */
export interface Limiters {
  for(provider: string): Limiter;
}

/** One limiter per provider, at the limits it declares; 16 calls at a time where it declares none. */
export function createLimiters(_providers: readonly Provider[], _clock: Clock): Limiters {
  throw new Error("not there yet");
}

/** A limiter of its own: so many calls at a time, and so many a second. */
export function createLimiter(_limits: ProviderLimits, _clock: Clock): Limiter {
  throw new Error("not there yet");
}

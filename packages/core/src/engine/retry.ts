import type { Context } from "../context.js";

/** How often and how long to repeat a call. */
export interface RetryOptions {
  /** Calls in all, the first one included. Default 5. */
  readonly attempts?: number;
  /** Milliseconds that the first pause lasts at most; it doubles each time. Default 200. */
  readonly baseMs?: number;
  /** Milliseconds that any pause lasts at most. Default 15,000. */
  readonly maxMs?: number;
  /** Default {@link isTransient}. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Called before each pause. */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
}

/** Whether the same call may succeed later without anybody changing anything. */
export function isTransient(_error: unknown): boolean {
  throw new Error("not there yet");
}

/** Whether the vendor asked to be called less often. */
export function isThrottled(_error: unknown): boolean {
  throw new Error("not there yet");
}

/** Repeats a call that is safe to repeat, with exponential back-off and full jitter. */
export async function retry<T>(
  _context: Pick<Context, "signal" | "clock">,
  _call: (attempt: number) => Promise<T>,
  _options: RetryOptions = {},
): Promise<T> {
  throw new Error("not there yet");
}

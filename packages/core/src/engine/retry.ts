import type { Context } from "../context.js";
import { DeployError } from "../errors.js";

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

const networkCodes = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/**
 * Whether the same call may succeed later without anybody changing anything: a `DeployError` that says so, or a
 * failure of the network.
 */
export function isTransient(error: unknown): boolean {
  if (DeployError.is(error)) return error.retryable;
  if (!(error instanceof Error)) return false;
  if (error.name === "TimeoutError") return true;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && networkCodes.has(code)) return true;
  return error.cause instanceof Error && error.cause !== error && isTransient(error.cause);
}

/** Whether the vendor asked to be called less often: code `….throttled`, or status 429 in the details. */
export function isThrottled(error: unknown): boolean {
  return DeployError.is(error) && (error.code.endsWith(".throttled") || error.details.status === 429);
}

/** Milliseconds to pause before the attempt after this one: any time up to an exponentially growing one. */
export function backOff(attempt: number, baseMs = 200, maxMs = 15_000): number {
  return Math.round(Math.random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
}

/** Milliseconds that are waited for a vendor at most, where it says itself for how long it takes no calls. */
const longestPause = 60_000;

/** Whether the vendor takes no calls for so long that it is told to the user instead of waited for. */
export function isBlockedForLong(error: unknown): boolean {
  return (pauseAsked(error) ?? 0) > longestPause;
}

/**
 * Repeats a call that is safe to repeat, with exponential back-off and full jitter; `details.retryAfterMs` of an error
 * is kept to, or the error thrown at once when that is more than a minute.
 */
export async function retry<T>(
  context: Pick<Context, "signal" | "clock">,
  call: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const attempts = options.attempts ?? 5;
  const isRetryable = options.isRetryable ?? isTransient;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(attempt);
    } catch (error) {
      if (attempt >= attempts || context.signal.aborted || !isRetryable(error) || isBlockedForLong(error))
        throw error;
      const delayMs = pauseAfter(error, attempt, options);
      options.onRetry?.(error, attempt, delayMs);
      await context.clock.sleep(delayMs, context.signal);
    }
  }
}

/** Milliseconds to pause after an error: as long as the vendor asked for, else with back-off. */
export function pauseAfter(error: unknown, attempt: number, options: RetryOptions = {}): number {
  const asked = pauseAsked(error);
  const own = backOff(attempt, options.baseMs, options.maxMs);
  return asked === undefined ? own : Math.min(asked, longestPause) + Math.min(own, 250);
}

function pauseAsked(error: unknown): number | undefined {
  const asked = DeployError.is(error) ? error.details.retryAfterMs : undefined;
  return typeof asked === "number" && asked >= 0 ? asked : undefined;
}

import { type Context, retry } from "@deploy/core";
import { isAwsError } from "../errors.js";

/** Tries of a call that AWS refuses because it does not know everywhere yet what was just made. */
const attempts = 12;

/**
 * Repeats a call while AWS refuses it with one of `codes`: what was made a moment ago is not known everywhere yet. A
 * refused call has done nothing, so that repeating it is safe, a write included. Gives up after about half a
 * minute, or after so many `tries`.
 */
export function eventually<T>(
  context: Pick<Context, "signal" | "clock">,
  codes: readonly string[],
  call: () => Promise<T>,
  isMeant: (error: unknown) => boolean = () => true,
  tries: number = attempts,
): Promise<T> {
  return retry(context, call, {
    attempts: tries,
    baseMs: 500,
    maxMs: 6_000,
    isRetryable: (error) => isAwsError(error, ...codes) && isMeant(error),
  });
}

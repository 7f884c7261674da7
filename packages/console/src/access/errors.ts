import { DeployError } from "@deploy/core";

/** Why something is refused, and with which status it is answered. */
export interface Refusal {
  /** `access.last-owner`, `sign-in.wrong` … */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Of the HTTP answer; stands in `details.status`. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 429 | 502 | 503;
  /** Seconds; stands in `details.retryAfter`, and in the header of the answer. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** An error that knows how it is answered. */
export function refusal({ status, retryAfter, cause, ...words }: Refusal): DeployError {
  return new DeployError({
    ...words,
    retryable: status === 429 || status === 502 || status === 503,
    details: { status, ...(retryAfter === undefined ? {} : { retryAfter }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * What every picture of an app is made of, as JSON; nothing here may import from node. Times are milliseconds since 1970.
 *
 * @module
 */

/** Whether the provider can do something; `no` is the reason, for a person. */
export type Support = true | { readonly no: string; readonly link?: string };

/** A failure, for a person; no secret in it. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * One part of a picture, with its own age and its own failure: what could be had is shown although the rest could not.
 *
 * Never asked: neither `value` nor `trouble`. Failed after it was there: both, and `value` is the one of `at`.
 */
export interface Part<T> {
  readonly value?: T;
  /** When `value` was seen. */
  readonly at?: number;
  /** Why it could not be had at the last try. */
  readonly trouble?: Trouble;
  /** When it was last tried in vain. */
  readonly failedAt?: number;
  /** It is being asked for. */
  readonly refreshing: boolean;
  /** `value` is older than it should be: say so beside it. */
  readonly stale: boolean;
}

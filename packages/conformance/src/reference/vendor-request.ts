import { type HeldScope, scopeIn, type VendorState } from "./vendor-state.js";

/** What a route of the vendor gets. */
export interface VendorRequest {
  readonly state: VendorState;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal | undefined;
}

/** Thrown by a route: an answer that is no success. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What answers a call: `METHOD area/thing` of `/area/<key>/thing/<name>/<verb>`. */
export type Route = (request: VendorRequest) => unknown;

/** The scope that a call is about. */
export function scopeOf({ state, path }: VendorRequest): HeldScope {
  return scopeIn(state, path[1] ?? "");
}

import type { Context } from "../context.js";

/** How a request is made and what its errors are called. */
export interface RequestOptions {
  /** First part of the error codes, such as `dns`: `dns.throttled`, `dns.not-found`. Default `http`. */
  readonly code?: string;
  /** Milliseconds until the headers have to be there, for each attempt. Default 30,000. */
  readonly timeoutMs?: number;
  /** The request may be repeated without harm. Default: GET, HEAD and OPTIONS only. */
  readonly safe?: boolean;
  /** Requests in all when it is safe. Default 5. */
  readonly attempts?: number;
}

/**
 * Makes an HTTP request with a timeout; repeats it on 408, 425, 429, 5xx and network errors where that is safe.
 *
 * `Retry-After` and `RateLimit-Reset` are kept to.
 *
 * @returns the response, always a 2xx or 3xx one.
 * @throws DeployError `<code>.unauthenticated` (401), `.forbidden` (403), `.not-found` (404), `.conflict` (409),
 * `.throttled` (429), `.unavailable` (5xx), `.timeout`, `.unreachable`, `.refused` (any other 4xx); the status is in
 * `details.status`.
 */
export async function request(
  _context: Pick<Context, "signal" | "clock" | "fetch">,
  _url: string | URL,
  _init: RequestInit = {},
  _options: RequestOptions = {},
): Promise<Response> {
  throw new Error("not there yet");
}

import { setMaxListeners } from "node:events";
import type { Context } from "../context.js";
import { DeployError } from "../errors.js";
import { quotable, withoutQuery } from "./request-privacy.js";
import { retry } from "./retry.js";

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
 * `Retry-After` and, on 429, `RateLimit-Reset` are kept to. The body of the response is the caller's: it ends with
 * `context.signal`, or with the signal in `init` when there is one.
 *
 * @returns the response, always a 2xx or 3xx one.
 * @throws DeployError `<code>.unauthenticated` (401), `.forbidden` (403), `.not-found` (404), `.conflict` (409),
 * `.throttled` (429), `.unavailable` (408, 425, 5xx), `.timeout`, `.unreachable`, `.refused` (any other 4xx); the
 * status is in `details.status`. `run.cancelled` when the signal was aborted.
 */
export async function request(
  context: Pick<Context, "signal" | "clock" | "fetch">,
  url: string | URL,
  init: RequestInit = {},
  options: RequestOptions = {},
): Promise<Response> {
  const method = (init.method ?? "GET").toUpperCase();
  const safe = options.safe ?? ["GET", "HEAD", "OPTIONS"].includes(method);
  const subject: Subject = { code: options.code ?? "http", method, url: new URL(url), init };
  // A stream can be sent once only.
  const attempts = safe && !(init.body instanceof ReadableStream) ? (options.attempts ?? 5) : 1;
  return retry(context, () => attempt(context, subject, options.timeoutMs ?? 30_000), {
    attempts,
  });
}

interface Subject {
  readonly code: string;
  readonly method: string;
  readonly url: URL;
  readonly init: RequestInit;
}

async function attempt(
  context: Pick<Context, "signal" | "clock" | "fetch">,
  subject: Subject,
  timeoutMs: number,
): Promise<Response> {
  const outer = subject.init.signal ?? context.signal;
  const response = await beforeTimeout(context, outer, timeoutMs, subject, (signal) =>
    context.fetch(subject.url, { ...subject.init, signal }),
  );
  if (response.status < 400) return response;
  throw await statusError(response, subject, context.clock.now());
}

async function beforeTimeout(
  context: Pick<Context, "clock">,
  outer: AbortSignal,
  timeoutMs: number,
  subject: Subject,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const inner = new AbortController();
  const timer = new AbortController();
  // Linked by hand: `AbortSignal.any` on a signal that lives long keeps memory for every request in Node 20.
  const onAbort = (): void => inner.abort(outer.reason);
  if (outer.aborted) throw cancelled(outer.reason);
  setMaxListeners(0, outer);
  outer.addEventListener("abort", onAbort, { once: true });
  let late = false;
  void context.clock.sleep(timeoutMs, timer.signal).then(
    () => {
      late = true;
      inner.abort();
    },
    () => undefined,
  );
  let response: Response | undefined;
  try {
    response = await send(inner.signal);
    return response;
  } catch (cause) {
    if (outer.aborted) throw cancelled(outer.reason);
    throw late ? timeoutError(subject, timeoutMs) : networkError(subject, cause);
  } finally {
    timer.abort();
    // While the body flows, cancelling has to reach it; without a body there is nothing left to cancel.
    if (response?.body == null) outer.removeEventListener("abort", onAbort);
    else unlinkLater(response, () => outer.removeEventListener("abort", onAbort));
  }
}

/** Bodies that nobody reads to the end are collected some time, and their listener with them. */
const collected = new FinalizationRegistry<() => void>((unlink) => unlink());

function unlinkLater(response: Response, unlink: () => void): void {
  collected.register(response, unlink);
}

function cancelled(reason: unknown): DeployError {
  if (DeployError.is(reason)) return reason;
  return new DeployError({ code: "run.cancelled", message: "Cancelled.", cause: reason });
}

function timeoutError({ code, method, url }: Subject, timeoutMs: number): DeployError {
  return new DeployError({
    code: `${code}.timeout`,
    message: `${method} ${withoutQuery(url)} was not answered within ${timeoutMs / 1000} s.`,
    hint: "Run the same again; if it stays so, look at the vendor's status page.",
    retryable: true,
  });
}

function networkError({ code, method, url }: Subject, cause: unknown): DeployError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = (inner as { code?: unknown } | undefined)?.code;
  return new DeployError({
    code: `${code}.unreachable`,
    message: `${method} ${withoutQuery(url)} could not be reached${typeof reason === "string" ? ` (${reason})` : ""}.`,
    hint: "Look whether this machine is connected, and whether a proxy is needed.",
    retryable: true,
    details: typeof reason === "string" ? { reason } : {},
  });
}

async function statusError(response: Response, subject: Subject, now: number): Promise<DeployError> {
  const { status } = response;
  const body = await quotable(response, subject.url, subject.init);
  const retryAfterMs = pauseFrom(response, now);
  const what = `${subject.method} ${withoutQuery(subject.url)} was answered with ${status}`;
  return new DeployError({
    code: `${subject.code}.${reasonOf(status)}`,
    message: body === undefined ? `${what}.` : `${what}: ${body}`,
    hint: hintFor(status),
    retryable: status === 408 || status === 425 || status === 429 || status >= 500,
    details: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });
}

function reasonOf(status: number): string {
  const byStatus: Readonly<Record<number, string>> = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    408: "unavailable",
    409: "conflict",
    425: "unavailable",
    429: "throttled",
  };
  return byStatus[status] ?? (status >= 500 ? "unavailable" : "refused");
}

function hintFor(status: number): string {
  if (status === 401) return "Look at the credentials: `deploy doctor` says which are used.";
  if (status === 403) return "These credentials may not do this: give them the right, or use others.";
  if (status === 429) return "The vendor asks to be called less often: run the same again in a while.";
  if (status >= 500) return "Run the same again; if it stays so, look at the vendor's status page.";
  return "Look at what the vendor answered.";
}

/** Milliseconds the vendor wants us to wait: seconds or a date in `Retry-After`, else seconds in `RateLimit-Reset`. */
function pauseFrom(response: Response, now: number): number | undefined {
  const after = response.headers.get("retry-after");
  if (after !== null) {
    const seconds = Number(after);
    if (after.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
    const date = Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  if (response.status !== 429) return undefined;
  const reset =
    response.headers.get("ratelimit-reset") ?? /\bt=(\d+)/.exec(response.headers.get("ratelimit") ?? "")?.[1];
  const seconds = reset == null ? Number.NaN : Number(reset);
  if (!Number.isFinite(seconds)) return undefined;
  // Some vendors give a time since 1970 here, most the seconds that are left.
  return Math.max(0, seconds > 1_000_000_000 ? seconds * 1000 - now : seconds * 1000);
}

/** One request to a Heroku API, as the transport sends it: no retry, no paging, no meaning. */
export interface TransportRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** Origin such as `https://api.heroku.com`: scheme, host and port only. */
  readonly origin: string;
  /** Path with its query, beginning with `/`. */
  readonly path: string;
  /** The media type to ask for. */
  readonly accept: string;
  /** Value of the `Range` header: Heroku pages by it. Absent: no such header is sent. */
  readonly range?: string;
  /** Further headers, credentials included; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
  /** Ends the request: an aborted one is refused before anything is sent. */
  readonly signal: AbortSignal;
  /** Milliseconds until the last byte of the answer has to be there. */
  readonly timeoutMs: number;
}

/** What was answered, whatever its status. */
export interface TransportAnswer {
  readonly status: number;
  /** Names in lower case; a header that came several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body, decoded as UTF-8; empty where there is none. */
  readonly body: string;
}

/**
 * What carries requests to Heroku. Sends each exactly once, answers with every status, and rejects when the answer is
 * not whole: with the signal's reason when that was aborted, else with a {@link TransportFailure}.
 */
export interface HerokuTransport {
  /** For messages and benches: `heroku-client`, `fetch`. */
  readonly name: string;
  /** Sends it once. */
  send(request: TransportRequest): Promise<TransportAnswer>;
}

/** Why there is no answer. */
export type TransportReason =
  /** No connection could be made: nothing was sent. */
  | "unreachable"
  /** The connection ended, or the answer was cut: it may have been carried out. */
  | "cut"
  /** The time was up: it may have been carried out. */
  | "timeout"
  /** The answer was larger than {@link largestAnswer}. */
  | "too-large";

/** Bytes of the largest answer that is read: a page of 1,000 items stays far below it. */
export const largestAnswer: number = 32 * 1024 * 1024;

/** A request without a whole answer. It never says what was sent. */
export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  readonly reason: TransportReason;
  /** Node's code, such as `ECONNRESET`. */
  readonly code: string | undefined;

  constructor(reason: TransportReason, code?: string) {
    super(code === undefined ? reason : `${reason} (${code})`);
    this.reason = reason;
    this.code = code;
  }
}

/** Codes of Node and undici which say that no connection was made: nothing can have been carried out. */
const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Whatever Node, undici or a fetch of the caller's threw, as a {@link TransportFailure}. */
export function transportFailure(thrown: unknown): TransportFailure {
  if (thrown instanceof TransportFailure) return thrown;
  const code = codeOf(thrown);
  return new TransportFailure(code !== undefined && neverConnected.has(code) ? "unreachable" : "cut", code);
}

function codeOf(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth += 1) {
    const { code } = error as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}

import type { CloudflareToken, CloudflareZone } from "./state.js";

/** One entry of `errors`. */
export interface ApiError {
  readonly code: number;
  readonly message: string;
  readonly error_chain?: readonly { readonly code: number; readonly message: string }[];
}

/** A refusal as Cloudflare words it. */
export interface Refusal {
  readonly refusal: true;
  readonly status: number;
  readonly errors: readonly ApiError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a handler is given. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly token: CloudflareToken;
  /** The zone in the path; refuses where there is none, or not for this token. */
  readonly zone: CloudflareZone;
}

/** What a handler answers: `result`, and `result_info` of lists. `bare` leaves the envelope out. */
export interface Answer {
  readonly result: unknown;
  readonly result_info?: unknown;
  readonly bare?: true;
}

/** One route. `{name}` in its path is a parameter. */
export interface Route {
  readonly method: string;
  readonly path: string;
  /** Any one of these is enough; empty: any token. */
  readonly permissions: readonly string[];
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Throws a refusal; the server turns it into an answer. */
export function refuse(
  status: number,
  code: number,
  message: string,
  chain?: readonly { readonly code: number; readonly message: string }[],
  headers?: Readonly<Record<string, string>>,
): never {
  const error = { code, message, ...(chain && { error_chain: chain }) };
  throw { refusal: true, status, errors: [error], ...(headers && { headers }) } satisfies Refusal;
}

/** Refuses what a record must not say. */
export function invalid(code: number, message: string): never {
  refuse(400, 1004, "DNS Validation Error", [{ code, message }]);
}

/** Whether a thrown thing is a refusal. */
export function isRefusal(thrown: unknown): thrown is Refusal {
  return typeof thrown === "object" && thrown !== null && (thrown as { refusal?: unknown }).refusal === true;
}

/** Cuts a list into pages as `page` and `per_page` ask. */
export function paged(
  all: readonly unknown[],
  query: URLSearchParams,
  limits: { readonly usual: number; readonly least: number; readonly most: number },
): Answer {
  const asked = Number(query.get("per_page") ?? limits.usual);
  const size = Math.min(limits.most, Math.max(limits.least, asked));
  const page = Math.max(1, Number(query.get("page") ?? 1));
  const result = all.slice((page - 1) * size, page * size);
  return {
    result,
    result_info: {
      page,
      per_page: size,
      count: result.length,
      total_count: all.length,
      total_pages: Math.ceil(all.length / size),
    },
  };
}

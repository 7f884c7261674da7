/**
 * The one way to the server: JSON over `fetch`, failures as {@link ApiError}.
 *
 * @module
 */

/** Values of a query; what is undefined is left out, a list is repeated. */
export type Query = Readonly<
  Record<string, string | number | boolean | undefined | readonly (string | number)[]>
>;

/** What the server refused, or that it could not be reached (`status` 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    /** Milliseconds to wait before trying again, where the server says so. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** Options of a request. */
export interface RequestOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** Milliseconds. Default 30,000. */
  readonly timeout?: number;
}

let onSignedOut: () => void = () => {};

/** Says what happens when the session has ended; the session does this once. */
export function whenSignedOut(action: () => void): void {
  onSignedOut = action;
}

/** Reads. Throws {@link ApiError}. */
export function get<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return request<T>("GET", path, undefined, options);
}

/** Changes something. Throws {@link ApiError}. */
export function post<T>(path: string, body: unknown = {}, options: RequestOptions = {}): Promise<T> {
  return request<T>("POST", path, body, options);
}

/** Removes something. Throws {@link ApiError}. */
export function del<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return request<T>("DELETE", path, undefined, options);
}

/** Path of something of an app's environment: `environmentPath("shop", "review/12", "logs", "facts")`. */
export function environmentPath(app: string, environment: string, ...rest: readonly string[]): string {
  return ["/api/apps", app, "environments", environment, ...rest]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join("/");
}

/** `path` with its query. */
export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Reads line by line what the server sends as NDJSON; for answers that come over time. Throws {@link ApiError}. */
export async function* stream<T>(path: string, options: RequestOptions = {}): AsyncGenerator<T> {
  const response = await send("GET", path, undefined, options.query, options.signal);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
    }
    if (rest !== "") yield JSON.parse(rest) as T;
  } finally {
    // Whoever stops reading early stops the server as well.
    await reader.cancel().catch(() => {});
  }
}

async function request<T>(method: string, path: string, body: unknown, options: RequestOptions): Promise<T> {
  const timeout = AbortSignal.timeout(options.timeout ?? 30_000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const response = await send(method, path, body, options.query, signal);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw failed(cause);
  }
}

async function send(
  method: string,
  path: string,
  body: unknown,
  query: Query | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(withQuery(path, query), {
      method,
      credentials: "same-origin",
      headers: {
        accept: "application/json",
        "x-deploy-console": "1",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    throw failed(cause);
  }
  if (response.ok) return response;
  const error = await refused(response);
  // A wrong password is no ended session, wherever it was asked for.
  if (error.status === 401 && error.code !== "sign-in.wrong" && !path.startsWith("/api/sign-in/")) {
    onSignedOut();
  }
  throw error;
}

function failed(cause: unknown): unknown {
  if (cause instanceof DOMException && cause.name === "AbortError") return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError") {
    return new ApiError(0, "console.timeout", "The console did not answer in time.", "Try again.");
  }
  return new ApiError(
    0,
    "console.unreachable",
    "The console cannot be reached.",
    "Check the network, and whether the console runs.",
  );
}

async function refused(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("retry-after"));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait * 1000 : undefined;
  try {
    const { error } = (await response.json()) as {
      error: { code: string; message: string; hint?: string };
    };
    return new ApiError(response.status, error.code, error.message, error.hint, retryAfter);
  } catch {
    return new ApiError(
      response.status,
      "console.unexpected",
      `The console answered with status ${response.status}.`,
      undefined,
      retryAfter,
    );
  }
}

/** Whether this is no failure: somebody has gone elsewhere meanwhile. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

import { type Context, retry } from "@deploy/core";
import { endpointOf } from "./endpoints.js";
import { type Asked, failureError, refusalError, unreadableError } from "./errors.js";
import type { HerokuOptions } from "./options.js";
import { createTokenSource, type HerokuToken } from "./token.js";
import { bucketOf } from "./token-bucket.js";
import {
  type HerokuTransport,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
} from "./transport.js";
import { fetchTransport } from "./transport-fetch.js";
import { herokuClientTransport } from "./transport-heroku-client.js";

/** What a call needs of its context. */
export type CallContext = Pick<Context, "signal" | "clock" | "env" | "fetch">;

/** How one call differs from a plain one. */
export interface CallOptions {
  /** Variant of the API: `3`, `3.sdk`, `3.docker-releases` …. Default `3`. */
  readonly version?: string;
  /** `Accept-Expansion`: parts that come in full instead of by id, such as `plan`. */
  readonly expand?: string;
  /** `Accept-Inclusion`: parts that come besides, such as `addon:plan,config_vars`. */
  readonly include?: string;
  /** Which host. `data` and `metrics` are hosts of their own, with the same credentials. Default `api`. */
  readonly host?: "api" | "data" | "metrics";
  /** The body holds secrets (config values, private keys): what Heroku answers is only quoted if it repeats none. */
  readonly sensitive?: boolean;
  /** Milliseconds for the whole answer. Default 30,000. */
  readonly timeoutMs?: number;
}

/** How a list is asked for. */
export interface ListOptions extends CallOptions {
  /** The attribute to page by; `version` for releases. Default `id`. */
  readonly by?: string;
  /** Default `asc`. */
  readonly order?: "asc" | "desc";
  /** Items in all; the rest is not asked for. Default: all there are. */
  readonly limit?: number;
}

/**
 * The Platform API. GETs are repeated, with back-off and jitter, where that may help; everything else is sent once.
 *
 * Every call throws the codes of `refusalError` and `failureError`, `heroku.no-credentials`, and the reason of the
 * context's signal. A 2xx without a body answers with undefined.
 */
export interface HerokuApi {
  get<T>(context: CallContext, path: string, options?: CallOptions): Promise<T>;
  /** All items, page after page. */
  list<T>(context: CallContext, path: string, options?: ListOptions): Promise<readonly T[]>;
  post<T>(context: CallContext, path: string, body?: unknown, options?: CallOptions): Promise<T>;
  patch<T>(context: CallContext, path: string, body: unknown, options?: CallOptions): Promise<T>;
  put<T>(context: CallContext, path: string, body: unknown, options?: CallOptions): Promise<T>;
  delete<T = void>(
    context: CallContext,
    path: string,
    options?: CallOptions & { readonly body?: unknown },
  ): Promise<T>;
  /** The token in use, for what is not the Platform API: the registry and streams. Never to be shown. */
  token(context: CallContext): Promise<HerokuToken>;
  /** Calls that this token may still make now, as far as this process knows. */
  remaining(context: CallContext): Promise<number>;
}

/** Default of {@link CallOptions.timeoutMs}. */
const defaultTimeoutMs = 30_000;

/** A list of more pages than this repeats itself: 200,000 items. */
const mostPages = 200;

/** A path with its parts encoded: ``path`/apps/${app}/domains/${hostname}` ``. */
export function path(texts: TemplateStringsArray, ...parts: readonly (string | number)[]): string {
  return texts.reduce((text, next, index) => text + encodeURIComponent(String(parts[index - 1])) + next);
}

/** The API as the options of `heroku()` have it; nothing is loaded or asked before the first call. */
export function createApi(options: Pick<HerokuOptions, "transport" | "endpoints"> = {}): HerokuApi {
  const tokens = createTokenSource();
  const library = options.transport === "fetch" ? undefined : herokuClientTransport();
  const transportFor = (context: CallContext): HerokuTransport => library ?? fetchTransport(context.fetch);

  const exchange = async (
    context: CallContext,
    method: TransportRequest["method"],
    to: string,
    call: CallOptions & { readonly range?: string; readonly body?: unknown },
  ): Promise<TransportAnswer> => {
    context.signal.throwIfAborted();
    const { token } = await tokens.find(context);
    const bucket = bucketOf(token);
    await bucket.take(context);
    const timeoutMs = call.timeoutMs ?? defaultTimeoutMs;
    const asked: Asked = {
      method,
      path: to.replace(/\?.*/s, ""),
      secrets: [token, ...(call.sensitive === true ? textsIn(call.body) : [])],
    };
    const answer = await transportFor(context)
      .send({
        method,
        origin: endpointOf(call.host ?? "api", options.endpoints, context.env),
        path: to,
        accept: `application/vnd.heroku+json; version=${call.version ?? "3"}`,
        headers: {
          authorization: `Bearer ${token}`,
          ...(call.expand === undefined ? {} : { "accept-expansion": call.expand }),
          ...(call.include === undefined ? {} : { "accept-inclusion": call.include }),
        },
        ...(call.range === undefined ? {} : { range: call.range }),
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal: context.signal,
        timeoutMs,
      })
      .catch((thrown: unknown) => {
        bucket.settle(undefined, context.clock.now());
        throw thrown instanceof TransportFailure ? failureError(thrown, asked, timeoutMs) : thrown;
      });
    bucket.settle(
      answer.status === 429 ? 0 : numberIn(answer.headers["ratelimit-remaining"]),
      context.clock.now(),
    );
    if (answer.status < 200 || answer.status >= 300) throw refusalError(answer, asked);
    return answer;
  };

  const read = (
    context: CallContext,
    to: string,
    call: CallOptions & { range?: string },
  ): Promise<TransportAnswer> =>
    retry(context, () => exchange(context, "GET", to, call), {
      // Few: the engine repeats a read as well, and says so.
      attempts: 3,
      baseMs: 250,
      maxMs: 8_000,
    });

  const write = async <T>(
    context: CallContext,
    method: TransportRequest["method"],
    to: string,
    body: unknown,
    call: CallOptions = {},
  ): Promise<T> => parse<T>(await exchange(context, method, to, { ...call, body }), method, to);

  return {
    get: async <T>(context: CallContext, to: string, call: CallOptions = {}) =>
      parse<T>(await read(context, to, call), "GET", to),
    async list<T>(context: CallContext, to: string, call: ListOptions = {}) {
      const { by = "id", order, limit = Number.POSITIVE_INFINITY } = call;
      const items: T[] = [];
      let range: string | undefined =
        `${by} ..; max=${Math.min(1000, limit)}${order === "desc" ? ", order=desc" : ""}`;
      for (let page = 0; range !== undefined && page < mostPages; page += 1) {
        const answer: TransportAnswer = await read(context, to, { ...call, range });
        items.push(...parse<readonly T[]>(answer, "GET", to));
        const next: string | undefined = answer.headers["next-range"];
        range = items.length >= limit || next === range ? undefined : next;
      }
      return items.length > limit ? items.slice(0, limit) : items;
    },
    post: (context, to, body, call) => write(context, "POST", to, body, call),
    patch: (context, to, body, call) => write(context, "PATCH", to, body, call),
    put: (context, to, body, call) => write(context, "PUT", to, body, call),
    delete: (context, to, call) => write(context, "DELETE", to, call?.body, call),
    token: (context) => tokens.find(context),
    async remaining(context) {
      const { token } = await tokens.find(context);
      return bucketOf(token).remaining(context.clock.now());
    },
  };
}

function numberIn(text: string | undefined): number | undefined {
  const number = Number(text || Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}

/** The body as data; what comes without one is undefined. */
function parse<T>(answer: TransportAnswer, method: string, to: string): T {
  if (answer.body.trim() === "") return undefined as T;
  try {
    return JSON.parse(answer.body) as T;
  } catch {
    throw unreadableError({ method, path: to, secrets: [] });
  }
}

/** Every text in a body that is long enough to be a secret, its names left out. */
function textsIn(body: unknown): readonly string[] {
  if (typeof body === "string") return [body];
  if (typeof body !== "object" || body === null) return [];
  return Object.values(body).flatMap(textsIn);
}

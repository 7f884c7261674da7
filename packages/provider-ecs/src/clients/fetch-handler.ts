import { Readable } from "node:stream";
import type { Context } from "@deploy/core";

/** What the SDK hands to its HTTP handler, as far as it is used. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  readonly body?: unknown;
}

/** What the SDK takes back. */
interface SdkResponse {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** What a call hands through the SDK to the handler. */
export interface HandlerOptions {
  readonly abortSignal?: AbortSignal;
  readonly fetch?: Context["fetch"];
}

/** The SDK's HTTP handler, as it asks for one. */
export interface FetchHandler {
  handle(request: SdkRequest, options?: HandlerOptions): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
}

/** `fetch` makes these by itself, or refuses them. */
const ownHeaders = new Set(["connection", "expect", "host", "keep-alive", "transfer-encoding", "upgrade"]);

/**
 * The SDK's HTTP over the context's own `fetch`, so that whoever stands in for it (tests, faults, limits) sees every
 * call. Node's `fetch` keeps connections alive in one pool for all clients, with as many sockets as there are calls.
 */
export function createFetchHandler(): FetchHandler {
  return {
    handle: async (request, options = {}) => {
      const fetch = options.fetch;
      if (fetch === undefined) throw new Error("a call without a context");
      const headers = Object.entries(request.headers).filter(([name]) => !ownHeaders.has(name.toLowerCase()));
      const body = bodyOf(request);
      const response = await fetch(urlOf(request), {
        method: request.method,
        headers: Object.fromEntries(headers),
        redirect: "manual",
        ...(options.abortSignal === undefined ? {} : { signal: options.abortSignal }),
        ...(body === undefined
          ? {}
          : { body, ...(body instanceof ReadableStream ? { duplex: "half" } : {}) }),
      });
      return {
        response: {
          statusCode: response.status,
          reason: response.statusText,
          headers: Object.fromEntries(response.headers),
          body: response.body === null ? Readable.from([]) : Readable.fromWeb(response.body),
        },
      };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
}

function urlOf(request: SdkRequest): string {
  const port = request.port === undefined ? "" : `:${request.port}`;
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value === null) pairs.push(encode(name));
    else
      for (const one of typeof value === "string" ? [value] : value)
        pairs.push(`${encode(name)}=${encode(one)}`);
  }
  const query = pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  return `${request.protocol}//${request.hostname}${port}${request.path}${query}`;
}

/** As the signature encodes it: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function bodyOf(request: SdkRequest): string | Uint8Array<ArrayBuffer> | ReadableStream | undefined {
  const { body, method } = request;
  if (body === undefined || body === null || method === "GET" || method === "HEAD") return undefined;
  if (body instanceof Readable) return Readable.toWeb(body) as ReadableStream;
  return body as string | Uint8Array<ArrayBuffer> | ReadableStream;
}

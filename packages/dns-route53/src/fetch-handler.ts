import { Readable } from "node:stream";
import type { Context } from "@deploy/core";

/** What the SDK hands to its HTTP handler, as far as Route 53 needs it. */
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

/** The SDK's HTTP over the context's own `fetch`, so that whoever stands in for it (tests, faults, limits) sees every call. */
export function createFetchHandler(fetch: Context["fetch"]): Record<string, unknown> {
  return {
    async handle(request: SdkRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) {
      const { host: _host, "content-length": _length, ...headers } = request.headers;
      const response = await fetch(urlOf(request), {
        method: request.method,
        headers,
        redirect: "manual",
        ...(abortSignal && { signal: abortSignal }),
        ...(typeof request.body === "string" && { body: request.body }),
      });
      // Read to its end here, so that the time limit is one for the whole answer.
      const body = Readable.from([Buffer.from(await response.arrayBuffer())]);
      const { status: statusCode, statusText: reason } = response;
      return { response: { statusCode, reason, headers: Object.fromEntries(response.headers), body } };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value ?? ""));
  // As the signature encodes it.
  url.search = url.search.replace(/\+/g, "%20").replace(/\*/g, "%2A").replace(/%7E/g, "~");
  return url.href;
}

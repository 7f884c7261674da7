import { setMaxListeners } from "node:events";
import type { Context } from "@deploy/core";
import {
  type HerokuTransport,
  largestAnswer,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
  transportFailure,
} from "./transport.js";
import { userAgent } from "./user-agent.js";

/** What a context brings along as its `fetch`. */
type Fetch = Context["fetch"];

/**
 * The transport on a plain `fetch`: the caller's, so that a proxy agent, a recorder or a fault injector sees each call.
 */
export function fetchTransport(fetch: Fetch): HerokuTransport {
  return {
    name: "fetch",
    async send(request) {
      request.signal.throwIfAborted();
      const stop = new AbortController();
      // Linked by hand: `AbortSignal.any` on a signal that lives long keeps memory for every request in Node 20.
      const onAbort = (): void => stop.abort(request.signal.reason);
      // One run asks many things at once under one signal.
      setMaxListeners(0, request.signal);
      request.signal.addEventListener("abort", onAbort, { once: true });
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        stop.abort();
      }, request.timeoutMs);
      try {
        return await exchange(fetch, request, stop.signal);
      } catch (thrown) {
        if (request.signal.aborted) throw request.signal.reason;
        throw late ? new TransportFailure("timeout") : transportFailure(thrown);
      } finally {
        clearTimeout(timer);
        request.signal.removeEventListener("abort", onAbort);
      }
    },
  };
}

async function exchange(
  fetch: Fetch,
  request: TransportRequest,
  signal: AbortSignal,
): Promise<TransportAnswer> {
  const response = await fetch(`${request.origin}${request.path}`, {
    method: request.method,
    headers: {
      ...request.headers,
      accept: request.accept,
      "user-agent": userAgent,
      ...(request.range === undefined ? {} : { range: request.range }),
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(request.body === undefined ? {} : { body: request.body }),
    // Credentials follow no redirect.
    redirect: "manual",
    signal,
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await readAll(response),
  };
}

async function readAll(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > largestAnswer) {
      await reader.cancel().catch(() => undefined);
      throw new TransportFailure("too-large");
    }
    text += decoder.decode(value, { stream: true });
  }
}

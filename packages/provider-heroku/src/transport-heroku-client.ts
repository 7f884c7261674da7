import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import {
  type HerokuTransport,
  largestAnswer,
  type TransportAnswer,
  TransportFailure,
  type TransportRequest,
  transportFailure,
} from "./transport.js";
import { userAgent } from "./user-agent.js";

/**
 * The transport on Heroku's own `heroku-client` 3.1.4: its request class, subclassed.
 *
 * Used as it is, that package corrupts a character that is split between two chunks, sends a POST again after a reset
 * (a second paid add-on), never settles when an answer is cut, dies of a 304, and hides the headers. The subclass
 * takes over everything from the first byte of the answer on; see docs/decisions/0009. Loaded with the first request.
 */
export function herokuClientTransport(): HerokuTransport {
  let loading: ReturnType<typeof load> | undefined;
  return {
    name: "heroku-client",
    async send(request) {
      request.signal.throwIfAborted();
      loading ??= load();
      const start = await loading;
      request.signal.throwIfAborted();
      return start(request);
    },
  };
}

async function load(): Promise<(request: TransportRequest) => Promise<TransportAnswer>> {
  const [{ default: Request }, http, https] = await Promise.all([
    import("heroku-client/lib/request.js"),
    import("node:http"),
    import("node:https"),
  ]);
  // Reads share connections. A write gets one of its own: a kept one that the server has just closed cannot be told
  // from an answer that was lost.
  const reading = {
    http: new http.Agent({ keepAlive: true, maxSockets: 24, timeout: 15_000 }),
    https: new https.Agent({ keepAlive: true, maxSockets: 24, timeout: 15_000 }),
  };
  const writing = {
    http: new http.Agent({ keepAlive: false }),
    https: new https.Agent({ keepAlive: false }),
  };

  class OneRequest extends Request {
    readonly #asked: TransportRequest;
    #end: () => void = () => undefined;

    constructor(asked: TransportRequest) {
      super({
        host: asked.origin,
        path: asked.path,
        method: asked.method,
        headers: {
          ...asked.headers,
          Accept: asked.accept,
          ...(asked.range === undefined ? {} : { Range: asked.range }),
        },
        ...(asked.body === undefined ? {} : { body: asked.body }),
        json: false,
        partial: true,
        parseJSON: false,
        userAgent,
      });
      this.#asked = asked;
      // The library's tunnel stays in place where HEROKU_HTTP_PROXY_HOST asks for it.
      if (this.agent.constructor === http.Agent || this.agent.constructor === https.Agent) {
        const pool = asked.method === "GET" || asked.method === "HEAD" ? reading : writing;
        this.agent = this.secure ? (pool.https as Agent) : pool.http;
      }
    }

    /** Nothing is ever sent twice. */
    protected override isRetryAllowed(): boolean {
      return false;
    }

    /** The library's debug output would print bodies, config vars among them. Called before the body is written. */
    protected override logRequest(request: ClientRequest): void {
      if (this.#asked.range === undefined) request.removeHeader("Range");
      if (this.#asked.body === undefined) request.removeHeader("Content-type");
    }

    /** Called with the request before it is sent: time limit and cancellation end it, once and for all. */
    protected override setRequestTimeout(request: ClientRequest): void {
      const { signal, timeoutMs } = this.#asked;
      const fail = (error: unknown): void => {
        this.#end();
        this.reject(error);
        request.destroy();
      };
      const onAbort = (): void => fail(signal.reason);
      const timer = setTimeout(() => fail(new TransportFailure("timeout")), timeoutMs);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      };
      request.once("error", (error) => fail(transportFailure(error)));
    }

    /** Collects bytes, not strings; settles at the end, at a cut and at a 304 alike. */
    protected override handleResponse(response: IncomingMessage): void {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const fail = (failure: TransportFailure): void => {
        this.#end();
        this.reject(failure);
        response.destroy();
      };
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > largestAnswer) fail(new TransportFailure("too-large"));
        else chunks.push(chunk);
      });
      response.once("error", (error) => fail(transportFailure(error)));
      response.once("close", () => {
        if (!response.complete) fail(new TransportFailure("cut"));
      });
      response.once("end", () => {
        if (!response.complete) return;
        this.#end();
        this.resolve({
          status: response.statusCode ?? 0,
          headers: plainHeaders(response),
          body: new TextDecoder().decode(Buffer.concat(chunks)),
        } satisfies TransportAnswer);
      });
    }
  }

  return (request) => new OneRequest(request).request() as Promise<TransportAnswer>;
}

function plainHeaders(response: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}

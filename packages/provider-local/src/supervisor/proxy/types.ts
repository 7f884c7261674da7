import type { Server } from "node:net";

/** Where one listener accepts connections. */
export interface ListenOptions {
  /** TCP port; 0 lets the system choose one. */
  readonly port: number;
  /** Address to bind. Default `127.0.0.1`. */
  readonly host?: string;
}

/** What a listener is bound to once it listens. */
export interface Listening {
  /** The name under which {@link ReverseProxy.servers} returns it: `entry`, or `service:<id>`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** One running instance of a process which answers HTTP. */
export interface UpstreamTarget {
  /** Unique among all services of the proxy. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** What answers for one process of one app in one environment. */
export interface ServiceSettings {
  readonly app: string;
  readonly environment: string;
  readonly process: string;
  /** The instances which take new requests from now on; empty answers 503. */
  readonly upstreams: readonly UpstreamTarget[];
  /** Why there is no instance, as a sentence for people; shown on the 503 page. */
  readonly unavailable?: string;
}

/** What happens to requests for one hostname. */
export type Route =
  | {
      /** Id of the service which answers. */
      readonly service: string;
    }
  | {
      /** Hostname to send the client to, with the same port, path and query. */
      readonly redirect: string;
      /** 301/308 when true, 302/307 when false. Default true. */
      readonly permanent?: boolean;
    };

/** Limits on time and size. Times are in milliseconds; every member has a default. */
export interface ProxyLimits {
  /** Connecting to an upstream. Default 5,000. */
  readonly connectMs: number;
  /** From the request sent to the response header received; then 504. Default 60,000. */
  readonly responseHeaderMs: number;
  /** How long an idle connection to an upstream is kept. Default 1,000: below every app server's own limit. */
  readonly upstreamIdleMs: number;
  /** A client sending its request header. Default 15,000. */
  readonly requestHeaderMs: number;
  /** A client sending nothing in the middle of a request body. Default 60,000. */
  readonly requestBodyIdleMs: number;
  /** A client's connection between two requests. Default 75,000. */
  readonly clientIdleMs: number;
  /** How often the limits above are checked for clients. Default 5,000. */
  readonly checkEveryMs: number;
  /** A request header or a response header, in bytes. Default 32,768. */
  readonly headerBytes: number;
}

/** Something worth a log line. Never emitted for a request that went well. */
export type ProxyEvent =
  | {
      readonly type: "upstream-failed";
      readonly service: string;
      readonly upstream: string;
      /** System or parser code such as `ECONNREFUSED`. */
      readonly code: string;
      readonly message: string;
      /** True when the request went on to another connection and the client saw nothing. */
      readonly retried: boolean;
      readonly requestId: string;
    }
  | {
      readonly type: "drained";
      readonly service: string;
      readonly upstream: string;
      readonly finished: number;
      readonly cut: number;
    }
  | { readonly type: "listener-failed"; readonly listener: string; readonly message: string };

/** What {@link createProxy} takes. */
export interface ProxyOptions {
  /** Called synchronously; must not throw. */
  readonly onEvent?: (event: ProxyEvent) => void;
  readonly limits?: Partial<ProxyLimits>;
}

/** How long to wait for requests in flight. */
export interface DrainOptions {
  /** Milliseconds until what remains is cut. */
  readonly limitMs: number;
  /** Stops waiting: the promise rejects with `run.cancelled` and nothing is cut. */
  readonly signal?: AbortSignal;
}

/** How a drain ended: what was in flight when it began or came later by a retry. */
export interface DrainResult {
  readonly finished: number;
  readonly cut: number;
}

/** Counters of one service since it was first set. */
export interface ServiceStats {
  /** Requests and tunnels open now. */
  readonly inFlight: number;
  /** Requests answered or being answered. */
  readonly total: number;
  /** Answers by status class, including those which the proxy gave itself; a WebSocket counts as `1xx`. */
  readonly byStatus: Readonly<Record<"1xx" | "2xx" | "3xx" | "4xx" | "5xx", number>>;
  /** Those still in service or being drained. */
  readonly upstreams: readonly {
    readonly id: string;
    readonly inFlight: number;
    readonly draining: boolean;
  }[];
}

/** A reverse proxy for HTTP/1.1 and WebSocket, embedded in this process. */
export interface ReverseProxy {
  /**
   * Opens the public entry, which routes by the Host header.
   * Throws `proxy.port-taken`, `proxy.port-not-allowed` or `proxy.listen-failed`.
   */
  listen(options: ListenOptions): Promise<Listening>;
  /** Opens a port which leads to one service whatever the Host header says. Throws as {@link ReverseProxy.listen} does. */
  listenService(service: string, options: ListenOptions): Promise<Listening>;
  /** The listening servers by name, to be sent to another process over IPC. */
  servers(): ReadonlyMap<string, Server>;
  /**
   * Takes over a server which already listens, as received over IPC. `name` is the one it had in
   * {@link ReverseProxy.servers}. Throws `proxy.listener-unknown` for any other name.
   */
  adopt(name: string, handle: Server): Promise<Listening>;
  /**
   * Replaces what answers for a service; requests which come after the call see only the new set.
   * An upstream left out keeps its requests in flight until they end or {@link ReverseProxy.drain} cuts them.
   * Throws `proxy.upstream-taken` when another service has an upstream with the same id.
   */
  setService(service: string, settings: ServiceSettings): void;
  /** Forgets a service and closes its own port. Its upstreams end as they do when left out of a set. */
  removeService(service: string): Promise<void>;
  /** Replaces all routes of the public entry. Hostnames are compared without case, port and trailing dot. */
  setRoutes(routes: Readonly<Record<string, Route>>): void;
  /**
   * Takes an upstream out of service and waits for what is in flight on it. An unknown id, or one whose last
   * request has ended, is drained already.
   */
  drain(upstream: string, options: DrainOptions): Promise<DrainResult>;
  /** Counters by service id. */
  stats(): ReadonlyMap<string, ServiceStats>;
  /** Stops accepting, lets requests end, cuts what remains at the limit (default 0 ms). */
  close(options?: { readonly limitMs?: number }): Promise<void>;
}

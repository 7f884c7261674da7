import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Action } from "../access/actions.js";
import type { Caller } from "../access/types.js";
import type { Services } from "../services.js";

/** What a handler gets: the request, who asks, and everything the console consists of. */
export interface RouteRequest {
  readonly request: Request;
  readonly url: URL;
  /** Named parts of the path, decoded: `app`, `environment`, `id` … */
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller;
  /** The peer's address, or what a configured proxy says it is. */
  readonly address: string;
  readonly services: Services;
  /**
   * Aborted when the client goes away, or the right to do this ends; its reason is then an `AbortError` whose message
   * is `revoked`, `signed-out` or `shutdown`. Rights are watched from the first look at it on.
   */
  readonly signal: AbortSignal;
  /** The body as JSON, of at most `maxBody` bytes. Throws `console.bad-request`, `console.too-large`. */
  json(): Promise<unknown>;
}

/** A socket that was let in: cookie, Origin and right have been checked, and go on being checked while it is open. */
export interface SocketRequest extends Omit<RouteRequest, "json" | "request"> {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
}

interface RouteBase {
  /** `/api/apps/:app/environments/:environment/logs`; an action of scope `app` needs `:app` in it. */
  readonly path: string;
  /** What the caller must be allowed to do; a route without one does not compile. */
  readonly action: Action;
}

/**
 * A route of the console.
 *
 * What a handler throws is answered as JSON; a `DeployError` names its status in `details.status`, and in
 * `details.retryAfter` the seconds of the header of that name.
 */
export type Route =
  | (RouteBase & {
      readonly method: "GET" | "POST" | "PUT" | "DELETE";
      /** Bytes. Default 64 kB. */
      readonly maxBody?: number;
      handle(request: RouteRequest): Promise<Response> | Response;
    })
  | (RouteBase & {
      readonly method: "SOCKET";
      /**
       * Opens with a ticket of its own beside the session, made by `services.tickets.issue(caller, path)`; the browser
       * sends it as the protocol `ticket.<ticket>` beside `deploy`. Default false.
       */
      readonly ticket?: boolean;
      /** Refuses, by throwing, what is no use: before the socket opens, so that the client gets an answer with a reason. */
      check?(request: Omit<SocketRequest, "socket" | "signal">): void;
      connect(request: SocketRequest): Promise<void> | void;
    });

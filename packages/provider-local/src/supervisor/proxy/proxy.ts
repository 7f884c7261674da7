import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { DeployError } from "@deploy/core";
import { Exchange, type ExchangeContext } from "./exchange.js";
import { isSaneRequestId, requestHeaders } from "./headers.js";
import { createRouteTable, portSuffix } from "./hosts.js";
import { defaultLimits } from "./limits.js";
import {
  createListener,
  entryName,
  type Listener,
  type ListenerHandler,
  serviceListenerName,
  startListening,
  stopListening,
} from "./listeners.js";
import { type ErrorPage, sendErrorPage, sendRedirect } from "./pages.js";
import { createServiceTable, type Service } from "./services.js";
import type { TunnelRequest } from "./tunnel.js";
import type { Listening, ListenOptions, ProxyLimits, ProxyOptions, ReverseProxy } from "./types.js";
import { isWebSocket, responseOn, serveWithoutUpgrade } from "./upgrade.js";

interface ClientSocket extends Socket {
  /** The peer's address as the app shall see it, kept because asking for it is slow. */
  clientAddress?: string;
}

function addressOf(socket: ClientSocket): string {
  let address = socket.clientAddress;
  if (address === undefined) {
    address = socket.remoteAddress ?? "";
    if (address.startsWith("::ffff:")) address = address.slice(7);
    socket.clientAddress = address;
  }
  return address;
}

interface Target {
  readonly host: string | undefined;
  readonly path: string;
}

/** The host and path that a request is for; undefined when its target is neither a path nor an http URL. */
function targetOf(request: IncomingMessage): Target | undefined {
  const url = request.url as string;
  if (url.charCodeAt(0) === 47) return { host: request.headers.host, path: url };
  // RFC 9112 section 3.2.2: the host in the target counts, not the one in the header.
  const absolute = /^https?:\/\/([^/?#@]+)([^#]*)/i.exec(url);
  if (absolute === null) return undefined;
  const rest = absolute[2] as string;
  return { host: absolute[1], path: rest.startsWith("/") ? rest : `/${rest}` };
}

const badTarget: ErrorPage = {
  status: 400,
  code: "bad-request",
  message: "The request is for neither a path nor an http address.",
};

const badHost: ErrorPage = {
  status: 400,
  code: "bad-request",
  message: "The request must have exactly one Host header.",
};

/**
 * Creates a reverse proxy that listens nowhere and knows no service yet.
 *
 * Errors that a client sees carry `X-Deploy-Error`: `bad-request` (400), `unknown-host` (404), `request-timeout`
 * (408), `upstream-failed` (502), `no-instance` and `instance-stopped` (503), `upstream-timeout` (504).
 */
export function createProxy(options: ProxyOptions = {}): ReverseProxy {
  const limits: ProxyLimits = { ...defaultLimits, ...options.limits };
  const services = createServiceTable(limits);
  const listeners = new Map<string, Listener>();
  const context: ExchangeContext = { limits, emit: options.onEvent ?? (() => {}), uploads: new Set() };
  let routes = createRouteTable({});
  let closing = false;

  const uploadCheck = setInterval(() => {
    const now = Date.now();
    for (const exchange of [...context.uploads]) exchange.checkUpload(now);
  }, limits.checkEveryMs);
  uploadCheck.unref();

  /** The service for a request; undefined when the request has been answered here. */
  function route(
    listener: Listener,
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    requestId: string,
  ): Service | undefined {
    if (listener.service !== undefined) return services.get(listener.service);
    const host = target.host ?? "";
    const found = routes.find(host);
    if (found === undefined) {
      const page: ErrorPage = {
        status: 404,
        code: "unknown-host",
        message: "No app answers for this hostname. Known here:",
        list: routes.hostnames,
      };
      sendErrorPage(request, response, page, requestId);
      return undefined;
    }
    if ("service" in found) return services.get(found.service);
    const location = `http://${found.redirect}${portSuffix(host)}${target.path}`;
    sendRedirect(request, response, location, found.permanent ?? true);
    return undefined;
  }

  function forward(
    listener: Listener,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
    tunnel?: TunnelRequest,
  ): void {
    if (closing) response.shouldKeepAlive = false;
    const incoming = request.headers;
    const sent = incoming["x-request-id"];
    const requestId = isSaneRequestId(sent) ? sent : randomUUID();
    const target = targetOf(request);
    if (target === undefined) {
      sendErrorPage(request, response, badTarget, requestId);
      return;
    }
    const headers = requestHeaders(request.rawHeaders, {
      host: target.host,
      address: addressOf(request.socket),
      protocol: "http",
      port: listener.port,
      requestId,
    });
    if (headers === undefined) {
      response.shouldKeepAlive = false;
      sendErrorPage(request, response, badHost, requestId);
      return;
    }
    const service = route(listener, request, response, target, requestId);
    if (service === undefined) return;
    const length = incoming["content-length"];
    const hasBody =
      incoming["transfer-encoding"] !== undefined || (length !== undefined && Number(length) !== 0);
    new Exchange(context, {
      request,
      response,
      service,
      path: target.path,
      headers,
      requestId,
      hasBody,
      expectsContinue,
      tunnel,
    }).start();
  }

  const handler: ListenerHandler = {
    request: forward,
    upgrade(listener, request, socket, head) {
      if (!isWebSocket(request)) {
        serveWithoutUpgrade(listener.server, request, socket, head);
        return;
      }
      forward(listener, request, responseOn(request, socket), false, { socket, head });
    },
    failed(listener, error) {
      context.emit({ type: "listener-failed", listener: listener.name, message: error.message });
    },
  };

  async function open(name: string, target: ListenOptions | Server): Promise<Listening> {
    if (listeners.has(name)) {
      throw new DeployError({
        code: "proxy.listener-taken",
        message: `The listener "${name}" is open already.`,
      });
    }
    const listener = createListener(name, limits, handler);
    // Entered first, so that two calls at once cannot both open it.
    listeners.set(name, listener);
    try {
      return await startListening(listener, target);
    } catch (error) {
      listeners.delete(name);
      throw error;
    }
  }

  return {
    listen: (target) => open(entryName, target),
    listenService: (service, target) => open(serviceListenerName(service), target),
    adopt: (name, handle) => open(name, handle),
    servers: () => new Map([...listeners].map(([name, { server }]): [string, Server] => [name, server])),
    setService: (service, settings) => services.set(service, settings),
    async removeService(service) {
      services.remove(service);
      const name = serviceListenerName(service);
      const listener = listeners.get(name);
      if (listener === undefined) return;
      listeners.delete(name);
      void stopListening(listener);
    },
    setRoutes(next) {
      routes = createRouteTable(next);
    },
    async drain(upstream, drainOptions) {
      const { service, finished, cut } = await services.drain(upstream, drainOptions);
      if (service !== "") context.emit({ type: "drained", service, upstream, finished, cut });
      return { finished, cut };
    },
    stats: () => services.stats(),
    async close({ limitMs = 0 } = {}) {
      closing = true;
      const open = [...listeners.values()];
      listeners.clear();
      const ended = Promise.all(open.map(stopListening));
      const limit = setTimeout(() => {
        for (const upstream of services.upstreams()) {
          for (const holder of [...upstream.inFlight]) holder.cut();
        }
        for (const { server } of open) server.closeAllConnections();
      }, limitMs);
      await ended;
      clearTimeout(limit);
      clearInterval(uploadCheck);
      await Promise.all(services.upstreams().map((upstream) => upstream.pool.destroy()));
    },
  };
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DeployError } from "@deploy/core";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import type { Services } from "../services.js";
import { createPeerReader } from "./address.js";
import { cutOffUnreadBody } from "./body.js";
import { errorAnswer } from "./errors.js";
import { SERVER_LIMITS, type ServerLimits } from "./limits.js";
import type { Place } from "./place.js";
import { createRightsWatch } from "./rights-watch.js";
import type { Route } from "./route.js";
import { createRouter } from "./router.js";
import { createSockets } from "./sockets.js";
import { readStaticFiles } from "./static.js";

/** How long answers may flow on after the console was asked to close, milliseconds. */
const CLOSE_WITHIN = 2_000;

/** A server that listens, and answers nothing before it is told what. */
export interface Listening {
  readonly port: number;
  /** Answers with these routes from now on. */
  serve(what: ServeOptions): void;
  /** Ends streams and sockets, lets short answers finish, and stops listening; once. */
  close(): Promise<void>;
}

/** What is served. */
export interface ServeOptions {
  readonly services: Services;
  readonly routes: readonly Route[];
  readonly place: Place;
  /** Directory of the built pages. Default: those of this package. */
  readonly pages?: string;
}

/**
 * Takes the port; what comes before `serve` is told to come again.
 *
 * @throws `console.port-taken`, `console.cannot-listen`
 */
export async function listen(
  address: { readonly host: string; readonly port: number },
  limits: ServerLimits = SERVER_LIMITS,
): Promise<Listening> {
  const { headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval, maxHeaderSize } =
    limits;
  const server = createServer({
    ...{ headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval, maxHeaderSize },
  });
  server.timeout = limits.stalledTimeout;
  // The configuration of many apps takes a while to load.
  const notYet = (_: IncomingMessage, outgoing: ServerResponse): void => {
    outgoing.writeHead(503, { "retry-after": "1", "cache-control": "no-store" }).end("starting\n");
  };
  server.on("request", notYet);
  server.maxHeadersCount = 100;
  await bound(server, address);
  const { port } = server.address() as AddressInfo;
  let stop: (() => Promise<void>) | undefined;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await stop?.();
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN);
    await closed;
    clearTimeout(cut);
  };
  return {
    port,
    serve: (what) => {
      server.off("request", notYet);
      stop = serveOn(server, what, limits);
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function serveOn(
  server: Server,
  { services, routes, place, pages }: ServeOptions,
  limits: ServerLimits,
): () => Promise<void> {
  const watch = createRightsWatch(services.access);
  const router = createRouter({
    services,
    routes,
    place,
    watch,
    files: readStaticFiles(pages),
    peerOf: createPeerReader(services.options.trustedProxies ?? []),
  });
  const sockets = createSockets({ services, router, watch, limits, origin: place.origin });
  const listener = getRequestListener((request, env) => router.fetch(request, env as HttpBindings), {
    hostname: new URL(place.origin).host,
    overrideGlobalObjects: false,
    // An unread body is cut off below, sooner.
    autoCleanupIncoming: false,
    errorHandler: (thrown) => errorAnswer(thrown),
  });
  server.on("request", (incoming, outgoing) => {
    cutOffUnreadBody(incoming, outgoing);
    void listener(incoming, outgoing);
  });
  server.on("upgrade", sockets.upgrade);
  return async () => {
    watch.close();
    await sockets.close();
  };
}

function bound(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      reject(
        new DeployError({
          code: taken ? "console.port-taken" : "console.cannot-listen",
          message: taken
            ? `Something else listens on port ${port} of ${host}.`
            : `The console cannot listen on port ${port} of ${host} (${cause.code ?? cause.message}).`,
          hint: "Choose another one with --port, or let it take a free one with --port 0.",
          cause,
        }),
      );
    });
    server.listen({ host: host.replace(/^\[|\]$/g, ""), port }, () => resolve());
  });
}

import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Services } from "../services.js";
import type { ServerLimits } from "./limits.js";
import type { EndReason, RightsWatch } from "./rights-watch.js";
import type { createRouter, OpenedSocket } from "./router.js";
import { createSocketPlaces } from "./socket-places.js";

/** What goes to the server is keys and small messages: what is larger is no client of ours, bytes. */
const MAX_MESSAGE = 64 * 1024;

/** How long a client may take to close before its connection is cut, milliseconds: less than a second in all. */
const CLOSE_WITHIN = 250;

/** Codes that a socket is closed with. 4000 and up are for applications (RFC 6455, section 7.4.2). */
const CODES: Readonly<Record<EndReason, number>> = { revoked: 4403, "signed-out": 4401, shutdown: 1001 };

/** How long who was refused may take to close its side, milliseconds. */
const LINGER = 1_000;

/** The open sockets of one console. */
export interface Sockets {
  /** Answers a request to upgrade: with a socket, or with why there is none. */
  upgrade(incoming: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** Ends all; resolves when the last is closed. */
  close(): Promise<void>;
}

/** What sockets are made of. */
export interface SocketsOptions {
  readonly services: Services;
  readonly router: ReturnType<typeof createRouter>;
  readonly watch: RightsWatch;
  readonly limits: Pick<ServerLimits, "pingEvery" | "socketsOfOne" | "socketsInAll">;
  readonly origin: string;
}

/** Sockets go through the same table and the same guard as everything else. */
export function createSockets({ services, router, watch, limits, origin }: SocketsOptions): Sockets {
  const places = createSocketPlaces(limits);
  // Compression is off: a batch would be compressed anew for every viewer.
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (offered) => (offered.has("deploy") ? "deploy" : false),
  });

  const open = (opened: OpenedSocket, incoming: IncomingMessage, connection: Duplex, head: Buffer): void => {
    server.handleUpgrade(incoming, connection, head, (socket) => {
      const { route, params, admission, url, address } = opened;
      const leave = places.enter(admission.caller, address);
      if (typeof leave !== "function") {
        // Told by a code: a browser shows its page nothing of a handshake that was refused.
        socket.on("error", () => socket.terminate());
        socket.close(leave.code, leave.reason);
        return;
      }
      socket.once("close", leave);
      const controller = new AbortController();
      let ended = false;
      const end = (reason: EndReason): void => {
        if (ended) return;
        ended = true;
        // Whoever has the socket says its last word while the signal is aborted.
        controller.abort(new DOMException(reason, "AbortError"));
        socket.close(CODES[reason], reason);
        setTimeout(() => socket.terminate(), CLOSE_WITHIN).unref();
      };
      const stopWatching = watch.watch(route, params, admission, end);
      const stopPinging = keepAlive(socket, limits.pingEvery);
      socket.on("error", () => socket.terminate());
      socket.once("close", () => {
        ended = true;
        stopWatching();
        stopPinging();
        controller.abort(new DOMException("The client has gone away.", "AbortError"));
      });
      if (controller.signal.aborted) return;
      const { caller } = admission;
      const request = {
        request: incoming,
        url,
        params,
        caller,
        address,
        services,
        signal: controller.signal,
      };
      const connect = async (): Promise<void> => route.connect({ ...request, socket });
      connect().catch((thrown: unknown) => {
        // What goes wrong is never told to the client in its own words.
        socket.close(1011, "failed");
        services.options.onFailure?.(thrown, `SOCKET ${route.path}`);
      });
    });
  };

  return {
    upgrade: (incoming, connection, head) => {
      connection.on("error", () => connection.destroy());
      let opened: OpenedSocket | undefined;
      const upgrade = (admitted: OpenedSocket): void => {
        opened = admitted;
      };
      const target = URL.canParse(incoming.url ?? "", origin)
        ? new URL(incoming.url ?? "", origin)
        : undefined;
      if (target === undefined || target.origin !== origin) {
        void refuse(connection, new Response(null, { status: 400 }));
        return;
      }
      const request = new Request(target, { headers: plainHeaders(incoming) });
      Promise.resolve(router.fetch(request, { incoming, upgrade })).then(
        (answer) => {
          if (opened === undefined) return refuse(connection, answer);
          return connection.destroyed ? undefined : open(opened, incoming, connection, head);
        },
        () => connection.destroy(),
      );
    },
    close: async () => {
      await Promise.all(
        [...server.clients].map(
          (socket) =>
            new Promise<void>((resolve) => {
              if (socket.readyState === socket.CLOSED) return resolve();
              socket.once("close", () => resolve());
              setTimeout(() => socket.terminate(), CLOSE_WITHIN).unref();
            }),
        ),
      );
      server.close();
    },
  };
}

function keepAlive(socket: WebSocket, pingEvery: number): () => void {
  let alive = true;
  socket.on("pong", () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingEvery);
  timer.unref();
  return () => clearInterval(timer);
}

async function refuse(connection: Duplex, answer: Response): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`];
  for (const [name, value] of answer.headers) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${body.byteLength}`, "connection: close", "", "");
  connection.end(Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), body]));
  // The server looks after requests, and this is none any more: who does not close is cut off.
  connection.resume();
  setTimeout(() => connection.destroy(), LINGER).unref();
}

function plainHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}

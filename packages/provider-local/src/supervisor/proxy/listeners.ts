import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions as NetListenOptions, Server as NetServer, Socket } from "node:net";
import { DeployError } from "@deploy/core";
import type { Listening, ListenOptions, ProxyLimits } from "./types.js";

/** One address on which the proxy accepts connections. */
export interface Listener {
  readonly name: string;
  /** The service which answers; undefined for the entry, which routes by hostname. */
  readonly service: string | undefined;
  readonly server: Server;
  /** Port as a decimal number, for `X-Forwarded-Port`; empty until it listens. */
  port: string;
}

/** What a listener does with what it accepts. */
export interface ListenerHandler {
  request(
    listener: Listener,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): void;
  upgrade(listener: Listener, request: IncomingMessage, socket: Socket, head: Buffer): void;
  failed(listener: Listener, error: Error): void;
}

/** The name of the public entry among the listeners. */
export const entryName = "entry";

const servicePrefix = "service:";

/** The name of the listener of one service. */
export function serviceListenerName(service: string): string {
  return servicePrefix + service;
}

/** The service a listener name stands for; undefined for the entry. Throws `proxy.listener-unknown`. */
function serviceOfListener(name: string): string | undefined {
  if (name === entryName) return undefined;
  if (name.startsWith(servicePrefix)) return name.slice(servicePrefix.length);
  throw new DeployError({
    code: "proxy.listener-unknown",
    message: `There is no listener "${name}": the names are "${entryName}" and "${servicePrefix}<id>".`,
  });
}

/** An hour for a whole request: enough for any upload, and an end to those that only hold a connection. */
const requestMs = 3_600_000;

/** Creates a listener that does not listen yet. */
export function createListener(name: string, limits: ProxyLimits, handler: ListenerHandler): Listener {
  const server = createServer({
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestHeaderMs,
    requestTimeout: requestMs,
    keepAliveTimeout: limits.clientIdleMs,
    connectionsCheckingInterval: limits.checkEveryMs,
  });
  // Node drops headers beyond a count without a word; the size limit is enough.
  server.maxHeadersCount = 0;
  const listener: Listener = { name, service: serviceOfListener(name), server, port: "" };
  server.on("request", (request, response) => handler.request(listener, request, response, false));
  server.on("checkContinue", (request, response) => handler.request(listener, request, response, true));
  server.on("upgrade", (request, socket, head) => handler.upgrade(listener, request, socket as Socket, head));
  server.on("error", (error) => {
    if (listener.port !== "") handler.failed(listener, error);
  });
  return listener;
}

function listenError(error: NodeJS.ErrnoException, where: string): DeployError {
  if (error.code === "EADDRINUSE") {
    return new DeployError({
      code: "proxy.port-taken",
      message: `Another program listens on ${where}.`,
      hint: "Stop it, or choose another port.",
      cause: error,
    });
  }
  if (error.code === "EACCES") {
    return new DeployError({
      code: "proxy.port-not-allowed",
      message: `This user may not listen on ${where}.`,
      hint: "Choose a port above 1023.",
      cause: error,
    });
  }
  return new DeployError({
    code: "proxy.listen-failed",
    message: `Cannot listen on ${where}: ${error.message}`,
    cause: error,
  });
}

/** Starts listening, on an address or with the handle of a server which listens already. */
export function startListening(listener: Listener, target: ListenOptions | NetServer): Promise<Listening> {
  const { server, name } = listener;
  const adopting = !("port" in target);
  const options: NetListenOptions = adopting ? {} : { port: target.port, host: target.host ?? "127.0.0.1" };
  const where = adopting ? `the handle given for ${name}` : `${options.host}:${options.port}`;
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, where));
    server.once("error", onError);
    const onListening = (): void => {
      server.off("error", onError);
      const address = server.address() as AddressInfo;
      listener.port = String(address.port);
      resolve({ name, host: address.address, port: address.port });
    };
    if (adopting) server.listen(target, onListening);
    else server.listen(options, onListening);
  });
}

/** Stops accepting; resolves when the last connection has ended. Connections without a request are closed. */
export function stopListening(listener: Listener): Promise<void> {
  return new Promise((resolve) => {
    listener.server.close(() => resolve());
    listener.server.closeIdleConnections();
  });
}

import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Whether a request asks for the one protocol that the proxy tunnels. */
export function isWebSocket(request: IncomingMessage): boolean {
  return request.method === "GET" && request.headers.upgrade?.toLowerCase() === "websocket";
}

/** A response for a request whose connection node:http has let go of. The connection ends with it. */
export function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on("finish", () => socket.destroySoon());
  // The connection has no other listener; its close, which follows, is what counts.
  socket.on("error", () => {});
  return response;
}

/**
 * Serves a request that offers a protocol which the proxy does not speak, as if it had not offered it.
 *
 * RFC 9110 allows that, and clients rely on it: Java's offers `h2c` on every first request, bodies included.
 * node:http has already stopped parsing the connection, so the request goes in again at its beginning.
 */
export function serveWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (/^(connection|upgrade|http2-settings)$/i.test(name)) continue;
    text += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, "latin1"), head]));
  server.emit("connection", socket);
}

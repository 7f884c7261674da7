import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { responseHeaders } from "./headers.js";

/** The client's connection of a WebSocket handshake, and what it sent after its header. */
export interface TunnelRequest {
  readonly socket: Socket;
  readonly head: Buffer;
}

/**
 * Joins a client with an upstream that has accepted a WebSocket, in both directions with back-pressure.
 *
 * Returns what cuts it; `onEnd` is called once, when both sides are closed or it was cut.
 */
export function openTunnel(
  { socket, head }: TunnelRequest,
  upstream: Duplex,
  rawHeaders: readonly Buffer[],
  onEnd: () => void,
): () => void {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  /** When one side is closed: the other gets what is still on its way to it, unless the close was a failure. */
  const follow = (closed: Duplex, other: Duplex): void => {
    closed.on("error", () => other.destroy());
    closed.on("close", () => {
      if (other.closed) end();
      else if (!closed.readableEnded || other.writableFinished) other.destroy();
      else other.end().once("finish", () => other.destroy());
    });
  };
  follow(socket, upstream);
  follow(upstream, socket);

  const { headers } = responseHeaders(rawHeaders);
  let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  socket.setNoDelay(true);
  socket.write(`${text}\r\n`, "latin1");
  if (head.length > 0) upstream.write(head);
  socket.pipe(upstream);
  upstream.pipe(socket);
  return () => {
    socket.destroy();
    upstream.destroy();
    end();
  };
}

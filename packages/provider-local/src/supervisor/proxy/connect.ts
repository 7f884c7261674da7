import { connect } from "node:net";
import type { buildConnector } from "undici";
import { errors } from "undici";

const receivedBefore = Symbol("bytes were received before this error");

interface SocketFailure {
  [receivedBefore]?: boolean;
  readonly socket?: { readonly bytesRead?: number } | null;
}

/**
 * Opens the connections of one upstream.
 *
 * It differs from undici's own connector in one thing: an error of the socket remembers whether the connection had
 * already carried a response, which {@link wasReused} needs and undici does not tell.
 */
export function connectorTo(host: string, port: number, limitMs: number): buildConnector.connector {
  return (_options, callback) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(new errors.ConnectTimeoutError("Connect timeout")),
      limitMs,
    );
    let connected = false;
    socket.on("error", (error: Error & SocketFailure) => {
      error[receivedBefore] = socket.bytesRead > 0;
      if (connected) return;
      clearTimeout(timer);
      callback(error, null);
    });
    socket.once("connect", () => {
      connected = true;
      clearTimeout(timer);
      callback(null, socket);
    });
  };
}

/** Whether the connection that failed with `error` had carried a response before, so that it may have died of idleness. */
export function wasReused(error: Error): boolean {
  const failure = error as SocketFailure;
  return failure[receivedBefore] ?? (failure.socket?.bytesRead ?? 0) > 0;
}

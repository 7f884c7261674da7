import { connect, type Socket } from "node:net";
import type { buildConnector } from "undici";
import { errors } from "undici";

const receivedBefore = Symbol("bytes were received before this error");

interface SocketFailure {
  [receivedBefore]?: boolean;
  readonly socket?: { readonly bytesRead?: number } | null;
}

type Done = (error?: Error | null) => void;

/** Calls `done` with `error` after the event loop has handed over what had arrived by now. */
function later(done: Done, error: Error): void {
  // The first immediate still runs before the loop looks at the sockets again, the second one after.
  setImmediate(() => setImmediate(() => done(error)));
}

/**
 * Lets an answer be read before the failure of its connection is noticed.
 *
 * An app that refuses an upload (413, 401) may answer and close without reading the rest. Then a write fails while
 * the answer is still in the system's buffer, and a Node stream whose write failed takes in nothing any more.
 */
function readBeforeFailing(socket: Socket): void {
  const write = socket._write.bind(socket);
  const writeMany = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, done) => {
    write(chunk, encoding, (error) => (error ? later(done, error) : done()));
  };
  if (writeMany !== undefined) {
    socket._writev = (chunks, done) => {
      writeMany(chunks, (error) => (error ? later(done, error) : done()));
    };
  }
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    // A failed read: what came before it waits for an event that a destroyed stream never emits. Only for that
    // error, which no parser is at work for: undici's own errors come out of the parser.
    const failedRead = (error as NodeJS.ErrnoException | undefined)?.code === "ECONNRESET";
    if (failedRead && !socket.destroyed && socket.readableLength > 0) socket.emit("readable");
    return destroy(error);
  };
}

/**
 * Opens the connections of one upstream.
 *
 * They differ from those of undici's own connector in two things: an early answer survives the end of the connection,
 * and an error remembers whether the connection had already carried a response, which {@link wasReused} needs.
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
      readBeforeFailing(socket);
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

import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";

/**
 * The body of a client's request on its way to an upstream.
 *
 * undici destroys the stream it sends when the upstream answers early or fails. Destroying a request of node:http
 * destroys the client's connection, and with it the answer; so undici gets this stream instead, and what it does not
 * want is read and thrown away. Nothing is read before the upstream is connected, so that a request can still move
 * to another upstream, and a client which waits for `100 Continue` is not asked for a body in vain.
 */
export interface RequestBody extends Readable {
  /** Milliseconds since the client owes bytes; 0 while it owes none. */
  waitingMs(now: number): number;
}

/** Wraps the body of `request`; `onFirstRead` is called before the first byte is read. */
export function createRequestBody(request: IncomingMessage, onFirstRead: () => void): RequestBody {
  let started = false;
  let waitingSince = 0;
  const onData = (chunk: Buffer): void => {
    if (body.push(chunk)) waitingSince = Date.now();
    else {
      waitingSince = 0;
      request.pause();
    }
  };
  const onEnd = (): void => {
    waitingSince = 0;
    body.push(null);
  };
  const onClose = (): void => {
    if (!request.complete) body.destroy(new Error("The client went away in the middle of its request."));
  };
  const readable = new Readable({
    read() {
      waitingSince = Date.now();
      if (started) {
        request.resume();
        return;
      }
      started = true;
      onFirstRead();
      request.on("data", onData).on("end", onEnd).on("close", onClose);
    },
    destroy(error, callback) {
      waitingSince = 0;
      if (started) {
        request.off("data", onData).off("end", onEnd).off("close", onClose);
        // Without a listener, resuming discards: the connection can carry the answer and the next request.
        if (!request.readableEnded) request.resume();
      }
      callback(error);
    },
  });
  // undici listens while it sends; afterwards nobody does, and an error would end the process.
  readable.on("error", () => {});
  const body: RequestBody = Object.assign(readable, {
    waitingMs: (now: number): number => (waitingSince === 0 ? 0 : now - waitingSince),
  });
  return body;
}

import { randomUUID } from "node:crypto";
import { type Clock, DeployError } from "@deploy/core";
import { WebSocket } from "ws";
import { type Channel, createChannel, openingOf, tickMs } from "./channel.js";

/** What ExecuteCommand gives: where the session is, and who may join it. The token is a secret. */
export interface SessionAddress {
  readonly streamUrl: string;
  readonly token: string;
}

/** A session inside a container. */
export interface Session {
  /** Output as it comes; ends with the session. Who does not read it holds the other side up. */
  readonly output: AsyncIterable<Uint8Array>;
  readonly channel: Channel;
  /** Asks it to end, and closes the connection soon after. */
  end(): void;
  /** Resolves with what the other side says when it closes; rejects when the connection is lost. */
  readonly closed: Promise<string>;
}

/** How a session is opened. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Milliseconds until the connection has to be there, and until the session has to answer. */
const openLimitMs = 20_000;
const readyLimitMs = 30_000;
/** Between two pings: AWS closes a connection on which nothing is sent. */
const pingMs = 300_000;
/** Bytes of output that wait for a slow reader; more are left with the other side. */
const backlogLimit = 1_048_576;
/** Milliseconds between asking a session to end and closing the connection. */
const endMs = 1_000;

/**
 * Joins a session over its WebSocket.
 *
 * @throws `containers.exec-unreachable`, `containers.exec-failed`; no message holds the address or the token.
 */
export async function openSession(address: SessionAddress, options: SessionOptions): Promise<Session> {
  const { clock, signal } = options;
  signal.throwIfAborted();
  const socket = new WebSocket(address.streamUrl, {
    handshakeTimeout: openLimitMs,
    perMessageDeflate: false,
  });
  const queue: Uint8Array[] = [];
  let waiting = 0;
  let isOver = false;
  let wake: () => void = () => undefined;
  let settle: { resolve(reason: string): void; reject(error: unknown): void } | undefined;
  const closed = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  closed.catch(() => undefined);

  const timers = new AbortController();
  const finish = (error: unknown, reason = ""): void => {
    if (isOver) return;
    isOver = true;
    timers.abort();
    signal.removeEventListener("abort", onAbort);
    channel.close();
    if (socket.isPaused) socket.resume();
    socket.close();
    wake();
    if (error === undefined) settle?.resolve(reason);
    else settle?.reject(error);
  };
  const channel = createChannel({
    clock,
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    onOutput: (data) => {
      queue.push(data);
      waiting += data.byteLength;
      if (waiting > backlogLimit) socket.pause();
      wake();
    },
    onClosed: (reason) => finish(undefined, reason),
    onFailed: (error) => finish(failed(error.message)),
  });
  const onAbort = (): void => {
    channel.terminate();
    finish(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });

  socket.on("message", (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) channel.receive(data);
  });
  socket.on("error", () => finish(unreachable()));
  socket.on("close", (code) =>
    finish(code === 1000 ? undefined : failed(`the connection was closed (${code})`)),
  );
  socket.on("open", () => socket.send(openingOf(address.token, randomUUID(), randomUUID())));
  every(clock, tickMs, timers.signal, () => channel.tick());
  every(clock, pingMs, timers.signal, () => {
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  });

  const ready = await Promise.race([
    channel.ready.then(() => true),
    closed.then(() => false),
    clock.sleep(readyLimitMs, timers.signal).then(
      () => false,
      () => false,
    ),
  ]);
  if (!ready && !isOver) finish(failed("the session did not begin"));
  if (!ready) {
    await closed;
    throw failed("the session ended before it began");
  }

  return {
    channel,
    closed,
    end: () => {
      channel.terminate();
      void clock.sleep(endMs, timers.signal).then(
        () => finish(undefined),
        () => undefined,
      );
    },
    output: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const next = queue.shift();
          if (next !== undefined) {
            waiting -= next.byteLength;
            if (socket.isPaused && waiting < backlogLimit / 2) socket.resume();
            yield next;
          } else if (isOver) return;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      },
    },
  };
}

function every(clock: Clock, ms: number, signal: AbortSignal, act: () => void): void {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(ms, signal);
      act();
    }
  };
  loop().catch(() => undefined);
}

function unreachable(): DeployError {
  return new DeployError({
    code: "containers.exec-unreachable",
    message: "The session inside the container could not be reached.",
    hint: "Look whether this network lets WebSockets through to ssmmessages of the region.",
    retryable: true,
  });
}

function failed(why: string): DeployError {
  return new DeployError({
    code: "containers.exec-failed",
    message: `The session inside the container failed: ${why}.`,
    hint: "Run the same again; a command that must not be lost belongs in `deploy run`.",
  });
}

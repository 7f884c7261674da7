import type { Clock } from "@deploy/core";
import {
  acknowledgementOf,
  createFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  FrameError,
  parseJson,
  payloadType,
  readAcknowledgement,
  terminateSession,
} from "./frame.js";

/** What a data channel is made of: a way to send bytes, a clock, and who is told what. */
export interface ChannelOptions {
  readonly clock: Clock;
  /** Sends one binary message. */
  readonly send: (bytes: Uint8Array) => void;
  /** Output of the session, in order, each byte once. */
  readonly onOutput: (data: Uint8Array, stream: "stdout" | "stderr") => void;
  /** The other side has closed the channel; `reason` is what it says. */
  readonly onClosed: (reason: string) => void;
  /** The channel cannot go on. */
  readonly onFailed: (error: Error) => void;
}

/** Our side of a session's data channel: ordering, acknowledgements, resending, handshake. It knows no socket. */
export interface Channel {
  /** Takes one binary message of the other side. */
  receive(bytes: Uint8Array): void;
  /** Resolves once the handshake is done: before, the session takes no input. */
  readonly ready: Promise<void>;
  /** Sends input, cut into pieces; resolves once it was handed over, which waits while too much is on its way. */
  write(data: Uint8Array): Promise<void>;
  /** Tells the session how large the window is. */
  resize(columns: number, rows: number): void;
  /** Asks the session to end. */
  terminate(): void;
  /** To be called every {@link tickMs}: sends again what was not acknowledged. */
  tick(): void;
  /** Forgets everything; nothing is sent any more. */
  close(): void;
  /** Messages of ours that were not acknowledged yet. */
  readonly unacknowledged: number;
}

/** Milliseconds between two ticks. */
export const tickMs = 100;
/** Bytes of input in one message, at most: what the reference client sends. */
const pieceSize = 1024;
/** Messages on their way at once, at most; also how many out of order are kept. */
const windowSize = 64;
const reorderLimit = 10_000;
/** Milliseconds until a message is sent again, at first and at most. */
const firstResendMs = 400;
const slowestResendMs = 2_000;
/** Milliseconds without any acknowledgement after which the other side counts as gone. */
const patienceMs = 60_000;
/** Sent as our version: newer agents decide by it what they may send. */
const clientVersion = "1.2.0.0";

interface Waiting {
  readonly frame: Frame;
  sentAt: number;
  resendAfter: number;
  readonly firstSentAt: number;
}

/** Our side of a data channel. Facts of the protocol: see `frame.ts`. */
export function createChannel(options: ChannelOptions): Channel {
  const { clock } = options;
  const outgoing = new Map<number, Waiting>();
  const early = new Map<number, Frame>();
  const waitingForRoom: (() => void)[] = [];
  let nextOut = 0;
  let nextIn = 0;
  let paused = false;
  let closed = false;
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });

  const fail = (error: Error): void => {
    if (closed) return;
    close();
    options.onFailed(error);
  };

  const close = (): void => {
    closed = true;
    outgoing.clear();
    early.clear();
    for (const wake of waitingForRoom.splice(0)) wake();
  };

  const sendInput = (type: number, payload: Uint8Array | string): void => {
    if (closed) return;
    const now = clock.now();
    const sequence = nextOut;
    nextOut += 1;
    const frame = createFrame({
      type: "input_stream_data",
      sequence,
      payloadType: type,
      payload,
      createdAt: now,
    });
    outgoing.set(sequence, { frame, sentAt: now, resendAfter: firstResendMs, firstSentAt: now });
    options.send(encodeFrame(frame));
  };

  const room = async (): Promise<void> => {
    while (!closed && (paused || outgoing.size >= windowSize)) {
      await new Promise<void>((resolve) => waitingForRoom.push(resolve));
    }
  };

  const wakeWriters = (): void => {
    if (paused || outgoing.size >= windowSize) return;
    for (const wake of waitingForRoom.splice(0)) wake();
  };

  const handshake = (frame: Frame): void => {
    const asked = parseJson(frame.payload)?.RequestedClientActions;
    const actions = Array.isArray(asked) ? (asked as readonly { readonly ActionType?: unknown }[]) : [];
    const unsupported = actions.filter((action) => action.ActionType !== "SessionType");
    const answer = {
      ClientVersion: clientVersion,
      ProcessedClientActions: actions.map((action) => ({
        ActionType: action.ActionType,
        ActionStatus: action.ActionType === "SessionType" ? 1 : 3,
        ActionResult: null,
        Error: "",
      })),
      Errors: unsupported.map((action) => `${String(action.ActionType)} is not supported`),
    };
    sendInput(payloadType.handshakeResponse, JSON.stringify(answer));
    const encrypted = unsupported.some((action) => action.ActionType === "KMSEncryption");
    if (encrypted) fail(new Error("the cluster asks for a key of KMS, which this client does not speak"));
  };

  const handle = (frame: Frame): void => {
    switch (frame.payloadType) {
      case payloadType.handshakeRequest:
        handshake(frame);
        break;
      case payloadType.handshakeComplete:
        markReady();
        break;
      case payloadType.stderr:
        markReady();
        options.onOutput(frame.payload, "stderr");
        break;
      case payloadType.output:
      case payloadType.error:
        // An agent from before the handshake begins with output at once.
        markReady();
        options.onOutput(frame.payload, "stdout");
        break;
    }
  };

  const receiveOutput = (frame: Frame): void => {
    if (frame.sequence > nextIn + reorderLimit) return;
    // What came twice is acknowledged twice: the first acknowledgement may be what was lost.
    options.send(encodeFrame(acknowledgementOf(frame, clock.now())));
    if (frame.sequence < nextIn) return;
    early.set(frame.sequence, frame);
    for (let next = early.get(nextIn); next !== undefined && !closed; next = early.get(nextIn)) {
      early.delete(nextIn);
      nextIn += 1;
      handle(next);
    }
  };

  return {
    ready,
    receive(bytes) {
      if (closed) return;
      let frame: Frame;
      try {
        frame = decodeFrame(bytes);
      } catch (error) {
        // A damaged message is not acknowledged, so it comes again.
        if (error instanceof FrameError) return;
        throw error;
      }
      switch (frame.type) {
        case "output_stream_data":
          receiveOutput(frame);
          break;
        case "acknowledge": {
          const about = readAcknowledgement(frame);
          if (about !== undefined) outgoing.delete(about.sequence);
          wakeWriters();
          break;
        }
        case "channel_closed": {
          close();
          const reason = parseJson(frame.payload)?.Output;
          options.onClosed(typeof reason === "string" ? reason : "");
          break;
        }
        case "pause_publication":
          paused = true;
          break;
        case "start_publication":
          paused = false;
          wakeWriters();
          break;
      }
    },
    async write(data) {
      for (let at = 0; at < data.byteLength; at += pieceSize) {
        await room();
        if (closed) return;
        sendInput(payloadType.output, data.subarray(at, at + pieceSize));
      }
    },
    resize: (columns, rows) => sendInput(payloadType.size, JSON.stringify({ cols: columns, rows })),
    terminate() {
      const flag = Buffer.alloc(4);
      flag.writeUInt32BE(terminateSession);
      sendInput(payloadType.flag, flag);
    },
    tick() {
      if (closed || paused) return;
      const now = clock.now();
      for (const waiting of outgoing.values()) {
        if (now - waiting.firstSentAt > patienceMs) {
          fail(new Error(`nothing was acknowledged for ${patienceMs / 1000} s`));
          return;
        }
        if (now - waiting.sentAt < waiting.resendAfter) continue;
        waiting.sentAt = now;
        waiting.resendAfter = Math.min(slowestResendMs, waiting.resendAfter * 1.5);
        options.send(encodeFrame(waiting.frame));
      }
    },
    close,
    get unacknowledged() {
      return outgoing.size;
    },
  };
}

/** The text frame that opens a data channel. */
export function openingOf(token: string, requestId: string, clientId: string): string {
  return JSON.stringify({
    MessageSchemaVersion: "1.0",
    RequestId: requestId,
    TokenValue: token,
    ClientId: clientId,
    ClientVersion: clientVersion,
  });
}

import { request } from "node:http";
import { WebSocket } from "ws";

/** One stream from its first message to its end; times in milliseconds since 1970. */
export interface StreamLife {
  readonly kind: "sse" | "websocket";
  readonly release: number;
  readonly messages: number;
  readonly endedAt: number;
}

/** A client that opens its stream anew whenever it ends. */
export interface StreamClient {
  /** The streams that have ended by themselves. */
  readonly ended: readonly StreamLife[];
  /** What could not even be opened. */
  readonly failures: readonly string[];
  /** The release which the open stream comes from, once its first message was there. */
  release(): number | undefined;
  stop(): void;
}

type Open = (handlers: {
  readonly message: (text: string) => void;
  readonly end: (problem?: string) => void;
}) => () => void;

/** Server-sent events over and over. */
export function keepEvents(target: { readonly port: number; readonly host: string }): StreamClient {
  return keep("sse", ({ message, end }) => {
    const { port, host } = target;
    const sent = request(
      { host: "127.0.0.1", port, path: "/events", agent: false, headers: { host } },
      (answer) => {
        if (answer.statusCode !== 200) end(`answered ${answer.statusCode}`);
        answer.setEncoding("utf8").on("data", (text: string) => {
          for (const line of text.split("\n")) if (line.startsWith("data: ")) message(line.slice(6));
        });
        answer.once("error", () => end());
        answer.once("close", () => end());
      },
    );
    sent.once("error", (error) => end(error.message));
    sent.end();
    return () => sent.destroy();
  });
}

/** A WebSocket over and over. */
export function keepWebSocket(target: { readonly port: number; readonly host: string }): StreamClient {
  return keep("websocket", ({ message, end }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${target.port}/socket`, { headers: { host: target.host } });
    socket.on("message", (data) => message(String(data)));
    socket.on("error", (error) => end(error.message));
    socket.on("close", () => end());
    return () => socket.terminate();
  });
}

function keep(kind: StreamLife["kind"], open: Open): StreamClient {
  const ended: StreamLife[] = [];
  const failures: string[] = [];
  let going = true;
  let release: number | undefined;
  let close = (): void => {};

  const next = (): void => {
    let messages = 0;
    let over = false;
    release = undefined;
    close = open({
      message(text) {
        if (messages === 0) release = Number(text);
        messages += 1;
      },
      end(problem) {
        if (over) return;
        over = true;
        if (!going) return;
        if (messages === 0 || release === undefined)
          failures.push(`${kind}: ${problem ?? "ended without a message"}`);
        else ended.push({ kind, release, messages, endedAt: Date.now() });
        setTimeout(next, 10);
      },
    });
  };
  next();
  return {
    ended,
    failures,
    release: () => release,
    stop() {
      going = false;
      close();
    },
  };
}

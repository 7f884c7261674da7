/** How a socket stands: `waiting` until it tries again. */
export type SocketState = "connecting" | "open" | "waiting" | "closed";

/** A socket that opens again by itself. */
export interface ReconnectingSocket {
  close(): void;
}

/** Milliseconds before the try of this number (1, 2, 3 …): doubled from half a second to 15 s, with up to a quarter of jitter. */
export function pauseBefore(attempt: number, random: number = Math.random()): number {
  return Math.min(15_000, 500 * 2 ** (attempt - 1)) * (1 + random / 4);
}

/**
 * Hears what the server sends as JSON over `path`, and opens the socket again when it was lost.
 *
 * It gives up when the server says that the right to it has ended (close code 4401, 4403 or 1008).
 */
export function openSocket(
  path: string,
  hear: { message(message: unknown): void; state(state: SocketState): void },
): ReconnectingSocket {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let closed = false;

  const open = (): void => {
    hear.state("connecting");
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(url);
    socket.onopen = () => {
      attempt = 0;
      hear.state("open");
    };
    socket.onmessage = (event) => {
      if (typeof event.data === "string") hear.message(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (closed) return;
      if (event.code === 4401 || event.code === 4403 || event.code === 1008) {
        closed = true;
        hear.state("closed");
        return;
      }
      // There is no place for this one: to come back at once would be no use.
      attempt = event.code === 4429 || event.code === 1013 ? 6 : attempt + 1;
      hear.state("waiting");
      timer = setTimeout(open, pauseBefore(attempt));
    };
  };

  open();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}

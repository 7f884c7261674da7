import { filterToQuery } from "../../shared/filter-query.js";
import type { LiveMessage, LogFilter } from "../../shared/log-types.js";

/** How the stream is. */
export type Connection =
  | { readonly state: "connecting" | "live" | "off" }
  /** Milliseconds since 1970, of the next try. */
  | { readonly state: "waiting"; readonly until: number }
  | { readonly state: "ended"; readonly reason: "revoked" | "signed-out" };

/** What a stream is opened with. */
export interface LiveOptions {
  /** Path of the socket, without its query. */
  readonly path: string;
  readonly filter: LogFilter;
  /** Where to go on behind; asked before each try, so that nothing is lost and nothing comes twice. */
  after(): number;
  onMessage(message: LiveMessage): void;
  onConnection(connection: Connection): void;
  /** A try has failed before the socket was open: whether to try again, for the reason may be that one may not. */
  mayRetry(): Promise<boolean>;
}

const WAITS = [500, 1000, 2000, 5000, 10_000];

/** Opens the live stream and keeps it open, until it is closed by the answer. */
export function openLive(options: LiveOptions): () => void {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let closed = false;

  const again = (): void => {
    if (closed) return;
    // A little off, so that all browsers do not come back in the same instant.
    const wait = WAITS[Math.min(tries++, WAITS.length - 1)]! * (0.75 + Math.random() / 2);
    options.onConnection({ state: "waiting", until: Date.now() + wait });
    timer = setTimeout(connect, wait);
  };

  const connect = (): void => {
    if (closed) return;
    clearTimeout(timer);
    options.onConnection({ state: "connecting" });
    const query = filterToQuery(options.filter);
    query.set("after", String(options.after()));
    const url = new URL(`${options.path}?${query}`, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    let opened = false;
    let ended = false;
    const mine = new WebSocket(url);
    socket = mine;
    mine.onopen = () => {
      opened = true;
      tries = 0;
      options.onConnection({ state: "live" });
    };
    mine.onmessage = (event: MessageEvent<string>) => {
      if (closed || socket !== mine) return;
      const message = JSON.parse(event.data) as LiveMessage;
      if (message.type === "ended" && message.reason !== "shutdown") {
        ended = true;
        options.onConnection({ state: "ended", reason: message.reason });
      }
      options.onMessage(message);
    };
    mine.onclose = (event) => {
      if (closed || ended || socket !== mine) return;
      // There is no place for this one: to come back at once would be no use.
      if (event.code === 4429 || event.code === 1013) tries = WAITS.length;
      if (opened) again();
      else
        void options.mayRetry().then((may) => {
          if (may) again();
        });
    };
  };

  const soon = (): void => {
    // The network is back, or the tab is looked at again: no need to wait for the rest of the pause.
    if (timer !== undefined && socket?.readyState === WebSocket.CLOSED) connect();
  };
  window.addEventListener("online", soon);
  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    window.removeEventListener("online", soon);
    socket?.close();
  };
}

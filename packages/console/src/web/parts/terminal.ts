import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import type { ShellCommand, ShellMessage } from "../../shared/run-types.js";
import { createLineEditor } from "./line-editor.js";
import { shellDocument } from "./shell-document.js";

/** A shell that is open in this page. */
export interface OpenShell {
  focus(): void;
  close(): void;
}

/** What a page hears of its shell. */
export interface ShellHearer {
  opened(message: Extract<ShellMessage, { type: "opened" }>): void;
  ended(message: Extract<ShellMessage, { type: "ended" }> | undefined): void;
}

/**
 * Opens a shell in `element`: this file, and xterm with it, is loaded only then.
 *
 * The ticket goes as a protocol of the socket, so that it is in no address and no log.
 */
export function openShell(element: HTMLElement, path: string, ticket: string, hear: ShellHearer): OpenShell {
  const own = shellDocument();
  const terminal = new Terminal({
    documentOverride: own.document,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
    fontSize: 13,
    scrollback: 5000,
    screenReaderMode: true,
    // What a program writes must not lead anybody anywhere.
    linkHandler: { activate: () => {} },
    theme: { background: "#0b0e11", foreground: "#e6e9ee" },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  own.opening(() => terminal.open(element));
  fit.fit();

  const url = new URL(path, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, ["deploy", `ticket.${ticket}`]);
  socket.binaryType = "arraybuffer";
  const say = (command: ShellCommand): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
  };
  const send = (keys: string): void => {
    if (socket.readyState === WebSocket.OPEN && keys !== "") socket.send(new TextEncoder().encode(keys));
  };
  const editor = createLineEditor();
  let mode: "terminal" | "lines" | undefined;
  let over = false;
  const end = (message?: Extract<ShellMessage, { type: "ended" }>): void => {
    if (over) return;
    over = true;
    terminal.options.disableStdin = true;
    hear.ended(message);
  };

  socket.onopen = () => say({ type: "open", columns: terminal.cols, rows: terminal.rows });
  socket.onclose = () => end();
  socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
    if (typeof event.data !== "string") {
      const bytes = new Uint8Array(event.data);
      terminal.write(mode === "lines" ? withReturns(bytes) : bytes, () =>
        say({ type: "drawn", bytes: bytes.byteLength }),
      );
      return;
    }
    const message = JSON.parse(event.data) as ShellMessage;
    if (message.type === "ended") {
      end(message);
      return;
    }
    mode = message.mode;
    hear.opened(message);
    terminal.focus();
  };
  terminal.onData((data) => {
    if (mode === "terminal") send(data);
    if (mode !== "lines") return;
    const { draw, send: keys } = editor.type(data);
    if (draw !== "") terminal.write(draw);
    send(keys);
  });
  terminal.onResize(({ cols, rows }) => say({ type: "resize", columns: cols, rows }));
  const observer = new ResizeObserver(() => fit.fit());
  observer.observe(element);

  return {
    focus: () => terminal.focus(),
    close: () => {
      over = true;
      observer.disconnect();
      socket.close();
      terminal.dispose();
      own.dispose();
    },
  };
}

/** Without a terminal behind it nobody turns a line feed into "to the beginning of the next line". */
function withReturns(bytes: Uint8Array): Uint8Array {
  const result: number[] = [];
  for (const [index, byte] of bytes.entries()) {
    if (byte === 10 && bytes[index - 1] !== 13) result.push(13);
    result.push(byte);
  }
  return Uint8Array.from(result);
}

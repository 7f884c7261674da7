import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { secureHeaders } from "../../src/http/headers.js";
import { readStaticFiles } from "../../src/http/static.js";

/** A fake of the console's server: the real pages under the real headers, and answers by path. */
export interface FakeConsole {
  readonly url: string;
  /** Answers by path, without its query; a function gets what was sent. May be changed while it runs. */
  readonly answers: Map<string, unknown>;
  /** What was sent with any method but GET: `POST /api/…` with its body. */
  readonly sent: { readonly what: string; readonly body: unknown }[];
  /** Sends this over every socket that is open at this path. */
  tell(path: string, message: unknown): void;
  /** Said first over each socket at this path. */
  readonly greetings: Map<string, unknown>;
  close(): Promise<void>;
}

/** An answer that is a refusal. */
export interface Refusal {
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
}

const isRefusal = (answer: unknown): answer is Refusal =>
  typeof answer === "object" && answer !== null && "status" in answer && "error" in answer;

/** Starts one on a free port; `pages` is the directory of built pages. */
export async function startFakeConsole(
  pages: string,
  data: Readonly<Record<string, unknown>>,
): Promise<FakeConsole> {
  const files = readStaticFiles(pages);
  const answers = new Map(Object.entries(data));
  const greetings = new Map<string, unknown>();
  const sent: { what: string; body: unknown }[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const paths = new Map<import("ws").WebSocket, string>();

  const answer = (request: Request, body: unknown): Response => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/api/")) {
      return files.answer(request, pathname) ?? new Response("", { status: 404 });
    }
    if (request.method !== "GET") sent.push({ what: `${request.method} ${pathname}`, body });
    const found = answers.get(`${request.method} ${pathname}`) ?? answers.get(pathname);
    const value = typeof found === "function" ? (found as (body: unknown) => unknown)(body) : found;
    if (value === undefined) {
      const error = { code: "console.not-found", message: "There is no such thing, or you may not see it." };
      return Response.json({ error }, { status: 404 });
    }
    if (isRefusal(value)) return Response.json({ error: value.error }, { status: value.status });
    return Response.json(value);
  };

  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const request = new Request(`http://127.0.0.1${incoming.url}`, { method: incoming.method ?? "GET" });
      const response = secureHeaders(answer(request, text === "" ? undefined : JSON.parse(text)), {
        https: false,
      });
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      void response.arrayBuffer().then((bytes) => outgoing.end(Buffer.from(bytes)));
    });
  });
  server.on("upgrade", (incoming, connection, head) => {
    sockets.handleUpgrade(incoming, connection, head, (socket) => {
      const path = new URL(incoming.url ?? "/", "http://127.0.0.1").pathname;
      paths.set(socket, path);
      socket.on("close", () => paths.delete(socket));
      const greeting = greetings.get(path);
      if (greeting !== undefined) socket.send(JSON.stringify(greeting));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    greetings,
    sent,
    tell: (path, message) => {
      for (const [socket, at] of paths) if (at === path) socket.send(JSON.stringify(message));
    },
    close: async () => {
      for (const socket of paths.keys()) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

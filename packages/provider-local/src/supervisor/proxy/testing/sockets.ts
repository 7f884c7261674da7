import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from "node:net";

/** A server of a test on a free loopback port. */
export interface TestServer {
  readonly port: number;
  readonly server: TcpServer;
  close(): void;
}

async function started(server: TcpServer, sockets: Set<Socket>): Promise<TestServer> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** An HTTP upstream. */
export function httpServer(listener: RequestListener): Promise<TestServer & { readonly server: Server }> {
  const server = createServer(listener);
  return started(server, new Set()) as Promise<TestServer & { readonly server: Server }>;
}

/** An upstream that speaks whatever bytes the test wants. */
export function tcpServer(listener: (socket: Socket) => void): Promise<TestServer> {
  return started(createTcpServer(listener), new Set());
}

/** What a raw exchange brought. */
export interface RawAnswer {
  readonly text: string;
  /** How the connection ended: `end` for a clean close, `error` for a reset, `open` when it was still open. */
  readonly ending: "end" | "error" | "open";
}

/** Sends bytes as they are and collects what comes back until the connection ends or `waitMs` are over. */
export function raw(port: number, bytes: string | readonly string[], waitMs = 1_500): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    let done = false;
    const finish = (ending: RawAnswer["ending"]): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString("latin1"), ending });
    };
    const timer = setTimeout(() => finish("open"), waitMs);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => finish("end"));
    socket.on("error", () => finish("error"));
    socket.on("close", () => finish("end"));
    for (const part of typeof bytes === "string" ? [bytes] : bytes) socket.write(part, "latin1");
  });
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

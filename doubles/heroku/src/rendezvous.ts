import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { makeCertificate } from "./certificate.js";
import type { Running } from "./process.js";
import type { World } from "./world.js";

/** The server one-off dynos meet their clients at. */
export interface Rendezvous {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** The authority that signed its certificate, PEM. */
  readonly certificate: string;
  /** Waits for a client, then begins a process for it; gives the URL. */
  offer(begin: () => Running): string;
}

/**
 * Starts the rendezvous server: TLS, the secret and a line end first, then a banner, then raw bytes.
 *
 * The end of input is byte 4, as a terminal's; the connection closes when the process has ended. It says no exit code.
 */
export async function createRendezvous(world: World): Promise<Rendezvous> {
  const names = { dns: ["localhost"], ip: ["127.0.0.1"] };
  const { key, cert } = await makeCertificate("Heroku double", names);
  const waiting = new Map<string, () => Running>();
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key, cert }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let head = Buffer.alloc(0);
    const greet = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const at = head.indexOf("\n");
      if (at < 0) return;
      socket.off("data", greet);
      const secret = head.subarray(0, at).toString().trim();
      const begin = waiting.get(secret);
      if (begin === undefined) return void socket.end("invalid secret\r\n");
      waiting.delete(secret);
      socket.write("rendezvous\r\n", () => talk(socket, begin(), head.subarray(at + 1)));
    };
    socket.on("data", greet);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world.closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  world.urls.rendezvous = `rendezvous://${address}`;
  return {
    address,
    certificate: cert,
    offer(begin) {
      const secret = randomUUID();
      waiting.set(secret, begin);
      return `rendezvous://${address}/${secret}`;
    },
  };
}

function talk(socket: TLSSocket, running: Running, early: Buffer): void {
  const { child } = running;
  const input = (chunk: Buffer): void => {
    const end = chunk.indexOf(4);
    if (child.stdin.writable) child.stdin.write(end < 0 ? chunk : chunk.subarray(0, end));
    if (end >= 0) child.stdin.end();
  };
  if (early.length > 0) input(early);
  socket.on("data", input);
  child.stdout.on("data", (chunk: Buffer) => socket.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => socket.write(chunk));
  void running.exited.then(() => socket.end());
  socket.on("close", () => void running.stop(1000));
}

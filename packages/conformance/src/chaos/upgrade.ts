import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Reach } from "./endpoint.js";
import type { Fault } from "./fault.js";

/** A request that turns its connection into something else. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the client has sent beyond the request already. */
  readonly head: Buffer;
  readonly reach: Reach;
  readonly fault: Fault | undefined;
}

/**
 * Carries an upgrade, such as a WebSocket, byte for byte in both directions.
 *
 * Faults before the call are done to it (kill, reset, delay); an answer without an end cannot be broken afterwards, so
 * all others drop the connection at once.
 */
export async function passUpgrade({ request, socket, head, reach, fault }: Upgrade): Promise<void> {
  socket.on("error", () => {});
  if (fault?.kind === "kill") await fault.kill();
  if (fault?.kind === "delay") await sleep(fault.ms);
  else if (fault !== undefined) {
    socket.destroy();
    return;
  }
  const vendor = reach.connect();
  vendor.on("error", () => socket.destroy());
  socket.once("close", () => vendor.destroy());
  vendor.once("close", () => socket.destroySoon());
  vendor.write(`${[firstLine(request, reach), ...headerLines(request, reach)].join("\r\n")}\r\n\r\n`);
  if (head.length > 0) vendor.write(head);
  vendor.pipe(socket);
  socket.pipe(vendor);
}

function firstLine({ method, url, httpVersion }: IncomingMessage, { prefix }: Reach): string {
  return `${method} ${prefix}${url} HTTP/${httpVersion}`;
}

function headerLines({ rawHeaders }: IncomingMessage, { host }: Reach): string[] {
  const lines: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    lines.push(`${name}: ${name.toLowerCase() === "host" ? (host ?? value) : value}`);
  }
  return lines;
}

import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { Server } from "node:net";

/** How long a kept connection may wait for one more request before it is closed, in milliseconds. */
const lingerMs = 1000;

/**
 * Lets the connections of servers end by themselves while somebody else accepts the new ones.
 *
 * Closing a kept connection the moment it is idle would cut off the request that its client is just sending. So each
 * is left open a while: the next answer on it says `Connection: close`, and only who stays silent is hung up on.
 *
 * @returns once no connection is left.
 */
export async function windDown(servers: readonly Server[]): Promise<void> {
  const closed = servers.map((server) => {
    server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
      response.shouldKeepAlive = false;
    });
    return new Promise<void>((resolve) => {
      // Not the HTTP server's own close, which hangs up on idle connections at once.
      Server.prototype.close.call(server, () => resolve());
    });
  });
  // Again and again: an answer that was under way has promised to keep its connection.
  const timer = setInterval(() => {
    for (const server of servers) (server as HttpServer).closeIdleConnections();
  }, lingerMs);
  await Promise.all(closed);
  clearInterval(timer);
}

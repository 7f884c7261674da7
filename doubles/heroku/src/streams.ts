import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type LogSessions, logSessionOf } from "./log-sessions.js";
import { collect, type Host, listen } from "./server.js";
import type { OutputStream } from "./state.js";
import type { World } from "./world.js";

/** The host of what is no JSON: output of builds and releases, logs, uploads. Its URLs are secrets; none needs a token. */
export function serveStreams(world: World, sessions: LogSessions): Promise<Host> {
  return listen(
    createServer((request, response) => {
      serve(world, sessions, request, response).catch((thrown: unknown) => {
        world.failures.push(thrown);
        request.socket.destroy();
      });
    }),
  );
}

async function serve(
  world: World,
  sessions: LogSessions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", headers } = request;
  const path = new URL(request.url ?? "/", "http://double").pathname;
  const [, kind = "", id = ""] = path.split("/");
  const raw = method === "PUT" ? await collect(request) : Buffer.alloc(0);
  const call = world.ledger.note(
    { host: "streams", method, path, route: `/${kind}/{id}`, accept: headers.accept ?? "" },
    "",
    raw,
  );
  const fault = world.faults.meet("streams", method, path, `/${kind}/{id}`);
  if (fault?.kind === "reset" || fault?.kind === "lost") return void request.socket.destroy();
  if (fault?.kind === "answer") return fail(response, fault.status, fault.message ?? fault.id);
  call.status = 200;
  if (kind === "streams") return output(world, world.state.streams.get(id), request, response);
  if (kind === "logs") return logSessionOf(sessions, id, headers.accept, response);
  if ((kind === "sources" || kind === "backups") && world.state.sources.has(id)) {
    if (method === "GET") {
      const source = world.state.sources.get(id);
      return source ? void response.end(source) : fail(response, 404, "nothing was uploaded");
    }
    // A signed upload URL takes no content type but the one it was signed with: none.
    if (headers["content-type"] !== undefined)
      return fail(response, 403, "SignatureDoesNotMatch: Content-Type");
    world.state.sources.set(id, raw);
    return void response.end();
  }
  call.status = 404;
  fail(response, 404, "not found");
}

function fail(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "Content-Type": "text/plain" });
  response.end(message);
}

/** Sends output while it grows: as text from a byte on, or as events from an id on. */
function output(
  world: World,
  stream: OutputStream | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (stream === undefined || !stream.open) {
    fail(response, 404, "the output has not begun");
    return;
  }
  const events = request.headers.accept?.includes("text/event-stream") ?? false;
  const asked = events
    ? request.headers["last-event-id"]
    : /^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1];
  let sent = Number(asked ?? 0) || 0;
  const limit = world.scripts.streamCuts.shift();
  const from = sent;
  response.writeHead(asked !== undefined && !events ? 206 : 200, {
    "Content-Type": events ? "text/event-stream" : "text/plain; charset=utf-8",
  });
  response.flushHeaders();
  const push = (): void => {
    const stop = limit === undefined ? stream.text.length : Math.min(stream.text.length, from + limit);
    const chunk = stream.text.subarray(sent, stop);
    sent += chunk.length;
    const cut = limit !== undefined && sent - from >= limit && sent < stream.text.length;
    if (cut) {
      stream.listeners.delete(push);
      // Without the end that a whole answer has.
      response.write(events ? asEvent(chunk, sent) : chunk, () => request.socket.destroy());
      return;
    }
    if (chunk.length > 0) response.write(events ? asEvent(chunk, sent) : chunk);
    if (!stream.ended || sent < stream.text.length) return;
    stream.listeners.delete(push);
    response.end();
  };
  stream.listeners.add(push);
  response.on("close", () => stream.listeners.delete(push));
  push();
}

function asEvent(chunk: Buffer, id: number): string {
  const data = chunk.toString().split("\n");
  return `id: ${id}\n${data.map((line) => `data: ${line}`).join("\n")}\n\n`;
}

import { createServer } from "node:http";

/** An answer that is not the page or the data that was asked for. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Serves `routes` (`"GET /healthz"` to a handler) on `PORT` until SIGTERM, then lets open requests finish.
 *
 * Handlers get `(request, response, url)`; what they throw becomes a short plain answer.
 */
export function serve(routes, { onStop = async () => {} } = {}) {
  const server = createServer(async (request, response) => {
    const started = performance.now();
    const url = new URL(request.url, "http://localhost");
    response.on("close", () => {
      if (url.pathname === "/healthz") return;
      const took = Math.round(performance.now() - started);
      console.log(`${request.method} ${url.pathname} ${response.statusCode} ${took} ms`);
    });
    try {
      const handler = routes[`${request.method} ${url.pathname}`];
      if (handler === undefined) throw new HttpError(404, "There is nothing here.");
      await handler(request, response, url);
    } catch (error) {
      if (!(error instanceof HttpError)) console.error(error);
      if (response.headersSent) return response.destroy();
      sendText(
        response,
        error.status ?? 500,
        error instanceof HttpError ? error.message : "Something went wrong.",
      );
    }
  });
  const port = Number(process.env.PORT ?? 3000);
  server.listen(port, "127.0.0.1", () => console.log(`listening on port ${port}`));

  process.once("SIGTERM", async () => {
    console.log("stopping: open requests may finish");
    server.close(() => process.exit(0));
    await onStop();
    server.closeIdleConnections();
  });
}

/** Reads a request's body, of 10 kB at most, as text. */
export async function readBody(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > 10_000) throw new HttpError(413, "That is too long.");
  }
  return body;
}

/** Answers with text. */
export function sendText(response, status, text, type = "text/plain") {
  response.writeHead(status, { "content-type": `${type}; charset=utf-8` }).end(text);
}

/** Answers with JSON. */
export function sendJson(response, status, data) {
  sendText(response, status, JSON.stringify(data), "application/json");
}

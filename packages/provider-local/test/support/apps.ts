import { createRequire } from "node:module";

/** Where the WebSocket library lies: the apps under test are copied away from here, and have no modules of their own. */
export const webSocketModule: string = createRequire(import.meta.url).resolve("ws");

/**
 * A server that answers with what it is: release, value of `VALUE`, contents of `version.txt`.
 *
 * `STATUS` decides what its health check answers, `/env/<NAME>` shows a variable.
 */
export const plainServer = `
const { createServer } = require("node:http");
const { readFileSync, existsSync } = require("node:fs");
const version = existsSync("version.txt") ? readFileSync("version.txt", "utf8") : "none";
const { DEPLOY_RELEASE: release, DEPLOY_INSTANCE: instance, PORT, STATUS = "200" } = process.env;
createServer((request, response) => {
  if (request.url === "/healthz") {
    response.writeHead(Number(STATUS)).end();
  } else if (request.url.startsWith("/env/")) {
    response.end(String(process.env[request.url.slice(5)]));
  } else if (request.url === "/crash") {
    response.end("bye", () => process.exit(9));
  } else if (request.url === "/burn") {
    for (const end = Date.now() + 500; Date.now() < end; );
    response.end("done");
  } else {
    response.end(JSON.stringify({ release, instance, version, pid: process.pid }));
  }
}).listen(Number(PORT), "127.0.0.1", () => console.log("serving " + version + " on release " + release));
`;

/**
 * A server for requests under load: echoes bodies and writes down each execution, ticks over SSE and WebSocket.
 *
 * The first message of a stream says which release sends it.
 */
export const streamingServer = `
const { createServer } = require("node:http");
const { appendFileSync, readFileSync } = require("node:fs");
const { WebSocketServer } = require(process.env.WS_MODULE);
const { DEPLOY_RELEASE: release, PORT, EXECUTIONS } = process.env;
const version = readFileSync("version.txt", "utf8");
const server = createServer((request, response) => {
  if (request.url === "/healthz") return response.end("ok");
  if (request.url === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: " + release + "\\n\\n");
    const timer = setInterval(() => response.write("data: tick\\n\\n"), 50);
    response.on("close", () => clearInterval(timer));
    return;
  }
  if (request.method === "POST") {
    appendFileSync(EXECUTIONS, request.headers["x-id"] + "\\n");
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => response.end(Buffer.concat(chunks)));
    return;
  }
  const answer = JSON.stringify({ release, version, path: request.url });
  if (request.url === "/slow") setTimeout(() => response.end(answer), 2500);
  else response.end(answer);
});
new WebSocketServer({ server }).on("connection", (socket) => {
  socket.send(release);
  const timer = setInterval(() => socket.send("tick"), 50);
  socket.on("close", () => clearInterval(timer));
  socket.on("error", () => {});
});
server.listen(Number(PORT), "127.0.0.1");
`;
